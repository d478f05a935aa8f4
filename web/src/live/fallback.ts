/** Lists without a socket: nobody tells of changes, so they are asked for again. */
import type { QueryClient } from "@tanstack/react-query";
import type { Link } from "./link";
import type { RowData } from "./work";

/** Per loaded page: asking for twelve pages every few seconds would use up what the server allows. */
const EVERY_MS = 10_000;

/** Renews the lists while the link is in `fallback`; returns how to stop. */
export function followByAsking(link: Link, queries: QueryClient): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  const again = () => {
    const pages = queries
      .getQueriesData<RowData>({ queryKey: ["rows"], type: "active" })
      .reduce((sum, [, data]) => sum + (data?.pages.length ?? 0), 0);
    timer = setTimeout(() => void ask(), EVERY_MS * Math.max(1, pages));
  };
  const ask = async () => {
    await Promise.all(["rows", "counts"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
    if (asking) again();
  };
  const changed = () => {
    const needed = link.state.get().phase === "fallback";
    if (needed === asking) return;
    asking = needed;
    clearTimeout(timer);
    if (asking) void ask();
  };
  const unwatch = link.state.watch(changed);
  return () => {
    unwatch();
    asking = false;
    clearTimeout(timer);
  };
}
