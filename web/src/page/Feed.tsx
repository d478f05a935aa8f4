import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Pending } from "../domain/command";
import { hasOlder, layOut, unseenBy, type FeedEntry } from "../domain/feed";
import { dayName } from "../domain/times";
import type { Pad } from "../live/pad";
import type { Room, RoomState } from "../live/room";
import { texts } from "../texts";
import { Button } from "./Button";
import { CommentItem } from "./CommentItem";
import { EventItem } from "./EventItem";
import { useNow, useStore, useWorkplace } from "./hooks";
import { ChevronIcon } from "./icons";
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
  useSeen(room, newest, atEnd, phase === "ready");
  useKeptPlace(scroller, newest, atEnd);

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
  const jump = useCallback(() => scroller.current?.scrollTo({ top: 0, behavior: "smooth" }), []);
  useEffect(() => {
    if (waiting.length > 0) scroller.current?.scrollTo({ top: 0 });
  }, [waiting.length]);

  const isUnanswered = (one: Pending) => !items.some(({ command_id }) => command_id === one.id);
  const unseen = atEnd ? 0 : unseenBy(items, me.id, room.seen).length;
  return (
    <div className="feed-frame">
      <div className="feed-scroll" ref={scroller} onScroll={scrolled} tabIndex={0} role="log" aria-label={texts.feed.label} aria-live="polite" data-testid="feed">
        <div className="feed">
          {phase === "ready" && !hasOlder(items) && <p className="feed-beginning">{texts.feed.beginning}</p>}
          {loadingOlder && (
            <p className="feed-beginning" role="status">
              {texts.feed.older}
            </p>
          )}
          {phase === "loading" && items.length === 0 && <FeedSkeleton />}
          {entries.map((entry) => (
            <Entry key={entry.key} entry={entry} room={room} items={items} now={now} onReply={reply} />
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

interface EntryProps {
  readonly entry: FeedEntry;
  readonly room: Room;
  readonly items: RoomState["items"];
  readonly now: number;
  readonly onReply: (offset: number) => void;
}

function Entry({ entry, room, items, now, onReply }: EntryProps) {
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
      const to = entry.action.reply_to;
      const answered = to === null ? undefined : items.find(({ offset }) => offset === to);
      return <CommentItem {...entry} customerId={room.id} answered={answered} time={now} onReply={onReply} />;
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

/** Marks as seen what the agent looks at: at once what was there, after a moment what arrives. */
function useSeen(room: Room, newest: number, atEnd: boolean, ready: boolean): void {
  const first = useRef(true);
  const { work } = useWorkplace();
  useEffect(() => {
    if (!ready || !atEnd || newest === 0) return;
    const look = () => {
      if (document.visibilityState !== "visible") return;
      room.see(newest);
      work.markRead(room.id);
    };
    const timer = setTimeout(look, first.current ? 0 : DWELL_MS);
    first.current = false;
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [room, work, newest, atEnd, ready]);
}

/** While the agent reads further up, what arrives below must not push the text away. */
function useKeptPlace(scroller: React.RefObject<HTMLDivElement | null>, newest: number, atEnd: boolean): void {
  const before = useRef({ newest: 0, height: 0 });
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const grown = box.scrollHeight - before.current.height;
    // Older history grows the feed above, where nothing moves; only a new newest entry pushes.
    const isPushed = newest !== before.current.newest && before.current.newest > 0;
    if (isPushed && !atEnd && grown > 0) box.scrollTop -= grown;
    before.current = { newest, height: box.scrollHeight };
  });
}
