/** The loaded pages of a list as one list, with more coming as one scrolls. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Listing } from "../domain/listing";
import type { Row } from "../domain/model";
import { rowsKey } from "../live/work";
import { useWorkplace } from "./hooks";

/** Lists of other people's work are not pushed to us, so they are asked for again. */
const OTHERS_EVERY_MS = 30_000;
/** Going to the end of a list loads so many pages of 100 at most. */
const PAGES_AT_ONCE = 25;

export interface Rows {
  readonly items: readonly Row[];
  readonly phase: "loading" | "failed" | "ready";
  /** The rows are those of the view before, until the new ones arrive. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
  /** Loads everything there is, within reason; returns it. */
  readonly loadAll: () => Promise<readonly Row[]>;
  readonly retry: () => void;
}

export function useRows(listing: Listing): Rows {
  const { work } = useWorkplace();
  const isMine = listing.assignee === "me";
  const query = useInfiniteQuery({
    queryKey: rowsKey(listing),
    queryFn: ({ pageParam, signal }) => work.page(listing, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (isMine || (state.data?.pages.length ?? 0) > 1 ? false : OTHERS_EVERY_MS),
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const loadMore = useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]);
  const loadAll = useCallback(async () => {
    let result = await fetchNextPage({ cancelRefetch: false });
    for (let pages = 1; result.hasNextPage && !result.isError && pages < PAGES_AT_ONCE; pages += 1) {
      result = await fetchNextPage({ cancelRefetch: false });
    }
    return result.data?.pages.flatMap((page) => page.items) ?? [];
  }, [fetchNextPage]);
  return {
    items,
    phase: query.isPending ? "loading" : query.isError && items.length === 0 ? "failed" : "ready",
    isStale: query.isPlaceholderData,
    hasMore: hasNextPage,
    isLoadingMore: isFetchingNextPage,
    loadMore,
    loadAll,
    retry: useCallback(() => void refetch(), [refetch]),
  };
}
