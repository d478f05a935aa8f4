/**
 * Who else is at a customer: heard of by socket, asked for over HTTP. It is courtesy: where it fails, the room works.
 */
import type { Subscription } from "centrifuge";
import type { Calls } from "../api/calls";
import * as company from "../domain/company";
import type { Action, Person, RoomPublication } from "../domain/model";
import type { Link } from "./link";

type Change = (now: company.Company) => company.Company;
type Signal = Exclude<RoomPublication, { readonly type: "action" }>;

const EXPIRY_MS = 1_000;
const TYPING_EVERY_MS = 3_000;
/** Without a socket; well within what the server allows beside everything else that is asked for then. */
const ASK_MS = 20_000;

export class Around {
  private expiry: ReturnType<typeof setInterval> | undefined;
  private asking: ReturnType<typeof setInterval> | undefined;
  /** What was heard since the last question, while its answer is on its way. */
  private heard: Change[] | null = null;
  private typedAt = 0;

  constructor(
    private readonly customerId: number,
    private readonly link: Link,
    private readonly calls: Calls,
    private readonly update: (change: Change) => void,
  ) {}

  enter(): void {
    this.expiry = setInterval(() => this.change((now) => company.expire(now, Date.now())), EXPIRY_MS);
  }

  leave(): void {
    clearInterval(this.expiry);
    this.poll(false);
    this.heard = null;
    this.update(() => company.NOBODY);
  }

  follow(subscription: Subscription): void {
    subscription.on("join", ({ info }) => this.change((now) => company.joined(now, info.client, personOf(info))));
    subscription.on("leave", ({ info }) => this.change((now) => company.left(now, info.client)));
  }

  hear(signal: Signal): void {
    switch (signal.type) {
      case "typing":
        this.change((now) => company.isTyping(now, signal.agent, Date.now()));
        break;
      case "editing":
        this.change((now) => company.isEditing(now, signal, Date.now()));
        break;
      case "editing_ended":
        this.change((now) => company.stoppedEditing(now, signal.agent.id));
        break;
    }
  }

  haveWritten(actions: readonly Action[]): void {
    this.change((now) => actions.reduce((rest, { actor }) => company.stoppedTyping(rest, actor.id), now));
  }

  tellTyping(): void {
    const now = Date.now();
    if (!this.link.isLive || now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.link.rpc("typing", { customer_id: this.customerId }).catch(() => undefined);
  }

  /** Asks again and again from now on, or not any more. */
  poll(on: boolean): void {
    if (on === (this.asking !== undefined)) return;
    clearInterval(this.asking);
    this.asking = on ? setInterval(() => void this.look(), ASK_MS) : undefined;
    if (on) void this.look();
  }

  async look(): Promise<void> {
    const heard: Change[] = [];
    this.heard = heard;
    try {
      const report = await this.calls.presence(this.customerId);
      if (this.heard !== heard) return; // asked again meanwhile, or left
      this.heard = null;
      // Whoever came or went while the report was on its way may not be in it.
      this.update((now) => heard.reduce((rest, change) => change(rest), company.reported(now, report, Date.now())));
    } catch {
      if (this.heard === heard) this.heard = null;
    }
  }

  private change(change: Change): void {
    this.heard?.push(change);
    this.update(change);
  }
}

function personOf(info: { user: string; connInfo?: { name?: string } }): Person {
  return { id: Number(info.user), name: info.connInfo?.name ?? info.user };
}
