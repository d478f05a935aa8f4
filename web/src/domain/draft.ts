/**
 * An edit that was begun and not yet written: per field, the value it started from and the wanted one.
 *
 * A field is in conflict when the customer's present value is neither of the two. That needs no version
 * arithmetic, so it holds after a reload, through the HTTP fallback and from a 409 alike; the version
 * that goes out as the base is always the one whose values the agent has been shown.
 */
import type { Action, Customer, FieldValue, Person, ServerConflict } from "./model";

export interface DraftField {
  readonly base: FieldValue;
  readonly value: FieldValue;
}

export type Draft = Readonly<Record<string, DraftField>>;

export interface Conflict {
  readonly field: string;
  readonly base: FieldValue;
  readonly theirs: FieldValue;
  readonly yours: FieldValue;
  /** Absent when the action that did it is not among the loaded ones. */
  readonly by?: { readonly actor: Person; readonly at: string | null; readonly offset: number };
}

export const NO_DRAFT: Draft = {};

const PLAIN_FIELDS = ["name", "email", "phone", "status", "priority", "assigned_to", "archived"] as const;
type PlainField = (typeof PLAIN_FIELDS)[number];

const isPlain = (field: string): field is PlainField => (PLAIN_FIELDS as readonly string[]).includes(field);

/** The value of `name`, `status`, … or `fields.plan`; a field that does not exist is null. */
export function readField(customer: Customer, field: string): FieldValue {
  if (isPlain(field)) return customer[field];
  return customer.fields[field.slice("fields.".length)] ?? null;
}

/** Whether two people's text can be put together. */
export function isText(field: string): boolean {
  return field === "name" || field === "email" || field === "phone" || field.startsWith("fields.");
}

/** Writes a wish into the draft; wishing for what is there already is no wish. */
export function setField(draft: Draft, customer: Customer, field: string, value: FieldValue): Draft {
  const live = readField(customer, field);
  if (value === live) return dropField(draft, field);
  return { ...draft, [field]: { base: draft[field]?.base ?? live, value } };
}

export function dropField(draft: Draft, field: string): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([key]) => key !== field));
}

export function isEmpty(draft: Draft): boolean {
  return Object.keys(draft).length === 0;
}

/** The fields that somebody else changed since the draft began. */
export function conflictsIn(
  draft: Draft,
  customer: Customer,
  actions: readonly Action[],
  reported: readonly ServerConflict[] = [],
): readonly Conflict[] {
  const conflicts: Conflict[] = [];
  for (const [field, { base, value }] of Object.entries(draft)) {
    const theirs = readField(customer, field);
    if (theirs === base || theirs === value) continue;
    const by = whoChanged(field, actions, reported);
    conflicts.push({ field, base, theirs, yours: value, ...(by && { by }) });
  }
  return conflicts;
}

function whoChanged(
  field: string,
  actions: readonly Action[],
  reported: readonly ServerConflict[],
): Conflict["by"] | null {
  const action = actions.findLast(({ changes }) => field in changes);
  if (action) return { actor: action.actor, at: action.created_at, offset: action.offset };
  const conflict = reported.find((one) => one.field === field);
  return conflict ? { actor: conflict.actor, at: null, offset: conflict.offset } : null;
}

/** Keeps the wish, knowing what it will overwrite. */
export function keepMine(draft: Draft, customer: Customer, field: string): Draft {
  const wish = draft[field];
  return wish ? { ...draft, [field]: { base: readField(customer, field), value: wish.value } } : draft;
}

export const takeTheirs = dropField;

/** Replaces the wish by a merged text, knowing what it will overwrite. */
export function mergeInto(draft: Draft, customer: Customer, field: string, text: string): Draft {
  const rest = dropField(draft, field);
  return setField(rest, customer, field, text);
}

/** Drops the wishes that have come true, for example by this agent's own write. */
export function settle(draft: Draft, customer: Customer): Draft {
  const open = Object.entries(draft).filter(([field, { value }]) => readField(customer, field) !== value);
  return open.length === Object.keys(draft).length ? draft : Object.fromEntries(open);
}

/** The `changes` of a request. */
export function toChanges(draft: Draft): Readonly<Record<string, unknown>> {
  const changes: Record<string, unknown> = {};
  const inner: Record<string, FieldValue> = {};
  for (const [field, { value }] of Object.entries(draft)) {
    if (isPlain(field)) changes[field] = value;
    else inner[field.slice("fields.".length)] = value;
  }
  if (Object.keys(inner).length > 0) changes.fields = inner;
  return changes;
}
