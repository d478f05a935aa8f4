/** A list of customers: what is asked for (kept in the address bar) and how live changes enter it. */
import { matchesAll, searchWords } from "./highlight";
import { PRIORITIES, STATUSES, type Customer, type Priority, type Row, type RowPage, type Status } from "./model";

export const SORTS = ["-updated_at", "updated_at", "name", "-name"] as const;
export type Sort = (typeof SORTS)[number];

export interface Listing {
  /** `me`, `none` (nobody's), `all`, or an agent's id. */
  readonly assignee: string;
  readonly statuses: readonly Status[];
  readonly priorities: readonly Priority[];
  /** Only customers with actions that the agent has not read. */
  readonly unread: boolean;
  readonly archived: boolean;
  readonly search: string;
  readonly sort: Sort;
}

export const MY_WORK: Listing = {
  assignee: "me",
  statuses: [],
  priorities: [],
  unread: false,
  archived: false,
  search: "",
  sort: "-updated_at",
};

/** Reads a listing from the address bar; what makes no sense there is ignored. */
export function listingFrom(query: URLSearchParams): Listing {
  const statuses = (query.get("status") ?? "").split(",");
  const priorities = (query.get("priority") ?? "").split(",");
  const assignee = query.get("assigned_to") ?? "me";
  const sort = query.get("sort");
  return {
    assignee: /^(me|none|all|\d+)$/.test(assignee) ? assignee : "me",
    statuses: STATUSES.filter((status) => statuses.includes(status)),
    priorities: PRIORITIES.filter((priority) => priorities.includes(priority)),
    unread: query.get("unread") === "true",
    archived: query.get("archived") === "true",
    search: query.get("q") ?? "",
    sort: SORTS.find((known) => known === sort) ?? "-updated_at",
  };
}

/** Writes a listing into the address bar; defaults stay out of it. */
export function listingQuery(listing: Listing): string {
  const query = new URLSearchParams();
  if (listing.assignee !== "me") query.set("assigned_to", listing.assignee);
  if (listing.statuses.length > 0) query.set("status", listing.statuses.join(","));
  if (listing.priorities.length > 0) query.set("priority", listing.priorities.join(","));
  if (listing.unread) query.set("unread", "true");
  if (listing.archived) query.set("archived", "true");
  if (listing.search) query.set("q", listing.search);
  if (listing.sort !== "-updated_at") query.set("sort", listing.sort);
  // A comma is legal in a query, and an address that people share should be readable.
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/** The query of `GET /api/customers`. */
export function requestQuery(listing: Listing, cursor: string | null): string {
  const query = new URLSearchParams({ archived: String(listing.archived), sort: listing.sort });
  if (listing.assignee !== "all") query.set("assigned_to", listing.assignee);
  if (listing.statuses.length > 0) query.set("status", listing.statuses.join(","));
  if (listing.priorities.length > 0) query.set("priority", listing.priorities.join(","));
  if (listing.unread) query.set("unread", "true");
  if (listing.search) query.set("q", listing.search);
  if (cursor) query.set("cursor", cursor);
  return query.toString();
}

/** What narrows a listing beyond whose work it shows. */
export function isNarrowed({ statuses, priorities, unread, search }: Listing): boolean {
  return statuses.length > 0 || priorities.length > 0 || unread || search !== "";
}

/**
 * Whether a customer belongs to a listing; `null` for "it stays if it is there": the server may find more
 * than we do, and what one reads must not vanish from the unread ones under one's eyes.
 */
export function belongs(listing: Listing, row: Row, me: number): boolean | null {
  if (row.archived !== listing.archived) return false;
  if (listing.statuses.length > 0 && !listing.statuses.includes(row.status)) return false;
  if (listing.priorities.length > 0 && !listing.priorities.includes(row.priority)) return false;
  if (!assigneeFits(listing.assignee, row.assigned_to, me)) return false;
  if (listing.unread && row.unread === 0) return null;
  return matchesAll([row.name, row.ref, row.email], searchWords(listing.search)) ? true : null;
}

/** Whether work of this assignee is shown by a listing of `wanted`. */
export function assigneeFits(wanted: string, actual: number | null, me: number): boolean {
  if (wanted === "all") return true;
  if (wanted === "none") return actual === null;
  return actual === (wanted === "me" ? me : Number(wanted));
}

/** How much of a customer is unread once it is heard of. As for the server, one's own step from all read is read. */
export function unreadAfter(loaded: Row | undefined, customer: Customer, isOwn: boolean): number {
  const before = loaded ?? { offset: customer.offset - 1, unread: 0 };
  const missed = Math.max(0, customer.offset - before.offset);
  return isOwn && before.unread === 0 && missed <= 1 ? 0 : before.unread + missed;
}

/** Compares as the server sorts: the sort key, then the id in the same direction. */
export function compare(sort: Sort, a: Customer, b: Customer): number {
  const [first, second] = [sortKey(sort, a), sortKey(sort, b)];
  const order = first < second ? -1 : first > second ? 1 : a.id - b.id;
  return sort.startsWith("-") ? -order : order;
}

function sortKey(sort: Sort, customer: Customer): string {
  return sort.endsWith("name") ? customer.name.toLowerCase() : customer.updated_at;
}

/** Takes a customer out of the loaded pages; pages that do not hold it stay the same objects. */
export function removeRow(pages: readonly RowPage[], id: number): readonly RowPage[] {
  if (!pages.some((page) => page.items.some((row) => row.id === id))) return pages;
  return pages.map((page) =>
    page.items.some((row) => row.id === id) ? { ...page, items: page.items.filter((row) => row.id !== id) } : page,
  );
}

/** The loaded row of a customer. */
export function findRow(pages: readonly RowPage[], id: number): Row | undefined {
  for (const page of pages) {
    const row = page.items.find((item) => item.id === id);
    if (row) return row;
  }
  return undefined;
}

/**
 * Puts a changed customer where the list's order wants it. One that sorts after everything loaded is
 * left out while there are further pages: it comes with its page. An older state than the loaded one
 * is ignored, so that late messages cannot turn a row back.
 */
export function placeRow(pages: readonly RowPage[], row: Row, listing: Listing, me: number): readonly RowPage[] {
  const loaded = findRow(pages, row.id);
  if (loaded && loaded.offset > row.offset) return pages;
  const fits = belongs(listing, row, me) ?? loaded !== undefined;
  const rest = removeRow(pages, row.id);
  if (!fits) return rest;
  for (const [index, page] of rest.entries()) {
    const at = page.items.findIndex((item) => compare(listing.sort, row, item) < 0);
    const isEnd = index === rest.length - 1 && page.next_cursor === null;
    if (at < 0 && !isEnd) continue;
    const items = at < 0 ? [...page.items, row] : page.items.toSpliced(at, 0, row);
    return rest.map((other) => (other === page ? { ...page, items } : other));
  }
  return rest;
}
