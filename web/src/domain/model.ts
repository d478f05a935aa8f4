/** The words of the contract, as the server sends them (snake_case JSON). */

export const STATUSES = ["new", "open", "in_progress", "waiting", "resolved", "closed"] as const;
export type Status = (typeof STATUSES)[number];

export const PRIORITIES = ["urgent", "high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export type Role = "agent" | "supervisor" | "admin";

/** Anything JSON can hold in one field; the page edits text and shows the rest. */
export type FieldValue = string | number | boolean | null;

export interface Person {
  readonly id: number;
  readonly name: string;
}

export interface Agent extends Person {
  readonly username: string;
  readonly role: Role;
  readonly active: boolean;
}

export interface Customer {
  readonly id: number;
  readonly ref: string;
  readonly name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly status: Status;
  readonly priority: Priority;
  readonly assigned_to: number | null;
  readonly archived: boolean;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly version: number;
  readonly offset: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A customer as a line of a list. */
export interface Row extends Customer {
  readonly unread: number;
}

export type ActionKind =
  | "created"
  | "comment"
  | "comment_edited"
  | "comment_deleted"
  | "status_change"
  | "assignment"
  | "update"
  | "archive"
  | "unarchive";

export interface Change {
  readonly from: FieldValue;
  readonly to: FieldValue;
}

export interface Action {
  readonly id: number;
  readonly customer_id: number;
  readonly offset: number;
  readonly kind: ActionKind;
  readonly actor: Person;
  readonly body: string | null;
  readonly reply_to: number | null;
  readonly mentions: readonly number[];
  readonly changes: Readonly<Record<string, Change>>;
  readonly version: number;
  readonly command_id: string | null;
  readonly created_at: string;
}

/** One field of a 409: what it was, what they made of it, what we wanted. */
export interface ServerConflict {
  readonly field: string;
  readonly base: FieldValue;
  readonly yours: FieldValue;
  readonly theirs: FieldValue;
  readonly actor: Person;
  readonly offset: number;
}

/** An RFC 9457 problem document with the members our problems add. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly rule: string }[];
  readonly customer_id?: number;
  readonly base_version?: number;
  readonly current_version?: number;
  readonly conflicts?: readonly ServerConflict[];
  readonly customer?: Customer;
  readonly actions?: readonly Action[];
}

export interface ActionPage {
  readonly epoch: string;
  readonly offset: number;
  readonly items: readonly Action[];
}

export interface RowPage {
  readonly items: readonly Row[];
  readonly next_cursor: string | null;
}

export interface EditingNotice {
  readonly agent: Person;
  /** The edited fields; null when the editor did not say which. */
  readonly fields: readonly string[] | null;
  readonly base_version: number;
  readonly expires_at: string;
}

export interface PresenceReport {
  readonly viewing: readonly { readonly agent: Person; readonly client: string }[];
  readonly editing: readonly EditingNotice[];
}

/** What travels on `customer:<id>`. */
export type RoomPublication =
  | { readonly type: "action"; readonly action: Action; readonly customer: Partial<Customer> }
  | { readonly type: "typing"; readonly agent: Person }
  | ({ readonly type: "editing" } & EditingNotice)
  | { readonly type: "editing_ended"; readonly agent: Person };

/** What travels on `work:<agent id>`. */
export type WorkPublication =
  | { readonly type: "upsert"; readonly customer: Customer; readonly actor: Person }
  | { readonly type: "remove"; readonly customer: Pick<Customer, "id"> & Partial<Customer> }
  | { readonly type: "refresh" };

/** What travels on `agent:<id>`. */
export type AgentPublication =
  | {
      readonly type: "assigned" | "unassigned" | "mentioned" | "replied";
      readonly customer_id: number;
      readonly action: Action;
    }
  | {
      readonly type: "conflict";
      readonly cause: "overtaken" | "rejected";
      readonly command_id: string | null;
      readonly problem: Problem;
    }
  | { readonly type: "account"; readonly agent: Agent };
