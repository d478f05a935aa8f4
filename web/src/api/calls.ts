/** The calls of the contract that the page makes, one function each. */
import type { Counts } from "../domain/counts";
import { requestQuery, type Listing } from "../domain/listing";
import type { Notice } from "../domain/inbox";
import type { Action, ActionPage, Agent, Customer, PresenceReport, Problem, Role, RowPage, Status } from "../domain/model";
import type { SystemState } from "../domain/system";
import type { Http } from "./http";

export interface BulkResult {
  readonly customer_id: number;
  readonly status: number;
  readonly customer?: Customer | null;
  readonly action?: Action | null;
  readonly problem?: Problem;
}

export interface NoticePage {
  readonly offset: number;
  readonly read_offset: number;
  readonly items: readonly Notice[];
}

/** One agent's work, or that of nobody. */
export interface Work {
  readonly agent_id: number | null;
  readonly online: boolean;
  readonly counts: Readonly<Record<Status, number>>;
}

export interface Workload {
  /** False while it is only known who is connected to one of the processes. */
  readonly complete: boolean;
  readonly items: readonly Work[];
}

export interface AgentChange {
  readonly name?: string;
  readonly role?: Role;
  readonly active?: boolean;
  readonly password?: string;
}

/** The caller, and what it may do, by name. */
export interface Me extends Agent {
  readonly permissions: readonly string[];
}

export class Calls {
  constructor(private readonly http: Http) {}

  me(): Promise<Me> {
    return this.http.ask("/api/me");
  }

  async agents(): Promise<readonly Agent[]> {
    return (await this.http.ask<{ items: readonly Agent[] }>("/api/agents")).items;
  }

  addAgent(agent: { readonly username: string; readonly name: string; readonly role: Role; readonly password: string }): Promise<Agent> {
    return this.http.ask("/api/agents", { method: "POST", body: agent });
  }

  changeAgent(id: number, change: AgentChange): Promise<Agent> {
    return this.http.ask(`/api/agents/${id}`, { method: "PATCH", body: change });
  }

  workload(signal?: AbortSignal): Promise<Workload> {
    return this.http.ask("/api/workload", { signal });
  }

  system(signal?: AbortSignal): Promise<SystemState> {
    return this.http.ask("/api/system", { signal });
  }

  rows(listing: Listing, cursor: string | null, signal?: AbortSignal): Promise<RowPage> {
    return this.http.ask(`/api/customers?${requestQuery(listing, cursor)}`, { signal });
  }

  /** By status, archived ones aside. */
  counts(assignee: string, signal?: AbortSignal): Promise<Counts> {
    const query = assignee === "all" ? "" : `?assigned_to=${assignee}`;
    return this.http.ask(`/api/customers/counts${query}`, { signal });
  }

  customer(id: number, signal?: AbortSignal): Promise<Customer> {
    return this.http.ask(`/api/customers/${id}`, { signal });
  }

  /** The newest actions, or those before an offset; descending, as the server sends them. */
  history(id: number, before: number | null, limit: number, signal?: AbortSignal): Promise<ActionPage> {
    const from = before === null ? "" : `&before=${before}`;
    return this.http.ask(`/api/customers/${id}/actions?limit=${limit}${from}`, { signal });
  }

  /** The actions after an offset, ascending; with `wait` (seconds) the answer may take that long. */
  since(id: number, after: number, wait: number, signal?: AbortSignal): Promise<ActionPage> {
    const patience = wait > 0 ? `&wait=${wait}` : "";
    return this.http.ask(`/api/customers/${id}/actions?after=${after}&limit=100${patience}`, { signal });
  }

  presence(id: number, signal?: AbortSignal): Promise<PresenceReport> {
    return this.http.ask(`/api/customers/${id}/presence`, { signal });
  }

  read(id: number, offset: number): Promise<void> {
    return this.http.ask(`/api/customers/${id}/read`, { method: "POST", body: { offset } });
  }

  /** The newest notices, those before an offset (both newest first), or those after one, ascending. */
  notices(from: { readonly before?: number; readonly after?: number }, limit: number): Promise<NoticePage> {
    const query = new URLSearchParams({ limit: String(limit) });
    for (const [name, offset] of Object.entries(from)) query.set(name, String(offset));
    return this.http.ask(`/api/notices?${query}`);
  }

  markNoticesRead(offset: number): Promise<void> {
    return this.http.ask("/api/notices/read", { method: "POST", body: { offset } });
  }

  /** One result per customer; the same `command_id` does only what is left to do. */
  async bulk(ids: readonly number[], changes: Readonly<Record<string, unknown>>, id: string): Promise<readonly BulkResult[]> {
    const body = { customer_ids: ids, changes, command_id: id };
    return (await this.http.ask<{ items: BulkResult[] }>("/api/customers/bulk", { method: "POST", body })).items;
  }
}
