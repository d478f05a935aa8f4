/** A write on its way to the server, and what its answer means for it. */
import type { Customer, Problem } from "./model";

export type Command =
  | {
      readonly method: "comment.add";
      readonly data: {
        readonly customer_id: number;
        readonly body: string;
        readonly reply_to?: number;
        readonly seen_offset?: number;
      };
    }
  | {
      readonly method: "comment.edit";
      readonly data: { readonly customer_id: number; readonly offset: number; readonly body: string };
    }
  | {
      readonly method: "comment.delete";
      readonly data: { readonly customer_id: number; readonly offset: number };
    }
  | {
      readonly method: "customer.update";
      readonly data: {
        readonly customer_id: number;
        readonly base_version: number;
        readonly changes: Readonly<Record<string, unknown>>;
      };
    };

/** `waiting` for a connection or its turn, `sending`, or `refused` with the reason. */
export type CommandState = "waiting" | "sending" | "refused";

export interface Pending {
  /** The `command_id`: stays the same however often the command is sent. */
  readonly id: string;
  readonly command: Command;
  readonly madeAt: string;
  readonly state: CommandState;
  readonly problem?: Problem;
}

export interface HttpCall {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The same command as a request, for when there is no socket. */
export function asHttp(command: Command, id: string): HttpCall {
  const base = `/api/customers/${command.data.customer_id}`;
  const { customer_id: _, ...rest } = command.data;
  const body: Record<string, unknown> = { ...rest, command_id: id };
  switch (command.method) {
    case "comment.add":
      return { method: "POST", path: `${base}/comments`, body };
    case "comment.edit":
      return {
        method: "PATCH",
        path: `${base}/comments/${command.data.offset}`,
        body: { body: command.data.body, command_id: id },
      };
    case "comment.delete":
      // A DELETE has no body to carry the id.
      return { method: "DELETE", path: `${base}/comments/${command.data.offset}`, headers: { "Idempotency-Key": `"${id}"` } };
    case "customer.update":
      return { method: "PATCH", path: base, body };
  }
}

/** The customer as it will be if the updates on their way go through, for showing them at once. */
export function foreseen(customer: Customer, pending: readonly Pending[]): Customer {
  return pending.reduce((now, { command, state }) => {
    const isOnItsWay = state !== "refused" && command.data.customer_id === customer.id;
    if (!isOnItsWay || command.method !== "customer.update") return now;
    const { fields, ...plain } = command.data.changes as { readonly fields?: Customer["fields"] };
    return { ...now, ...plain, fields: { ...now.fields, ...fields } };
  }, customer);
}

/** The fields of a customer whose new values are on their way. */
export function fieldsOnTheirWay(customerId: number, pending: readonly Pending[]): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const { command, state } of pending) {
    if (state === "refused" || command.method !== "customer.update" || command.data.customer_id !== customerId) continue;
    for (const field of changedFields(command.data.changes)) fields.add(field);
  }
  return fields;
}

/** Statuses after which the outcome is unknown or may change: ask again with the same id. */
export function mayRetry(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/** A UUID; `crypto.randomUUID` exists only where the page came over TLS or from this machine. */
export function commandId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * A waiting update after this agent's own earlier one was accepted: without this the second of two quick
 * changes would conflict with the first. The base moves only where nobody else can have come in between.
 */
export function rebase(waiting: Command, done: Command, reached: number): Command {
  if (waiting.method !== "customer.update" || done.method !== "customer.update") return waiting;
  if (waiting.data.customer_id !== done.data.customer_id || waiting.data.base_version >= reached) return waiting;
  const nobodyBetween = waiting.data.base_version === reached - 1;
  const doneFields = changedFields(done.data.changes);
  // What the earlier update changed was checked by the server up to the version that it reached.
  const covered = changedFields(waiting.data.changes).every((field) => doneFields.includes(field));
  if (!nobodyBetween && !covered) return waiting;
  return { ...waiting, data: { ...waiting.data, base_version: reached } };
}

/** The names of the changed fields, `fields.plan` for inner ones. */
export function changedFields(changes: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(changes).flatMap(([name, value]) =>
    name === "fields" ? Object.keys(value as object).map((key) => `fields.${key}`) : [name],
  );
}
