/** A recoverable channel: joined at a position, left and entered again, with what was missed in between. */
import type { Subscription } from "centrifuge";
import type { Link } from "./link";

export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

interface Receiver {
  /** Takes in a publication; returns how many news were in it. */
  readonly receive: (data: unknown) => number;
  /** The server cannot tell what was missed. */
  readonly lost: () => void;
  /** Subscribed again, after an interruption. */
  readonly back: () => void;
  /** The permission was taken away. */
  readonly revoked: () => void;
  readonly opened: (subscription: Subscription) => void;
}

const PERMISSION_DENIED = 103;

export class Channel {
  private subscription: Subscription | null = null;
  /** News since the last interruption ended, while they are counted. */
  private caughtUp: number | null = null;

  constructor(
    private readonly name: string,
    private readonly link: Link,
    private readonly receiver: Receiver,
  ) {}

  /** Goes on from where it was left, or begins at `since`. */
  enter(since: Position): void {
    this.subscription ??= this.subscribe(since);
    this.subscription.subscribe();
  }

  leave(): void {
    this.subscription?.unsubscribe();
  }

  /** Forgets how far it was followed. */
  drop(): void {
    if (this.subscription) this.link.client.removeSubscription(this.subscription);
    this.subscription = null;
  }

  private subscribe(since: Position): Subscription {
    const { receiver } = this;
    const subscription = this.link.client.newSubscription(this.name, { since, recoverable: true, joinLeave: true });
    let isFirst = true;
    subscription.on("publication", ({ data }) => {
      const news = receiver.receive(data);
      if (this.caughtUp !== null) this.caughtUp += news;
    });
    subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      if (wasRecovering && !recovered) receiver.lost();
      if (!isFirst) {
        this.countRecovered();
        receiver.back();
      }
      isFirst = false;
    });
    subscription.on("unsubscribed", ({ code }) => {
      if (code === PERMISSION_DENIED || (code >= 2000 && code < 2500)) receiver.revoked();
    });
    receiver.opened(subscription);
    return subscription;
  }

  /** The SDK hands over what was missed right after `subscribed`, so one turn later it is counted. */
  private countRecovered(): void {
    this.caughtUp = 0;
    setTimeout(() => {
      if (this.caughtUp !== null) this.link.caughtUp(this.caughtUp);
      this.caughtUp = null;
    }, 0);
  }
}
