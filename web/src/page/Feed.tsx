import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import type { Pending } from "../domain/command";
import { hasOlder, layOut, unseenBy, type CommentNow, type FeedEntry } from "../domain/feed";
import type { Action } from "../domain/model";
import { dayName } from "../domain/times";
import type { Pad } from "../live/pad";
import type { Room, RoomState } from "../live/room";
import { texts } from "../texts";
import { Button } from "./Button";
import { CommentItem } from "./CommentItem";
import { EventItem } from "./EventItem";
import { useNow, useStore, useWorkplace } from "./hooks";
import { ChevronIcon } from "./icons";
import { useJump } from "./jump";
import { PendingComment } from "./PendingComment";

interface Props {
  readonly room: Room;
  readonly pad: Pad;
  readonly state: RoomState;
}

/** Nearer to the newest than this counts as looking at it. */
const AT_END_PX = 48;
const OLDER_PX = 400;
/** What arrives under one's eyes is seen after this long. */
const DWELL_MS = 1_500;

/**
 * The feed, newest below. The scrolling box is laid out from its bottom (`column-reverse`), so the newest
 * stays in sight when something arrives and the place is kept when older history comes in above.
 */
export function Feed({ room, pad, state }: Props) {
  const { me, outbox } = useWorkplace();
  const { items, unreadFrom, loadingOlder, phase } = state;
  const pending = useStore(outbox.pending);
  const now = useNow();
  const scroller = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const entries = useMemo(() => layOut(items, unreadFrom), [items, unreadFrom]);
  const waiting = useMemo(() => pending.filter((one) => isOwnComment(one, room.id)), [pending, room.id]);
  const newest = items.at(-1)?.offset ?? 0;
  const { body } = useStore(pad.state);
  const isWriting = body.trim() !== "";
  useSeen(room, newest, atEnd, phase === "ready", isWriting);
  useKeptPlace(scroller, newest, atEnd);
  // Whoever turns to the feed has seen what is in it.
  const looked = useCallback(() => {
    if (atEnd) room.see(newest);
  }, [room, newest, atEnd]);

  const scrolled = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    // Laid out from the bottom, `scrollTop` is 0 there and negative above.
    setAtEnd(-box.scrollTop < AT_END_PX);
    if (box.scrollHeight - box.clientHeight + box.scrollTop < OLDER_PX) void room.loadOlder();
  }, [room]);
  // A short first page may leave room above it.
  useEffect(scrolled, [scrolled, items.length, phase]);
  const reply = useCallback((offset: number) => pad.reply(offset), [pad]);
  const jump = useCallback(() => void scroller.current?.scrollTo({ top: 0, behavior: "smooth" }), []);
  const [aim, setAim] = useState<number | null>(null);
  useJump(room, items, aim, () => setAim(null));
  useEffect(() => {
    if (waiting.length > 0) void scroller.current?.scrollTo({ top: 0 });
  }, [waiting.length]);
  const comments = useMemo(() => commentsOf(entries), [entries]);
  const rewrites = useMemo(() => rewritesOf(pending, room.id), [pending, room.id]);

  const isUnanswered = (one: Pending) => !items.some(({ command_id }) => command_id === one.id);
  const unseen = atEnd ? 0 : unseenBy(items, me.id, state.seen).length;
  return (
    <div className="feed-frame">
      <div
        className="feed-scroll"
        ref={scroller}
        onScroll={scrolled}
        onPointerDown={looked}
        onWheel={looked}
        tabIndex={0}
        role="log"
        aria-label={texts.feed.label}
        aria-live="polite"
        data-testid="feed"
      >
        <div className="feed">
          {phase === "ready" && !hasOlder(items) && <p className="feed-beginning">{texts.feed.beginning}</p>}
          {loadingOlder && (
            <p className="feed-beginning" role="status">
              {texts.feed.older}
            </p>
          )}
          {phase === "loading" && items.length === 0 && <FeedSkeleton />}
          {entries.map((entry) => (
            <Entry
              key={entry.key}
              entry={entry}
              customerId={room.id}
              comments={comments}
              rewrites={rewrites}
              now={now}
              onReply={reply}
              onJump={setAim}
            />
          ))}
          {waiting.filter(isUnanswered).map((one) => (
            <PendingComment key={one.id} pending={one} pad={pad} />
          ))}
        </div>
      </div>
      {!atEnd && (
        <Button className="jump" onPress={jump} aria-label={texts.feed.jump}>
          {unseen > 0 && <span>{texts.feed.newer(unseen)}</span>}
          <ChevronIcon />
        </Button>
      )}
    </div>
  );
}

function isOwnComment({ command, state, problem }: Pending, customerId: number): boolean {
  if (command.method !== "comment.add" || command.data.customer_id !== customerId) return false;
  // Those that the send guard holds back are shown by the comment box.
  return !(state === "refused" && problem?.type.endsWith("/unseen-actions"));
}

type Comments = ReadonlyMap<number, { readonly action: Action; readonly now: CommentNow }>;

function commentsOf(entries: readonly FeedEntry[]): Comments {
  return new Map(entries.flatMap((entry) => (entry.type === "comment" ? [[entry.action.offset, entry]] : [])));
}

/** Changes of comments that the server has not accepted yet, the last one per comment. */
function rewritesOf(pending: readonly Pending[], customerId: number): ReadonlyMap<number, Pending> {
  const found = new Map<number, Pending>();
  for (const one of pending) {
    const { method, data } = one.command;
    if (data.customer_id !== customerId) continue;
    if (method === "comment.edit" || method === "comment.delete") found.set(data.offset, one);
  }
  return found;
}

interface EntryProps {
  readonly entry: FeedEntry;
  readonly customerId: number;
  readonly comments: Comments;
  readonly rewrites: ReadonlyMap<number, Pending>;
  readonly now: number;
  readonly onReply: (offset: number) => void;
  readonly onJump: (offset: number) => void;
}

function Entry({ entry, customerId, comments, rewrites, now, onReply, onJump }: EntryProps) {
  switch (entry.type) {
    case "day":
      return (
        <h2 className="feed-day">
          <span>{dayName(entry.at, now)}</span>
        </h2>
      );
    case "unread":
      return (
        <p className="feed-unread" data-testid="unread-line">
          <span>{texts.feed.unread}</span>
        </p>
      );
    case "comment": {
      const { offset, reply_to: to } = entry.action;
      return (
        <CommentItem
          {...entry}
          customerId={customerId}
          answered={to === null ? undefined : comments.get(to)}
          rewrite={rewrites.get(offset)}
          time={now}
          onReply={onReply}
          onJump={onJump}
        />
      );
    }
    case "events":
      return <EventItem actions={entry.actions} actor={entry.actor} now={now} />;
  }
}

function FeedSkeleton() {
  return (
    <div className="skeletons" aria-hidden="true">
      {Array.from({ length: 5 }, (_, i) => (
        <div className="skeleton-row" key={i}>
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}

/**
 * Marks as seen what the agent looks at: at once what was there, after a moment what arrives. What arrives
 * while one writes is not seen by itself: the comment box tells of it.
 */
function useSeen(room: Room, newest: number, atEnd: boolean, ready: boolean, isWriting: boolean): void {
  const first = useRef(true);
  const { work } = useWorkplace();
  useEffect(() => {
    if (!ready || !atEnd || newest === 0) return;
    const look = () => {
      if (document.visibilityState !== "visible") return;
      if (!isWriting || isFirst) room.see(newest);
      work.markRead(room.id);
    };
    const isFirst = first.current;
    first.current = false;
    const timer = setTimeout(look, isFirst ? 0 : DWELL_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [room, work, newest, atEnd, ready, isWriting]);
}

/** While the agent reads further up, what arrives below must not push the text away. */
function useKeptPlace(scroller: RefObject<HTMLDivElement | null>, newest: number, atEnd: boolean): void {
  const before = useRef<{ readonly newest: number; readonly height: number } | null>(null);
  useLayoutEffect(() => {
    const box = scroller.current;
    // At the end nothing has to be kept, and measuring would cost a layout at each render.
    if (!box || atEnd) {
      before.current = null;
      return;
    }
    const was = before.current;
    const height = box.scrollHeight;
    // Older history grows the feed above, where nothing moves; only a new newest entry pushes.
    if (was && newest !== was.newest && height > was.height) box.scrollTop -= height - was.height;
    before.current = { newest, height };
  });
}
