/**
 * One customer, live: a snapshot with its position, then every action after it, by socket or by polling.
 * Whatever the way an action comes, its offset decides where it goes and whether it is news.
 */
import type { Calls } from "../api/calls";
import { ProblemError } from "../api/problem";
import { NOBODY, type Company } from "../domain/company";
import { advanceThrough } from "../domain/customer";
import { firstUnread, hasOlder, holeAfter, mergeActions } from "../domain/feed";
import type {
  Action,
  ActionPage,
  AgentPublication,
  Customer,
  Person,
  Problem,
  RoomPublication,
  Row,
  ServerConflict,
} from "../domain/model";
import { Store } from "../domain/store";
import { Around } from "./around";
import { Channel, type Position } from "./channel";
import type { Link } from "./link";
import { Poll } from "./poll";
import { ReadMark } from "./readmark";
import type { Source } from "./source";

export type RoomPhase = "loading" | "ready" | "gone" | "revoked" | "failed";

export interface RoomState {
  readonly phase: RoomPhase;
  readonly customer: Customer | null;
  readonly items: readonly Action[];
  readonly loadingOlder: boolean;
  readonly company: Company;
  /** Where the unread line is drawn, fixed when the room was entered. */
  readonly unreadFrom: number | null;
  /** The newest action that this agent has looked at. */
  readonly seen: number;
  /** Conflicts as the server reported them, for what the loaded actions do not tell. */
  readonly reported: readonly ServerConflict[];
}

const FIRST_PAGE = 50;
const OLDER_PAGE = 100;

export class Room {
  readonly state: Store<RoomState>;
  private readonly channel: Channel;
  /** Where the loaded part ends: live goes on from there. */
  private position: Position | null = null;
  private entered = false;
  private loading: AbortController | null = null;
  private readonly poll: Poll;
  private readonly readMark: ReadMark;
  private readonly around: Around;
  private unwatch: (() => void)[] = [];
  private wasLive = false;
  private filling = false;
  private readUpTo = Infinity;

  constructor(
    readonly id: number,
    private readonly me: Person,
    private readonly link: Link,
    private readonly calls: Calls,
    private readonly source: Source,
    private readonly changed: (customer: Customer) => void,
    row?: Row,
  ) {
    this.state = new Store<RoomState>({
      phase: "loading",
      customer: row ?? null,
      items: [],
      loadingOlder: false,
      company: NOBODY,
      unreadFrom: null,
      seen: 0,
      reported: [],
    });
    this.readMark = new ReadMark(id, link, calls);
    this.around = new Around(id, link, calls, (change) => this.company(change));
    this.channel = new Channel(`customer:${id}`, link, {
      receive: (data) => this.receive(data as RoomPublication),
      lost: () => void this.load(),
      back: () => void this.around.look(),
      revoked: () => this.patch({ phase: "revoked" }),
      opened: (subscription) => this.around.follow(subscription),
    });
    this.poll = new Poll({
      top: () => this.top(),
      ask: (after, wait, signal) => calls.since(id, after, wait, signal),
      take: ({ items }) => this.ingest(items),
      catchUp: ({ items }) => {
        const news = this.ingest(items);
        if (news > 0) this.link.caughtUp(news);
      },
      failed: (error) => this.refused(error),
    });
  }

  /**
   * Comes in: loads what is missing and goes live. Entering again continues from the last position.
   *
   * @param readUpTo - the agent's read mark, or null where it is not known.
   */
  enter(readUpTo: number | null): void {
    this.entered = true;
    this.readUpTo = readUpTo ?? Infinity;
    this.unwatch = [this.link.state.watch(() => this.linkChanged()), this.link.onNotice((notice) => this.hear(notice))];
    this.around.enter();
    if (this.state.get().phase === "ready") {
      this.markUnread();
      this.goLive();
    } else if (!this.loading) {
      this.patch({ phase: "loading" });
      void this.load();
    }
  }

  /** Loads ahead of an agent who seems about to come in; nobody sees it. */
  preload(): void {
    if (this.link.isLive && this.state.get().phase === "loading" && !this.loading) void this.load();
  }

  leave(): void {
    this.entered = false;
    for (const stop of this.unwatch) stop();
    this.readMark.flush();
    this.poll.turn(false);
    this.channel.leave();
    this.around.leave();
  }

  /** Forgets the room for good. */
  dispose(): void {
    this.loading?.abort();
    this.channel.drop();
  }

  /** The agent has looked at everything up to `offset`. */
  see(offset: number): void {
    if (offset <= this.state.get().seen) return;
    this.patch({ seen: offset });
    this.readMark.move(offset);
  }

  async loadOlder(): Promise<void> {
    const { items, loadingOlder, phase } = this.state.get();
    const first = items[0];
    if (phase !== "ready" || loadingOlder || !first || !hasOlder(items)) return;
    this.patch({ loadingOlder: true });
    try {
      const page = await this.source.older(this.id, first.offset, this.position?.epoch ?? "", OLDER_PAGE);
      this.ingest(page.items);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    } finally {
      this.patch({ loadingOlder: false });
    }
  }

  /** Tells the others that this agent types a comment. */
  typing(): void {
    this.around.tellTyping();
  }

  /** Takes in actions, from wherever they come; returns how many are news. */
  ingest(actions: readonly Action[]): number {
    const before = this.state.get();
    const items = mergeActions(before.items, actions);
    if (items === before.items) return 0;
    const customer = before.customer && advanceThrough(before.customer, items);
    this.patch({ items, customer });
    this.around.haveWritten(actions);
    if (customer && customer !== before.customer) this.changed(customer);
    if (holeAfter(items) !== null) void this.fillHole();
    return items.length - before.items.length;
  }

  /** May be seen again, after it was taken away. */
  comeBack(): void {
    const { phase } = this.state.get();
    if (this.entered && (phase === "revoked" || phase === "gone")) this.retry();
  }

  /** Loads again after a failure. */
  retry(): void {
    this.patch({ phase: "loading" });
    void this.load();
  }

  private async load(): Promise<void> {
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    try {
      const [customer, page] = await Promise.all([
        this.source.customer(this.id, loading.signal),
        this.source.newest(this.id, FIRST_PAGE, loading.signal),
      ]);
      if (loading.signal.aborted) return;
      this.settleIn(customer, page);
    } catch (error) {
      if (!loading.signal.aborted) this.refused(error);
    } finally {
      if (this.loading === loading) this.loading = null;
    }
  }

  private settleIn(customer: Customer, page: ActionPage): void {
    const newest = page.items.toReversed();
    const known = this.state.get().items;
    // Loaded history stays if it joins the new page; otherwise the page stands alone.
    const joins = (known.at(-1)?.offset ?? 0) + 1 >= (newest[0]?.offset ?? 1);
    const items = mergeActions(joins ? known : [], newest);
    const now = advanceThrough(customer, items);
    this.patch({ phase: "ready", customer: now, items });
    this.changed(now);
    this.markUnread();
    this.position = { offset: Math.min(customer.offset, page.offset), epoch: page.epoch };
    this.channel.drop();
    if (this.entered) this.goLive();
  }

  private goLive(): void {
    if (this.position) this.channel.enter(this.position);
    this.pollIfNeeded();
    if (!this.isFallback) void this.around.look();
  }

  private refused(error: unknown): void {
    if (!(error instanceof ProblemError)) throw error;
    // One that was there and is answered like one that never was: it went out of this agent's sight.
    if (error.status === 404) this.patch({ phase: this.state.get().phase === "ready" ? "revoked" : "gone" });
    else if (error.status === 403) this.patch({ phase: "revoked" });
    else if (this.state.get().phase === "loading") this.patch({ phase: "failed" });
  }

  private receive(publication: RoomPublication): number {
    if (publication.type === "action") return this.ingest([publication.action]);
    this.around.hear(publication);
    return 0;
  }

  /** A conflict notice brings the customer's present state: the form shows it at once. */
  private hear(notice: AgentPublication): void {
    if (notice.type === "conflict" && notice.problem.customer_id === this.id) this.absorb(notice.problem);
  }

  /** Takes in what a conflict document says about the customer. */
  absorb({ customer, actions, conflicts }: Problem): void {
    if (conflicts) this.patch({ reported: conflicts });
    if (actions) this.ingest(actions);
    const now = this.state.get().customer;
    if (customer && now && customer.offset > now.offset) this.patch({ customer });
  }

  private async fillHole(): Promise<void> {
    if (this.filling) return;
    this.filling = true;
    try {
      for (let hole = holeAfter(this.state.get().items); hole !== null; ) {
        const page = await this.calls.since(this.id, hole, 0);
        this.ingest(page.items);
        const next = holeAfter(this.state.get().items);
        hole = next === hole ? null : next;
      }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    } finally {
      this.filling = false;
    }
  }

  private pollIfNeeded(): void {
    const needed = this.isFallback && this.state.get().phase === "ready";
    this.poll.turn(needed);
    this.around.poll(needed);
  }

  private get isFallback(): boolean {
    return this.link.state.get().phase === "fallback";
  }

  private top(): number {
    return this.state.get().items.at(-1)?.offset ?? 0;
  }

  private markUnread(): void {
    this.patch({ unreadFrom: firstUnread(this.state.get().items, this.me.id, this.readUpTo) });
  }

  private linkChanged(): void {
    this.pollIfNeeded();
    if (this.link.isLive && this.state.get().phase === "failed") this.retry();
    if (this.link.isLive && !this.wasLive) this.readMark.flush();
    this.wasLive = this.link.isLive;
  }

  private company(change: (now: Company) => Company): void {
    this.state.update((state) => {
      const next = change(state.company);
      return next === state.company ? state : { ...state, company: next };
    });
  }

  private patch(part: Partial<RoomState>): void {
    this.state.update((state) => ({ ...state, ...part }));
  }
}
