/** The feed of one customer: actions by offset, merged from history, live and replies. */
import type { Action, Person } from "./model";

/**
 * Merges actions into an ascending list, each offset once.
 * An action that is already there stays as it is: actions never change after their commit.
 */
export function mergeActions(known: readonly Action[], arrived: readonly Action[]): readonly Action[] {
  const last = known.at(-1)?.offset ?? 0;
  const fresh = arrived.filter((action) => action.offset > last || !holds(known, action.offset));
  if (fresh.length === 0) return known;
  const merged = new Map<number, Action>();
  for (const action of [...known, ...fresh]) {
    if (!merged.has(action.offset)) merged.set(action.offset, action);
  }
  return [...merged.values()].sort((a, b) => a.offset - b.offset);
}

function holds(items: readonly Action[], offset: number): boolean {
  let low = 0;
  let high = items.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = items[middle]?.offset ?? 0;
    if (found === offset) return true;
    if (found < offset) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** The last offset before the first hole in the list, or null when it has none. */
export function holeAfter(items: readonly Action[]): number | null {
  for (let i = 1; i < items.length; i += 1) {
    const before = items[i - 1]?.offset ?? 0;
    if ((items[i]?.offset ?? 0) !== before + 1) return before;
  }
  return null;
}

/** Whether history before the first known action exists. */
export function hasOlder(items: readonly Action[]): boolean {
  return (items[0]?.offset ?? 1) > 1;
}

/** Actions by others after `seen`: what the send guard holds back for. */
export function unseenBy(items: readonly Action[], me: number, seen: number): readonly Action[] {
  return items.filter((action) => action.offset > seen && action.actor.id !== me);
}

/** The offset of the first loaded action by others after the read mark, or null if there is none. */
export function firstUnread(items: readonly Action[], me: number, readUpTo: number): number | null {
  return unseenBy(items, me, readUpTo)[0]?.offset ?? null;
}

/** A comment as it reads now, after its edits and deletion. */
export interface CommentNow {
  readonly body: string | null;
  readonly edited: boolean;
  readonly deleted: boolean;
}

export type FeedEntry =
  | { readonly type: "day"; readonly key: string; readonly at: string }
  | { readonly type: "unread"; readonly key: string }
  | {
      readonly type: "comment";
      readonly key: string;
      readonly action: Action;
      readonly now: CommentNow;
      readonly continued: boolean;
    }
  | { readonly type: "events"; readonly key: string; readonly actor: Person; readonly actions: readonly Action[] };

const TOGETHER_MS = 5 * 60_000;

/**
 * Lays the feed out for reading: a line per day, comments of one author in a row belong together,
 * and so do the changes that one agent makes within five minutes. Edits and deletions are not lines
 * of their own: they show in the comment that they concern.
 */
export function layOut(items: readonly Action[], unreadFrom: number | null): readonly FeedEntry[] {
  const versions = commentsNow(items);
  const entries: FeedEntry[] = [];
  let day = "";
  let before: Action | undefined;
  for (const action of items) {
    if (action.kind === "comment_edited" || action.kind === "comment_deleted") continue;
    const today = localDay(action.created_at);
    if (today !== day) {
      entries.push({ type: "day", key: `day-${today}`, at: action.created_at });
      day = today;
      before = undefined;
    }
    if (action.offset === unreadFrom) {
      entries.push({ type: "unread", key: "unread" });
      before = undefined;
    }
    place(entries, action, before, versions);
    before = action;
  }
  return entries;
}

function place(
  entries: FeedEntry[],
  action: Action,
  before: Action | undefined,
  versions: ReadonlyMap<number, CommentNow>,
): void {
  const together = before !== undefined && belongsTo(before, action);
  if (action.kind === "comment") {
    const now = versions.get(action.offset) ?? { body: action.body, edited: false, deleted: false };
    const continued = together && before.kind === "comment" && action.reply_to === null;
    entries.push({ type: "comment", key: `a${action.offset}`, action, now, continued });
    return;
  }
  const last = entries.at(-1);
  if (together && last?.type === "events") {
    entries[entries.length - 1] = { ...last, actions: [...last.actions, action] };
    return;
  }
  entries.push({ type: "events", key: `a${action.offset}`, actor: action.actor, actions: [action] });
}

function belongsTo(before: Action, action: Action): boolean {
  const apart = Date.parse(action.created_at) - Date.parse(before.created_at);
  return before.actor.id === action.actor.id && apart < TOGETHER_MS;
}

/** Edits and deletions name their comment in `reply_to`. */
function commentsNow(items: readonly Action[]): ReadonlyMap<number, CommentNow> {
  const now = new Map<number, CommentNow>();
  for (const action of items) {
    if (action.reply_to === null) continue;
    if (action.kind === "comment_edited") {
      now.set(action.reply_to, { body: action.body, edited: true, deleted: false });
    } else if (action.kind === "comment_deleted") {
      now.set(action.reply_to, { body: null, edited: false, deleted: true });
    }
  }
  return now;
}

function localDay(at: string): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
