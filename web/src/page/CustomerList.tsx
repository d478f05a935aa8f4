import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { listingQuery, SORTS, type Listing, type Sort } from "../domain/listing";
import { countsKey, rowsKey } from "../live/work";
import { sortNames, statusNames, texts } from "../texts";
import { Button } from "./Button";
import { CustomerRow } from "./CustomerRow";
import { useAgents, useNow, useShortcut, useWorkplace } from "./hooks";
import { CloseIcon, MenuIcon, SearchIcon, SortIcon } from "./icons";
import { Notice } from "./Notice";
import { Picker } from "./Picker";
import { customerPath, navigate } from "./route";

interface Props {
  readonly listing: Listing;
  readonly selected: number | null;
  readonly onChange: (listing: Listing) => void;
  readonly onMenu: () => void;
}

const ROW_HEIGHT = 58;
const MOVES = ["j", "k", "ArrowDown", "ArrowUp"] as const;
/** Lists of other people's work are not pushed to us, so they are asked for again. */
const OTHERS_EVERY_MS = 30_000;

export function CustomerList({ listing, selected, onChange, onMenu }: Props) {
  const { calls } = useWorkplace();
  const search = listingQuery(listing);
  const isMine = listing.assignee === "me";
  const rows = useInfiniteQuery({
    queryKey: rowsKey(listing),
    queryFn: ({ pageParam, signal }) => calls.rows(listing, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => (isMine || (state.data?.pages.length ?? 0) > 1 ? false : OTHERS_EVERY_MS),
  });
  const items = useMemo(() => rows.data?.pages.flatMap((page) => page.items) ?? [], [rows.data]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = rows;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= items.length - 40) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, items.length]);

  // A new view starts at its top; the same view keeps its place whatever moves in it.
  useEffect(() => {
    void scroller.current?.scrollTo({ top: 0 });  // newer browsers return a promise, which is no clean-up
  }, [search]);

  const step = useCallback(
    (key: string) => {
      const at = items.findIndex((row) => row.id === selected);
      const next = key === "j" || key === "ArrowDown" ? at + 1 : Math.max(0, at - 1);
      const row = items[next];
      if (!row) return;
      navigate(customerPath(row.id, search), "replace");
      virtual.scrollToIndex(next, { align: "auto" });
    },
    [items, selected, search, virtual],
  );
  useShortcut(MOVES, step);

  const { nameOf } = useAgents();
  const now = useNow();
  return (
    <section className="list" aria-label={texts.list.label}>
      <ListHead listing={listing} onChange={onChange} onMenu={onMenu} />
      <div className="list-scroll" ref={scroller} tabIndex={-1} data-testid="customer-list">
        {rows.isPending && <ListSkeleton />}
        {rows.isError && items.length === 0 && (
          <Notice title={texts.list.failed} action={texts.tryAgain} onAction={() => void rows.refetch()} />
        )}
        {rows.isSuccess && items.length === 0 && <Notice title={texts.list.none} hint={texts.list.noneHint} />}
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
                size={hasNextPage ? -1 : items.length}
                href={customerPath(row.id, search)}
                selected={row.id === selected}
                assignee={isMine || row.assigned_to === null ? null : { id: row.assigned_to, name: nameOf(row.assigned_to) }}
                now={now}
              />
            );
          })}
        </ul>
        {isFetchingNextPage && (
          <p className="list-more" role="status">
            {texts.list.loadingMore}
          </p>
        )}
      </div>
    </section>
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

function ListHead({ listing, onChange, onMenu }: Omit<Props, "selected">) {
  const { calls } = useWorkplace();
  const { nameOf } = useAgents();
  const counts = useQuery({
    queryKey: countsKey(listing.assignee),
    queryFn: ({ signal }) => calls.counts(listing.assignee, signal),
  });
  const total =
    listing.statuses.length === 0
      ? counts.data?.total
      : listing.statuses.reduce((sum, status) => sum + (counts.data?.counts[status] ?? 0), 0);
  const isCounted = counts.data && !listing.archived && listing.search === "";
  return (
    <header className="list-head">
      <div className="list-title">
        <Button className="icon-button menu-button" aria-label={texts.nav.open} onPress={onMenu}>
          <MenuIcon />
        </Button>
        <h1>{titleOf(listing, nameOf)}</h1>
        {isCounted && total !== undefined && (
          <span className="list-count" title={texts.list.count(total)}>
            {total.toLocaleString()}
          </span>
        )}
        <Picker
          label={texts.list.sort}
          value={listing.sort}
          options={SORTS.map((sort) => ({ id: sort, name: sortNames[sort] }))}
          onPick={(sort) => onChange({ ...listing, sort: sort as Sort })}
          className="quiet-picker"
          placement="bottom end"
        >
          <SortIcon />
        </Picker>
      </div>
      <Search key={listing.assignee} value={listing.search} onChange={(q) => onChange({ ...listing, search: q })} />
    </header>
  );
}

function titleOf(listing: Listing, nameOf: (id: number) => string): string {
  const known: Readonly<Record<string, string>> = {
    me: texts.nav.myWork,
    none: texts.nav.unassigned,
    all: texts.nav.everyone,
  };
  const whose = known[listing.assignee] ?? texts.nav.agentWork(nameOf(Number(listing.assignee)));
  const what = listing.archived ? [texts.nav.archived] : listing.statuses.map((status) => statusNames[status]);
  return [whose, ...what].join(" · ");
}

const SEARCH_AFTER_MS = 180;

/** Searches as one types, a moment after the last letter. */
function Search({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const search = useEffectEvent(() => onChange(text.trim()));
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(search, SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  useShortcut(SEARCH_KEYS, () => field.current?.focus());
  return (
    <div className="search" role="search">
      <SearchIcon />
      <input
        className="search-input"
        type="search"
        ref={field}
        aria-label={texts.list.search}
        placeholder={texts.list.searchHint}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setText("")}
      />
      {text !== "" && (
        <Button className="icon-button" aria-label={texts.list.clearSearch} onPress={() => setText("")}>
          <CloseIcon />
        </Button>
      )}
    </div>
  );
}

const SEARCH_KEYS = ["/"] as const;
