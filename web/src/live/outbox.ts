/**
 * Writes on their way. Each is kept in the browser's storage until the server has answered it, and goes
 * out again with the same `command_id` until then: by socket when there is one, else by HTTP. Writes for
 * one customer go in the order they were made; those for different customers do not wait for each other.
 */
import type { Http } from "../api/http";
import { ProblemError } from "../api/problem";
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

export class Outbox {
  readonly pending: Store<readonly Pending[]>;
  private readonly answered = new Set<(answer: Answer) => void>();
  private readonly busy = new Set<number>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private closed = false;
  private unwatch = (): void => undefined;

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
    this.unwatch = this.link.state.watch(() => {
      const now = this.link.state.get().phase;
      if (now !== phase && (now === "live" || now === "fallback")) this.pump();
      phase = now;
    });
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
    this.stored.remove(PREFIX + id);
    this.pending.update((list) => list.filter((pending) => pending.id !== id));
    this.pump();
  }

  /** Listens to accepted writes. */
  onAnswer(listener: (answer: Answer) => void): () => void {
    this.answered.add(listener);
    return () => this.answered.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.unwatch();
  }

  private restore(): readonly Pending[] {
    return this.stored
      .names(PREFIX)
      .map((name) => this.stored.read<Pending>(name))
      .filter((pending) => pending !== null)
      .map((pending): Pending => (pending.state === "refused" ? pending : { ...pending, state: "waiting" }))
      .sort((a, b) => a.madeAt.localeCompare(b.madeAt));
  }

  private pump(): void {
    if (this.closed) return;
    for (const pending of this.pending.get()) {
      const customer = pending.command.data.customer_id;
      if (pending.state !== "waiting" || this.busy.has(customer)) continue;
      this.busy.add(customer);
      void this.send(pending).finally(() => {
        this.busy.delete(customer);
      });
    }
  }

  private async send(pending: Pending): Promise<void> {
    this.change({ ...pending, state: "sending" });
    try {
      const answer = await this.deliver(pending);
      this.failures = 0;
      this.stored.remove(PREFIX + pending.id);
      // Listeners show the action before its placeholder goes, so that nothing flickers.
      for (const listener of this.answered) listener(answer);
      this.pending.update((list) => list.filter(({ id }) => id !== pending.id).map((next) => this.follow(next, pending, answer)));
      queueMicrotask(() => this.pump());
    } catch (error) {
      this.failed(pending, error);
    }
  }

  private deliver({ id, command }: Pending): Promise<Answer> {
    if (this.link.isLive) return this.link.rpc<Answer>(command.method, { ...command.data, command_id: id });
    const { path, method, body } = asHttp(command, id);
    return this.http
      .ask<Answer | Action>(path, { method, body })
      .then((reply) => ("action" in reply ? reply : { action: reply }));
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
    this.stored.write(PREFIX + pending.id, pending);
  }
}
