/** Everybody's work: what is open, sorted and shared out. */
import type { Agent, Status } from "./model";

/** Statuses of work that still has to be done. */
export const OPEN: readonly Status[] = ["new", "open", "in_progress", "waiting"];

export interface Load {
  readonly agent: Agent;
  readonly online: boolean;
  readonly counts: Readonly<Record<Status, number>>;
  /** How many are still to be done. */
  readonly open: number;
}

export const ORDERS = ["load", "name"] as const;
export type Order = (typeof ORDERS)[number];

export function openOf(counts: Readonly<Record<Status, number>>): number {
  return OPEN.reduce((sum, status) => sum + counts[status], 0);
}

/** Who has work or can be given some; those who cannot sign in any more only while work is still theirs. */
export function sorted(loads: readonly Load[], order: Order): readonly Load[] {
  const byName = (a: Load, b: Load) => a.agent.name.localeCompare(b.agent.name);
  const shown = loads.filter(({ agent, open }) => agent.active || open > 0);
  return shown.toSorted(order === "name" ? byName : (a, b) => b.open - a.open || byName(a, b));
}

/**
 * Shares customers out so that everybody ends up with as much open work as can be: each one goes to
 * whoever has least at that moment, in the order given where several do.
 */
export function shareOut(customers: readonly number[], takers: readonly { readonly id: number; readonly open: number }[]): ReadonlyMap<number, readonly number[]> {
  const loads = takers.map(({ id, open }) => ({ id, open, given: [] as number[] }));
  for (const customer of customers) {
    const least = loads.reduce((best, one) => (one.open < best.open ? one : best));
    least.given.push(customer);
    least.open += 1;
  }
  return new Map(loads.filter(({ given }) => given.length > 0).map(({ id, given }) => [id, given]));
}
