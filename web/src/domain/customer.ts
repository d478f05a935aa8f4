/** How a customer moves on with its actions. */
import type { Action, Customer, FieldValue } from "./model";

/** The customer after the next action; an action that is not the next one changes nothing. */
export function advance(customer: Customer, action: Action): Customer {
  if (action.offset !== customer.offset + 1) return customer;
  const moved = { ...customer, offset: action.offset };
  // Comments leave fields, version and `updated_at` alone.
  if (action.version === customer.version) return moved;
  const fields: Record<string, FieldValue> = { ...customer.fields };
  const plain: Record<string, FieldValue> = {};
  for (const [name, { to }] of Object.entries(action.changes)) {
    if (!name.startsWith("fields.")) plain[name] = to;
    else if (to === null) delete fields[name.slice("fields.".length)];
    else fields[name.slice("fields.".length)] = to;
  }
  return { ...moved, ...plain, fields, version: action.version, updated_at: action.created_at };
}

/** The customer after every action that follows it without a hole. */
export function advanceThrough(customer: Customer, items: readonly Action[]): Customer {
  let now = customer;
  for (const action of items) {
    if (action.offset > now.offset) now = advance(now, action);
  }
  return now;
}
