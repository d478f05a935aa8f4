/** Giving an agent's customers to others: collected first, then written in portions, each with its own outcome. */
import type { BulkResult, Calls } from "../api/calls";
import { ProblemError } from "../api/problem";
import { commandId, mayRetry } from "../domain/command";
import { MY_WORK } from "../domain/listing";
import type { Customer, Problem, Status } from "../domain/model";
import { Store } from "../domain/store";
import { shareOut } from "../domain/team";

export interface HandoverState {
  readonly phase: "idle" | "collecting" | "writing" | "done" | "failed";
  readonly done: number;
  readonly total: number;
  /** What was refused, by customer. */
  readonly refused: ReadonlyMap<Customer, Problem>;
  /** Why it could not even begin. */
  readonly problem: Problem | null;
}

export interface Taker {
  readonly id: number;
  readonly open: number;
}

const PORTION = 100;
const ATTEMPTS = 4;
const PAUSE_MS = 1_000;
const IDLE: HandoverState = { phase: "idle", done: 0, total: 0, refused: new Map(), problem: null };

export class Handover {
  readonly state = new Store<HandoverState>(IDLE);

  constructor(
    private readonly calls: Calls,
    private readonly changed: (customer: Customer) => void,
  ) {}

  /** Shares what `from` has in these statuses out among the takers. */
  async run(from: number, statuses: readonly Status[], takers: readonly Taker[]): Promise<void> {
    this.state.set({ ...IDLE, phase: "collecting" });
    let customers: readonly Customer[];
    try {
      customers = await this.collect(from, statuses);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.patch({ phase: "failed", problem: error.problem });
      return;
    }
    this.patch({ phase: "writing", total: customers.length });
    const byId = new Map(customers.map((customer) => [customer.id, customer]));
    const refused = new Map<Customer, Problem>();
    for (const [taker, ids] of shareOut([...byId.keys()], takers)) {
      for (let at = 0; at < ids.length; at += PORTION) {
        const portion = ids.slice(at, at + PORTION);
        for (const { customer_id: id, customer, problem } of await this.portion(portion, taker)) {
          const known = byId.get(id);
          if (problem && known) refused.set(known, problem);
          if (customer) this.changed(customer);
        }
        this.patch({ done: this.state.get().done + portion.length, refused: new Map(refused) });
      }
    }
    this.patch({ phase: "done" });
  }

  private async collect(from: number, statuses: readonly Status[]): Promise<readonly Customer[]> {
    const listing = { ...MY_WORK, assignee: String(from), statuses, sort: "updated_at" as const };
    const found = new Map<number, Customer>();
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await patiently(() => this.calls.rows(listing, cursor ?? null));
      for (const row of page.items) found.set(row.id, row);
      cursor = page.next_cursor;
    }
    return [...found.values()];
  }

  /** A portion whose answer is lost is asked for again with its id: what was done is not done twice. */
  private async portion(ids: readonly number[], taker: number): Promise<readonly BulkResult[]> {
    const id = commandId();
    try {
      return await patiently(() => this.calls.bulk(ids, { assigned_to: taker }, id));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return ids.map((customer_id) => ({ customer_id, status: error.status, problem: error.problem }));
    }
  }

  private patch(part: Partial<HandoverState>): void {
    this.state.update((state) => ({ ...state, ...part }));
  }
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProblemError) || !mayRetry(error.status) || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter ?? PAUSE_MS));
    }
  }
}
