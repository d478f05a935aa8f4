/** Going to one action of a customer's feed, wherever in the history it is. */
import { useEffect, useEffectEvent, useRef } from "react";
import type { Action } from "../domain/model";
import type { Room } from "../live/room";

const SHOWN_MS = 2_500;

/**
 * Loads history until the action is there, then brings it into sight and marks it for a moment.
 *
 * @param onShown - called when that moment is over.
 */
export function useJump(room: Room, items: readonly Action[], offset: number | null, onShown?: () => void): void {
  const reached = useRef<number | null>(null);
  const first = items[0]?.offset;
  const target = items.find((action) => action.offset === offset);
  const isLoaded = target !== undefined;
  // Edits and deletions show in the comment that they concern.
  const isEdit = target?.kind === "comment_edited" || target?.kind === "comment_deleted";
  const shown = isEdit ? target.reply_to : offset;
  const done = useEffectEvent(() => onShown?.());
  useEffect(() => {
    if (offset === null) reached.current = null;
    if (offset === null || reached.current === offset || first === undefined) return;
    if (!isLoaded) {
      if (first > offset) void room.loadOlder();
      return;
    }
    reached.current = offset;
    const found = document.querySelector<HTMLElement>(`[data-testid=feed] [data-offset="${shown}"]`);
    if (!found) return;
    found.scrollIntoView({ block: "center" });
    found.dataset.pointed = "";
    const timer = setTimeout(() => {
      delete found.dataset.pointed;
      done();
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
      delete found.dataset.pointed;
    };
  }, [room, first, offset, shown, isLoaded]);
}
