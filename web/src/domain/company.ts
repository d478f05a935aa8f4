/** Who else is here: viewing, typing, editing. Courtesy only, so everything expires by itself. */
import type { EditingNotice, Person, PresenceReport } from "./model";

/** A lease lasts this long on the server; counting from arrival makes clock differences harmless. */
export const EDITING_MS = 30_000;
export const TYPING_MS = 5_000;

export interface Editor {
  readonly agent: Person;
  readonly fields: readonly string[] | null;
  readonly until: number;
}

export interface Company {
  /** By connection: one agent may look from two windows. */
  readonly clients: ReadonlyMap<string, Person>;
  readonly typing: ReadonlyMap<number, { readonly agent: Person; readonly until: number }>;
  readonly editors: ReadonlyMap<number, Editor>;
}

export const NOBODY: Company = { clients: new Map(), typing: new Map(), editors: new Map() };

export function joined(company: Company, client: string, agent: Person): Company {
  return { ...company, clients: new Map(company.clients).set(client, agent) };
}

export function left(company: Company, client: string): Company {
  const clients = new Map(company.clients);
  const agent = clients.get(client);
  clients.delete(client);
  if (!agent || [...clients.values()].some((other) => other.id === agent.id)) return { ...company, clients };
  return { clients, typing: without(company.typing, agent.id), editors: without(company.editors, agent.id) };
}

export function present(company: Company, clients: ReadonlyMap<string, Person>): Company {
  return { ...company, clients };
}

export function isTyping(company: Company, agent: Person, now: number): Company {
  return { ...company, typing: new Map(company.typing).set(agent.id, { agent, until: now + TYPING_MS }) };
}

/** What they wrote has arrived, so they are not typing it any more. */
export function stoppedTyping(company: Company, agentId: number): Company {
  return company.typing.has(agentId) ? { ...company, typing: without(company.typing, agentId) } : company;
}

export function isEditing(company: Company, notice: EditingNotice, now: number): Company {
  const editor = { agent: notice.agent, fields: notice.fields, until: now + EDITING_MS };
  return { ...company, editors: new Map(company.editors).set(notice.agent.id, editor) };
}

export function stoppedEditing(company: Company, agentId: number): Company {
  return company.editors.has(agentId) ? { ...company, editors: without(company.editors, agentId) } : company;
}

/** The company as `GET …/presence` reports it. */
export function reported(company: Company, report: PresenceReport, now: number): Company {
  const clients = new Map(report.viewing.map(({ agent, client }) => [client, agent]));
  const editors = new Map(
    report.editing.map(({ agent, fields }) => [agent.id, { agent, fields, until: now + EDITING_MS }]),
  );
  return { ...company, clients, editors };
}

/** Drops what has run out. */
export function expire(company: Company, now: number): Company {
  const typing = [...company.typing].filter(([, { until }]) => until > now);
  const editors = [...company.editors].filter(([, { until }]) => until > now);
  if (typing.length === company.typing.size && editors.length === company.editors.size) return company;
  return { ...company, typing: new Map(typing), editors: new Map(editors) };
}

/** The others who look at this customer, each once. */
export function viewers(company: Company, me: number): readonly Person[] {
  const people = new Map([...company.clients.values()].map((agent) => [agent.id, agent]));
  people.delete(me);
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function without<V>(map: ReadonlyMap<number, V>, key: number): ReadonlyMap<number, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
