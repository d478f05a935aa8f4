/** The part of a long list that is in sight: only that exists in the document, and more is loaded as one nears the end. */
import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, type RefObject } from "react";
import { usePlace } from "./usePlace";
import type { Rows } from "./useRows";

export const ROW_HEIGHT = 58;
/** So many rows before the end of what is loaded, more is asked for. */
const AHEAD = 40;

/**
 * @param at - the position of the row that has the keyboard: it is always there, so that the focus is never lost with it.
 * @param view - what the list shows; another one starts at its top.
 */
export function useRowWindow(scroller: RefObject<HTMLElement | null>, rows: Rows, at: number, view: string) {
  const { items, hasMore, isLoadingMore, loadMore } = rows;
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 10,
    rangeExtractor: useCallback((range: Range) => withIndex(defaultRangeExtractor(range), at), [at]),
  });
  usePlace(scroller, items, ROW_HEIGHT, view);
  const shown = virtual.getVirtualItems();
  const last = shown.findLast(({ index }) => index !== at)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= items.length - AHEAD) loadMore();
  }, [hasMore, isLoadingMore, loadMore, last, items.length]);
  const show = useCallback((index: number) => virtual.scrollToIndex(index, { align: "auto" }), [virtual]);
  return { shown, height: virtual.getTotalSize(), show };
}

function withIndex(indexes: number[], index: number): number[] {
  if (index < 0 || indexes.includes(index)) return indexes;
  return [...indexes, index].sort((a, b) => a - b);
}
