/** How many customers are in each status, moved on by what is heard of single ones. */
import { assigneeFits } from "./listing";
import type { Customer, Status } from "./model";

export type Counts = Readonly<Record<Status, number>>;

export function totalOf(counts: Counts, statuses: readonly Status[] = []): number {
  const wanted = statuses.length > 0 ? statuses : (Object.keys(counts) as Status[]);
  return wanted.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}

/**
 * The counts of `assignee`'s work after a customer changed. `before`: as it was counted; `after`: null
 * when all that is known is that it left this agent's work.
 */
export function recounted(
  counts: Counts,
  assignee: string,
  me: number,
  before: Customer,
  after: Customer | null,
): Counts {
  const isCounted = (customer: Customer | null): customer is Customer =>
    customer !== null && !customer.archived && assigneeFits(assignee, customer.assigned_to, me);
  const from = isCounted(before) ? before.status : null;
  const to = isCounted(after) ? after.status : null;
  if (from === to) return counts;
  return {
    ...counts,
    ...(from && { [from]: Math.max(0, (counts[from] ?? 0) - 1) }),
    ...(to && { [to]: (counts[to] ?? 0) + 1 }),
  };
}
