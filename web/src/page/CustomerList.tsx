import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { searchWords } from "../domain/highlight";
import { listingQuery, type Listing } from "../domain/listing";
import { NOTHING_SELECTED, anchored, extended, released, selected as allOf, toggled } from "../domain/selection";
import { texts } from "../texts";
import { BulkBar } from "./BulkBar";
import { CustomerRow, type Pick } from "./CustomerRow";
import { useAgents, useNow, useStore, useWorkplace } from "./hooks";
import { useShortcut } from "./keys";
import { ListHead } from "./ListHead";
import { Notice } from "./Notice";
import { customerPath, navigate } from "./route";
import { useListKeys } from "./useListKeys";
import { usePlace } from "./usePlace";
import { useRows } from "./useRows";

interface Props {
  readonly listing: Listing;
  readonly selected: number | null;
  readonly onChange: (listing: Listing) => void;
  readonly onMenu: () => void;
}

const ROW_HEIGHT = 58;
/** So many rows before the end of what is loaded, more is asked for. */
const AHEAD = 40;
const HOVER_MS = 60;
const MOVES = ["j", "k"] as const;
const TOGGLE = ["x"] as const;

export function CustomerList({ listing, selected: open, onChange, onMenu }: Props) {
  const workplace = useWorkplace();
  const search = listingQuery(listing);
  const rows = useRows(listing);
  const { items, hasMore, isLoadingMore, loadMore } = rows;
  const order = useMemo(() => items.map(({ id }) => id), [items]);
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [picked, setPicked] = useState(NOTHING_SELECTED);
  const { refusals } = useStore(workplace.bulk.state);

  // Another view is another list: what was picked in the old one is let go.
  const [view, setView] = useState(search);
  if (view !== search) {
    setView(search);
    setPicked(NOTHING_SELECTED);
    setCursor(null);
  }
  useEffect(() => () => workplace.bulk.forget(), [workplace, search]);

  const at = order.indexOf(cursor ?? open ?? -1);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 10,
    // The row under the keyboard is always there, so that the focus is never lost with it.
    rangeExtractor: useCallback((range: Range) => withIndex(defaultRangeExtractor(range), at), [at]),
  });
  usePlace(scroller, items, ROW_HEIGHT, search);
  const shown = virtual.getVirtualItems();
  const last = shown.findLast(({ index }) => index !== at)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last >= items.length - AHEAD) loadMore();
  }, [hasMore, isLoadingMore, loadMore, last, items.length]);

  const show = useCallback((index: number) => virtual.scrollToIndex(index, { align: "auto" }), [virtual]);
  const pick = useCallback<Pick>(
    (id, how) => {
      setCursor(id);
      workplace.bulk.acknowledge();
      setPicked((now) => {
        if (how === "range") return extended(now, order, id);
        return how === "anchor" ? anchored(now, id) : toggled(now, id);
      });
    },
    [order, workplace],
  );
  const keys = useListKeys({
    scroller,
    order,
    at,
    pageSize: Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1),
    show,
    setCursor,
    loadAll: hasMore ? rows.loadAll : null,
    onVisit: workplace.prefetch,
    onPick: pick,
    onAll: () => setPicked(allOf(order)),
  });

  const step = useCallback(
    (key: string) => {
      const now = order.indexOf(open ?? -1);
      const next = key === "j" ? Math.min(now + 1, order.length - 1) : Math.max(0, now - 1);
      const id = order[next];
      if (id === undefined) return;
      setCursor(id);
      navigate(customerPath(id, search), "replace");
      show(next);
      const beyond = order[key === "j" ? next + 1 : next - 1];
      if (beyond !== undefined) workplace.prefetch(beyond);
    },
    [order, open, search, show, workplace],
  );
  useShortcut(MOVES, step);
  useShortcut(TOGGLE, () => {
    const id = order[at];
    if (id !== undefined) pick(id, "one");
  });

  const { nameOf } = useAgents();
  const now = useNow();
  const words = useMemo(() => searchWords(listing.search), [listing.search]);
  const hovered = usePrefetchOnHover(workplace.prefetch);
  return (
    <section className="list" aria-label={texts.list.label} data-picking={picked.ids.size > 0 || undefined}>
      <ListHead listing={listing} loaded={items.length} hasMore={hasMore} onChange={onChange} onMenu={onMenu} />
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- hears the keys of its rows */}
      <div
        className="list-scroll"
        ref={scroller}
        role="group"
        aria-label={texts.list.label}
        tabIndex={-1}
        data-testid="customer-list"
        data-stale={rows.isStale || undefined}
        onKeyDown={keys}
        onPointerOver={hovered}
      >
        {rows.phase === "loading" && <ListSkeleton />}
        {rows.phase === "failed" && <Notice title={texts.list.failed} action={texts.tryAgain} onAction={rows.retry} />}
        {rows.phase === "ready" && items.length === 0 && !rows.isStale && (
          <Notice title={texts.list.none} hint={texts.list.noneHint} />
        )}
        <ul className="rows" style={{ height: virtual.getTotalSize() }}>
          {shown.map(({ index, start, key }) => {
            const row = items[index];
            if (!row) return null;
            return (
              <CustomerRow
                key={key}
                row={row}
                top={start}
                position={index + 1}
                size={hasMore ? -1 : items.length}
                href={customerPath(row.id, search)}
                open={row.id === open}
                picked={picked.ids.has(row.id)}
                reachable={at < 0 ? index === 0 : index === at}
                assignee={listing.assignee === "me" || row.assigned_to === null ? null : row.assigned_to}
                assigneeName={row.assigned_to === null ? "" : nameOf(row.assigned_to)}
                refusal={refusals.get(row.id) ?? null}
                words={words}
                now={now}
                onPick={pick}
                onFocus={setCursor}
              />
            );
          })}
        </ul>
        {isLoadingMore && (
          <p className="list-more" role="status">
            {texts.list.loadingMore}
          </p>
        )}
      </div>
      <BulkBar
        listing={listing}
        picked={picked.ids}
        order={order}
        loadAll={hasMore ? rows.loadAll : null}
        onPick={(ids) => setPicked(allOf(ids))}
        onDone={(done) => setPicked((current) => released(current, done))}
      />
    </section>
  );
}

function withIndex(indexes: number[], index: number): number[] {
  if (index < 0 || indexes.includes(index)) return indexes;
  return [...indexes, index].sort((a, b) => a - b);
}

/** Fetches a customer when the pointer rests on it, so that it is there when it is pressed. */
function usePrefetchOnHover(prefetch: (id: number) => void): (event: React.PointerEvent) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (event) => {
      const id = Number((event.target as HTMLElement).closest<HTMLElement>("[data-customer-id]")?.dataset.customerId);
      clearTimeout(timer.current);
      if (id && event.pointerType === "mouse") timer.current = setTimeout(() => prefetch(id), HOVER_MS);
    },
    [prefetch],
  );
}

function ListSkeleton() {
  return (
    <div className="skeletons" role="status" aria-label={texts.list.loading}>
      {Array.from({ length: 12 }, (_, i) => (
        <div className="skeleton-row" key={i}>
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
