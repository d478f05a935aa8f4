/** Customers, actions and agents to test with. */
import type { Action, Customer, Person, Row } from "../src/domain/model";

export const dana: Person = { id: 7, name: "Dana" };
export const lee: Person = { id: 8, name: "Lee" };

const AT = "2026-11-24T10:00:00.000000Z";

export function action(offset: number, given: Partial<Action> = {}): Action {
  return {
    id: 9000 + offset,
    customer_id: 42,
    offset,
    kind: "comment",
    actor: dana,
    body: `comment ${offset}`,
    reply_to: null,
    mentions: [],
    changes: {},
    version: 1,
    command_id: null,
    created_at: AT,
    ...given,
  };
}

export function customer(given: Partial<Customer> = {}): Customer {
  return {
    id: 42,
    ref: "AC-1042",
    name: "Acme Ltd",
    email: null,
    phone: null,
    status: "open",
    priority: "normal",
    assigned_to: 7,
    archived: false,
    fields: { plan: "gold" },
    version: 7,
    offset: 31,
    created_at: AT,
    updated_at: AT,
    ...given,
  };
}

export function row(given: Partial<Row> = {}): Row {
  return { ...customer(given), unread: given.unread ?? 0 };
}

/** Storage in memory. */
export class MemoryShelf {
  private readonly kept = new Map<string, string>();

  get length(): number {
    return this.kept.size;
  }

  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}
