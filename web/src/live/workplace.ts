/** Everything a signed-in agent works with; made at sign-in, closed at sign-out. */
import { QueryClient } from "@tanstack/react-query";
import { Calls } from "../api/calls";
import { Http } from "../api/http";
import { ProblemError } from "../api/problem";
import type { Session } from "../api/session";
import type { Agent, Customer } from "../domain/model";
import { Drafts, Stored } from "../domain/stored";
import { followAccount } from "./account";
import { Bulk } from "./bulk";
import { Desk } from "./desk";
import { followByAsking } from "./fallback";
import { Inbox } from "./inbox";
import { Link } from "./link";
import { Outbox } from "./outbox";
import { Pad } from "./pad";
import { Room } from "./room";
import { Source } from "./source";
import { Views } from "./views";
import { Work } from "./work";

/** Rooms that are kept ready for coming back. */
const KEPT_ROOMS = 20;

/** A customer's room with what stands in it: the desk for its fields, the pad for comments. */
export interface Place {
  readonly room: Room;
  readonly desk: Desk;
  readonly pad: Pad;
}

export class Workplace {
  readonly calls: Calls;
  readonly link: Link;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly queries: QueryClient;
  readonly work: Work;
  readonly inbox: Inbox;
  readonly bulk: Bulk;
  readonly views: Views;
  private readonly source: Source;
  private readonly places = new Map<number, Place>();
  private looking: number | null = null;
  private stops: (() => void)[] = [];

  constructor(
    readonly session: Session,
    readonly me: Agent,
  ) {
    const http = new Http(session);
    const stored = new Stored(localStorage, me.id);
    this.calls = new Calls(http);
    this.drafts = new Drafts(stored);
    this.link = new Link(session, me.id);
    this.source = new Source(this.link, this.calls);
    this.outbox = new Outbox(this.link, http, stored);
    this.queries = new QueryClient({
      defaultOptions: { queries: { staleTime: 30_000, refetchOnWindowFocus: false, retry: mayAskAgain } },
    });
    this.work = new Work(me.id, this.calls, this.queries, () => this.looking, (id) => this.places.get(id)?.room.comeBack());
    this.bulk = new Bulk(this.calls, (customer) => this.work.show(customer));
    this.views = new Views(stored);
    this.inbox = new Inbox(this.link, this.calls, stored, (id) => this.work.row(id)?.name ?? this.places.get(id)?.room.state.get().customer?.name);
  }

  open(): void {
    this.stops = [
      this.work.follow(this.link),
      followByAsking(this.link, this.queries),
      followAccount(this.session, this.link, this.calls, () => this.seeAnew()),
      this.views.follow(),
      this.outbox.onAnswer(({ action, customer }) => {
        if (action) this.places.get(action.customer_id)?.room.ingest([action]);
        if (customer) this.work.show(customer);
      }),
    ];
    this.outbox.open();
    this.inbox.open();
    this.link.open();
  }

  close(): void {
    for (const stop of this.stops) stop();
    for (const { room } of this.places.values()) room.dispose();
    this.places.clear();
    this.outbox.close();
    this.inbox.close();
    this.link.close();
  }

  /** Whether the agent has this customer before the eyes. */
  isInView(id: number): boolean {
    return this.looking === id && document.visibilityState === "visible" && document.hasFocus();
  }

  /** The place of a customer, as it was left the last time. */
  place(id: number): Place {
    const known = this.places.get(id);
    const place = known ?? this.furnish(id);
    this.places.delete(id);
    this.places.set(id, place);
    for (const [old, { room }] of this.places) {
      if (this.places.size <= KEPT_ROOMS) break;
      if (old === this.looking) continue;
      room.dispose();
      this.places.delete(old);
    }
    return place;
  }

  /** Loads a customer that will probably be looked at next. */
  readonly prefetch = (id: number): void => {
    if (id !== this.looking) this.place(id).room.preload();
  };

  /** Comes in; returns how to leave. */
  enter({ room, desk, pad }: Place): () => void {
    this.looking = room.id;
    const row = this.work.row(room.id);
    room.enter(row ? row.offset - row.unread : null);
    desk.enter();
    pad.enter();
    return () => {
      pad.leave();
      desk.leave();
      room.leave();
      if (this.looking === room.id) this.looking = null;
    };
  }

  /** Another role may show more customers, or fewer. */
  private seeAnew(): void {
    void this.queries.invalidateQueries();
    for (const { room } of this.places.values()) room.comeBack();
  }

  private furnish(id: number): Place {
    const shown = (customer: Customer) => this.work.show(customer);
    const room = new Room(id, this.me, this.link, this.calls, this.source, shown, this.work.row(id));
    return {
      room,
      desk: new Desk(room, this.link, this.outbox, this.drafts),
      pad: new Pad(room, this.me, this.outbox, this.drafts),
    };
  }
}

/** Refusals stay refusals; everything else is tried a few times more. */
function mayAskAgain(failures: number, error: Error): boolean {
  const refused = error instanceof ProblemError && error.status >= 400 && error.status < 500;
  return !refused && failures < 3;
}
