/** The agent's notices, newest first, and which of them have been read. */
import type { Action } from "./model";

export type NoticeType = "assigned" | "unassigned" | "mentioned" | "replied";

export interface Notice {
  /** Its number among the agent's notices: 1, 2, 3, … without gaps. */
  readonly offset: number;
  readonly type: NoticeType;
  readonly customer_id: number;
  /** Null where the agent may not see the customer any more; absent while it has not been asked for. */
  readonly customer_name?: string | null;
  readonly action: Action;
}

export interface Inbox {
  readonly items: readonly Notice[];
  /** The latest notice there is. */
  readonly top: number;
  /** Everything up to here has been read: what the server keeps. */
  readonly mark: number;
  /** What was read beyond the mark, one by one: kept in the browser until the mark reaches it. */
  readonly read: readonly number[];
}

export const EMPTY: Inbox = { items: [], top: 0, mark: 0, read: [] };

/** Takes in notices, each once, in whatever order they come. */
export function receive(inbox: Inbox, notices: readonly Notice[]): Inbox {
  const fresh = notices.filter(({ offset }) => !inbox.items.some((known) => known.offset === offset));
  if (fresh.length === 0) return inbox;
  const items = [...inbox.items, ...fresh].sort((a, b) => b.offset - a.offset);
  return { ...inbox, items, top: Math.max(inbox.top, items[0]?.offset ?? 0) };
}

/** Puts the names of the customers to the notices that came without. */
export function named(inbox: Inbox, notices: readonly Notice[]): Inbox {
  const names = new Map(notices.map(({ offset, customer_name: name }) => [offset, name]));
  const name = (notice: Notice): Notice => {
    const found = names.get(notice.offset);
    return found === undefined ? notice : { ...notice, customer_name: found };
  };
  return { ...inbox, items: inbox.items.map(name) };
}

/** Whether notices are missing between the latest and those that are loaded. */
export function hasHole({ items, top }: Inbox): boolean {
  const first = items[0]?.offset ?? 0;
  const last = items.at(-1)?.offset ?? 0;
  return items.length > 0 && (first !== top || first - last + 1 !== items.length);
}

export function hasOlder({ items }: Inbox): boolean {
  return (items.at(-1)?.offset ?? 1) > 1;
}

export function isRead({ mark, read }: Inbox, offset: number): boolean {
  return offset <= mark || read.includes(offset);
}

export function unread({ top, mark, read }: Inbox): number {
  return Math.max(0, top - mark - read.length);
}

/** One has been read; where it closes the gap, the mark moves. */
export function markRead(inbox: Inbox, offset: number): Inbox {
  return isRead(inbox, offset) ? inbox : moved(inbox, inbox.mark, [...inbox.read, offset]);
}

export function markAllRead(inbox: Inbox): Inbox {
  return moved(inbox, inbox.top, []);
}

/** The mark as somebody else, another window or device, has moved it. */
export function marked(inbox: Inbox, mark: number, read: readonly number[] = inbox.read): Inbox {
  return moved(inbox, Math.max(mark, inbox.mark), read);
}

function moved(inbox: Inbox, from: number, beyond: readonly number[]): Inbox {
  const left = new Set(beyond.filter((offset) => offset > from && offset <= inbox.top));
  let mark = from;
  while (left.delete(mark + 1)) mark += 1;
  return { ...inbox, mark, read: [...left].sort((a, b) => a - b) };
}
