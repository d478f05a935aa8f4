import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { searchWords } from "../domain/highlight";
import { listingQuery, type Listing } from "../domain/listing";
import { texts } from "../texts";
import { BulkBar } from "./BulkBar";
import { CustomerRow } from "./CustomerRow";
import { useAgents, useNow, useStore, useWorkplace } from "./hooks";
import { useShortcut } from "./keys";
import { ListHead } from "./ListHead";
import { Notice } from "./Notice";
import { customerPath, navigate } from "./route";
import { useListKeys } from "./useListKeys";
import { useRows } from "./useRows";
import { ROW_HEIGHT, useRowWindow } from "./useRowWindow";
import { useSelection } from "./useSelection";

interface Props {
  readonly listing: Listing;
  readonly selected: number | null;
  readonly onChange: (listing: Listing) => void;
  readonly onMenu: () => void;
}

const HOVER_MS = 60;
const MOVES = ["j", "k"] as const;
const TOGGLE = ["x"] as const;

export function CustomerList({ listing, selected: open, onChange, onMenu }: Props) {
  const workplace = useWorkplace();
  const search = listingQuery(listing);
  const rows = useRows(listing);
  const { items, hasMore, isLoadingMore } = rows;
  const order = useMemo(() => items.map(({ id }) => id), [items]);
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const picked = useSelection(order, search, workplace.bulk);
  const { refusals } = useStore(workplace.bulk.state);
  const at = order.indexOf(cursor ?? open ?? -1);
  const { shown, height, show } = useRowWindow(scroller, rows, at, search);
  const keys = useListKeys({
    scroller,
    order,
    at,
    rowHeight: ROW_HEIGHT,
    show,
    setCursor,
    loadAll: hasMore ? rows.loadAll : null,
    onVisit: workplace.prefetch,
    onPick: picked.pick,
    onAll: () => picked.set(order),
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
    if (id !== undefined) picked.pick(id, "one");
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
        <ul className="rows" style={{ height }}>
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
                onPick={picked.pick}
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
        onPick={picked.set}
        onDone={picked.release}
      />
    </section>
  );
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
