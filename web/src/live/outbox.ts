/**
 * Writes on their way. Each is kept in the browser's storage until the server has answered it, and goes
 * out again with the same `command_id` until then: by socket when there is one, else by HTTP. Writes for
 * one customer go in the order they were made; those for different customers do not wait for each other.
 *
 * All windows of an agent's browser share the storage. Each shows what the others have on its way, and
 * would send it if they were closed; a lock per customer lets one at a time do it.
 */
import type { Http } from "../api/http";
import { ProblemError } from "../api/problem";
import { inTurn } from "../api/turns";
import { asHttp, commandId, mayRetry, rebase, type Command, type Pending } from "../domain/command";
import type { Action, Customer } from "../domain/model";
import { Store } from "../domain/store";
import type { Stored } from "../domain/stored";
import type { Link } from "./link";

export interface Answer {
  /** Null for an update that changed nothing. */
  readonly action: Action | null;
  readonly customer?: Customer;
}

const PREFIX = "out:";
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** A request that hangs for so long is given up and made again, with the same id. */
const PATIENCE_MS = 20_000;

export class Outbox {
  readonly pending: Store<readonly Pending[]>;
  private readonly answered = new Set<(answer: Answer) => void>();
  private readonly busy = new Set<number>();
  /** Writes that are in the storage, too; a full storage keeps nothing. */
  private readonly kept = new Set<string>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private closed = false;
  private stops: (() => void)[] = [];

  constructor(
    private readonly link: Link,
    private readonly http: Http,
    private readonly stored: Stored,
  ) {
    this.pending = new Store(this.restore());
  }

  /** Begins to send, first what an earlier visit left behind. */
  open(): void {
    this.closed = false;
    let phase = this.link.state.get().phase;
    const online = () => this.pump();
    addEventListener("online", online);
    this.stops = [
      this.link.state.watch(() => {
        const now = this.link.state.get().phase;
        if (now !== phase && (now === "live" || now === "fallback")) this.pump();
        phase = now;
      }),
      this.stored.onChange((name) => name.startsWith(PREFIX) && this.heard(name.slice(PREFIX.length))),
      () => removeEventListener("online", online),
    ];
    this.pump();
  }

  /** Takes a write; from here on it is not lost until it is answered. */
  submit(command: Command): Pending {
    const pending: Pending = { id: commandId(), command, madeAt: new Date().toISOString(), state: "waiting" };
    this.keep(pending);
    this.pending.update((list) => [...list, pending]);
    this.pump();
    return pending;
  }

  /** Forgets a refused write: the agent has taken it back or sends it in another form. */
  discard(id: string): void {
    this.drop(id);
    this.pump();
  }

  /** Sends a refused write once more; it is another one then, with an id of its own. */
  again({ id, command }: Pending): void {
    this.submit(command);
    this.discard(id);
  }

  /** Listens to accepted writes. */
  onAnswer(listener: (answer: Answer) => void): () => void {
    this.answered.add(listener);
    return () => this.answered.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    for (const stop of this.stops) stop();
  }

  private restore(): readonly Pending[] {
    const found = this.stored.names(PREFIX).map((name) => this.stored.read<Pending>(name));
    const list = found.filter((pending) => pending !== null).map(asFound);
    for (const { id } of list) this.kept.add(id);
    return list.sort((a, b) => a.madeAt.localeCompare(b.madeAt));
  }

  /** Another window has taken, changed or finished a write. */
  private heard(id: string): void {
    const found = this.stored.read<Pending>(PREFIX + id);
    if (found === null) {
      this.forget(id);
      return;
    }
    this.kept.add(id);
    const isKnown = this.pending.get().some((pending) => pending.id === id);
    if (isKnown) this.change(asFound(found));
    else this.pending.update((list) => [...list, asFound(found)]);
    this.pump();
  }

  private pump(): void {
    if (this.closed) return;
    for (const { id, command, state } of this.pending.get()) {
      const customer = command.data.customer_id;
      if (state !== "waiting" || this.busy.has(customer)) continue;
      this.busy.add(customer);
      void inTurn(this.stored.key(`sending:${customer}`), () => this.send(id)).finally(() => {
        this.busy.delete(customer);
      });
    }
  }

  /** Sends what is still to be sent: another window may have done it while this one waited for its turn. */
  private async send(id: string): Promise<void> {
    if (this.kept.has(id) && this.stored.read<Pending>(PREFIX + id) === null) this.forget(id);
    const pending = this.pending.get().find((one) => one.id === id);
    if (this.closed || pending?.state !== "waiting") return;
    this.change({ ...pending, state: "sending" });
    try {
      const answer = await this.deliver(pending);
      this.failures = 0;
      // Listeners show the action before its placeholder goes, so that nothing flickers.
      for (const listener of this.answered) listener(answer);
      this.pending.update((list) => list.map((next) => this.follow(next, pending, answer)));
      this.drop(id);
      queueMicrotask(() => this.pump());
    } catch (error) {
      this.failed(pending, error);
    }
  }

  private deliver({ id, command }: Pending): Promise<Answer> {
    if (this.link.isLive) return this.link.rpc<Answer>(command.method, { ...command.data, command_id: id });
    const { path, method, body, headers } = asHttp(command, id);
    return this.http
      .ask<Answer | Action | undefined>(path, { method, body, headers, signal: AbortSignal.timeout(PATIENCE_MS) })
      .then((reply) => (reply === undefined ? { action: null } : "action" in reply ? reply : { action: reply }));
  }

  private failed(pending: Pending, error: unknown): void {
    if (!(error instanceof ProblemError)) throw error;
    // A login that ended is not a refusal: the write goes out after the next one.
    if (mayRetry(error.status) || error.status === 401) {
      this.change({ ...pending, state: "waiting" });
      this.retryAfter(error.retryAfter);
      return;
    }
    const refused: Pending = { ...pending, state: "refused", problem: error.problem };
    this.keep(refused);
    this.change(refused);
    queueMicrotask(() => this.pump());
  }

  private follow(next: Pending, done: Pending, { action }: Answer): Pending {
    if (next.state !== "waiting") return next;
    const command = action ? rebase(next.command, done.command, action.version) : next.command;
    if (command === next.command) return next;
    const rebased = { ...next, command };
    this.keep(rebased);
    return rebased;
  }

  private retryAfter(wait: number | null): void {
    clearTimeout(this.retry);
    const step = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 10_000;
    this.failures += 1;
    this.retry = setTimeout(() => this.pump(), wait ?? step);
  }

  private change(next: Pending): void {
    this.pending.update((list) => list.map((pending) => (pending.id === next.id ? next : pending)));
  }

  private keep(pending: Pending): void {
    if (this.stored.write(PREFIX + pending.id, pending)) this.kept.add(pending.id);
  }

  private drop(id: string): void {
    this.stored.remove(PREFIX + id);
    this.forget(id);
  }

  private forget(id: string): void {
    this.kept.delete(id);
    this.pending.update((list) => (list.some((one) => one.id === id) ? list.filter((one) => one.id !== id) : list));
  }
}

/** As it lies in the storage, nobody is sending it. */
function asFound(pending: Pending): Pending {
  return pending.state === "refused" ? pending : { ...pending, state: "waiting" };
}
