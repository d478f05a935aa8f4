/** The agent's notices: stored ones over HTTP, new ones from `agent:`, by polling where there is no socket. */
import type { Calls } from "../api/calls";
import { ProblemError } from "../api/problem";
import * as inbox from "../domain/inbox";
import type { Inbox as InboxState, Notice } from "../domain/inbox";
import { Store } from "../domain/store";
import type { Stored } from "../domain/stored";
import type { Link } from "./link";

const READ = "notices-read";
const PAGE = 50;
const POLL_MS = 15_000;

export interface InboxView extends InboxState {
  readonly phase: "loading" | "ready" | "failed";
}

export class Inbox {
  readonly state: Store<InboxView>;
  private readonly arrived = new Set<(notice: Notice) => void>();
  private catching: Promise<void> | null = null;
  private polling: ReturnType<typeof setInterval> | undefined;
  private stops: (() => void)[] = [];

  constructor(
    private readonly link: Link,
    private readonly calls: Calls,
    private readonly stored: Stored,
    private readonly nameOf: (customerId: number) => string | undefined,
  ) {
    this.state = new Store<InboxView>({ ...inbox.EMPTY, phase: "loading" });
  }

  open(): void {
    const looked = () => document.visibilityState === "visible" && void this.catchUp();
    const elsewhere = ({ key }: StorageEvent) => key?.endsWith(READ) && this.change((now) => this.remembered(now));
    document.addEventListener("visibilitychange", looked);
    addEventListener("storage", elsewhere);
    let phase = this.link.state.get().phase;
    this.stops = [
      () => document.removeEventListener("visibilitychange", looked),
      () => removeEventListener("storage", elsewhere),
      this.link.onNotice((notice, offset) => {
        if (notice.type !== "conflict" && notice.type !== "account" && offset !== undefined) this.hear({ ...notice, offset });
      }),
      this.link.state.watch(() => {
        const now = this.link.state.get().phase;
        if (now !== phase) this.follow(now === "fallback");
        phase = now;
      }),
    ];
    void this.load();
  }

  close(): void {
    for (const stop of this.stops) stop();
    clearInterval(this.polling);
  }

  /** Listens to notices that arrive from now on. */
  onArrival(listener: (notice: Notice) => void): () => void {
    this.arrived.add(listener);
    return () => this.arrived.delete(listener);
  }

  read(offset: number): void {
    this.mark((now) => inbox.markRead(now, offset));
  }

  readAll(): void {
    this.mark(inbox.markAllRead);
  }

  async loadOlder(): Promise<void> {
    const last = this.state.get().items.at(-1)?.offset;
    if (last === undefined || !inbox.hasOlder(this.state.get())) return;
    const page = await this.calls.notices({ before: last }, PAGE).catch(forgiven);
    if (page) this.change((now) => inbox.receive(now, page.items));
  }

  async load(): Promise<void> {
    try {
      const page = await this.calls.notices({}, PAGE);
      this.change((now) => {
        const known = inbox.receive({ ...now, top: Math.max(now.top, page.offset) }, page.items);
        const whole = inbox.hasHole(known) ? { ...known, items: page.items } : known;
        return this.remembered(inbox.marked(whole, page.read_offset));
      });
      this.patch({ phase: "ready" });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (this.state.get().phase === "loading") this.patch({ phase: "failed" });
    }
  }

  /** Without a socket the notices are asked for; with one again, what came in between. */
  private follow(isFallback: boolean): void {
    clearInterval(this.polling);
    if (isFallback) this.polling = setInterval(() => void this.catchUp(), POLL_MS);
    void this.catchUp();
  }

  private catchUp(): Promise<void> {
    this.catching ??= this.ask().finally(() => {
      this.catching = null;
    });
    return this.catching;
  }

  private async ask(): Promise<void> {
    if (this.state.get().phase !== "ready") return this.load();
    for (let more = true; more; ) {
      const loaded = this.state.get().items[0]?.offset ?? 0;
      const page = await this.calls.notices({ after: loaded }, PAGE).catch(forgiven);
      if (!page) return;
      this.change((now) => inbox.marked(now, page.read_offset));
      this.take(page.items);
      more = page.items.length === PAGE;
    }
  }

  /** What comes by socket names its customer by id alone; mostly the lists know the name. */
  private hear(notice: Notice): void {
    const name = this.nameOf(notice.customer_id);
    if (name !== undefined) this.take([{ ...notice, customer_name: name }]);
    else {
      this.change((now) => inbox.receive(now, [notice]));
      void this.name(notice);
    }
  }

  private async name(notice: Notice): Promise<void> {
    const page = await this.calls.notices({ after: notice.offset - 1 }, 1).catch(forgiven);
    if (page) this.change((now) => inbox.named(now, page.items));
    this.tell([page?.items[0] ?? notice]);
  }

  private take(notices: readonly Notice[]): void {
    const { top } = this.state.get();
    this.change((now) => inbox.receive(now, notices));
    this.tell(notices.filter(({ offset }) => offset > top));
  }

  private tell(arrived: readonly Notice[]): void {
    if (this.state.get().phase !== "ready") return;
    for (const notice of arrived) for (const listener of this.arrived) listener(notice);
    if (inbox.hasHole(this.state.get())) void this.load();
  }

  private mark(change: (now: InboxState) => InboxState): void {
    const before = this.state.get().mark;
    this.change(change);
    const { mark, read } = this.state.get();
    this.stored.write(READ, { mark, read });
    // Not marked: said again with the next mark.
    if (mark > before) this.calls.markNoticesRead(mark).catch(forgiven);
  }

  /** What this agent has read in any window of this browser. */
  private remembered(now: InboxState): InboxState {
    const kept = this.stored.read<{ mark: number; read: readonly number[] }>(READ);
    return kept ? inbox.marked(now, Math.min(kept.mark, now.top), [...now.read, ...kept.read]) : now;
  }

  private change(change: (now: InboxState) => InboxState): void {
    this.state.update((state) => {
      const next = change(state);
      return next === state ? state : { ...next, phase: state.phase };
    });
  }

  private patch(part: Partial<InboxView>): void {
    this.state.update((state) => ({ ...state, ...part }));
  }
}

/** Asked again later: notices are stored, nothing is lost. */
function forgiven(error: unknown): null {
  if (!(error instanceof ProblemError)) throw error;
  return null;
}
