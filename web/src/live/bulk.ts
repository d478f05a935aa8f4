/** Changing many customers at once: in portions, each row with its own outcome. */
import type { BulkResult, Calls } from "../api/calls";
import { ProblemError } from "../api/problem";
import { commandId, mayRetry } from "../domain/command";
import type { Customer, Problem } from "../domain/model";
import { Store } from "../domain/store";

export interface BulkState {
  readonly running: { readonly done: number; readonly total: number } | null;
  /** What was refused, by customer, until it is tried again or let go. */
  readonly refusals: ReadonlyMap<number, Problem>;
  /** How many the last run changed. */
  readonly changed: number | null;
}

/** Small enough for the progress to move and the server to answer soon. */
const PORTION = 100;
const RETRIES = 2;

const IDLE: BulkState = { running: null, refusals: new Map(), changed: null };

export class Bulk {
  readonly state = new Store<BulkState>(IDLE);

  constructor(
    private readonly calls: Calls,
    private readonly changed: (customer: Customer) => void,
  ) {}

  /** Writes the changes into each customer; returns those that have them now. */
  async write(ids: readonly number[], changes: Readonly<Record<string, unknown>>): Promise<readonly number[]> {
    if (this.state.get().running || ids.length === 0) return [];
    const refusals = new Map<number, Problem>();
    const done: number[] = [];
    this.state.set({ ...IDLE, running: { done: 0, total: ids.length } });
    for (let at = 0; at < ids.length; at += PORTION) {
      for (const result of await this.portion(ids.slice(at, at + PORTION), changes)) {
        if (result.problem) refusals.set(result.customer_id, result.problem);
        else done.push(result.customer_id);
        if (result.customer) this.changed(result.customer);
      }
      this.state.update((state) => ({ ...state, running: { done: Math.min(at + PORTION, ids.length), total: ids.length } }));
    }
    this.state.set({ running: null, refusals, changed: done.length });
    return done;
  }

  /** The outcome has been read: the next selection is on. What was refused stays marked. */
  acknowledge(): void {
    this.state.update((state) => (state.changed === null ? state : { ...state, changed: null }));
  }

  /** Lets go of what was refused. */
  forget(): void {
    if (!this.state.get().running) this.state.set(IDLE);
  }

  /** A portion whose answer is lost is asked for again with its id: what was done is not done twice. */
  private async portion(ids: readonly number[], changes: Readonly<Record<string, unknown>>): Promise<readonly BulkResult[]> {
    const id = commandId();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.calls.bulk(ids, changes, id);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        if (attempt < RETRIES && mayRetry(error.status)) {
          const wait = error.retryAfter ?? 500;
          if (wait <= 5_000) {
            await new Promise((resolve) => setTimeout(resolve, wait));
            continue;
          }
        }
        return ids.map((customer_id) => ({ customer_id, status: error.status, problem: error.problem }));
      }
    }
  }
}
