import { useQuery } from "@tanstack/react-query";
import { Suspense, useRef, useState } from "react";
import { totalOf } from "../domain/counts";
import { isNarrowed, listingQuery, SORTS, type Listing, type Sort } from "../domain/listing";
import { countsKey } from "../live/work";
import { sortNames, statusNames, texts } from "../texts";
import { Button } from "./Button";
import { useAgents, useStore, useWorkplace } from "./hooks";
import { BookmarkIcon, MenuIcon, SortIcon } from "./icons";
import { ListFilters } from "./ListFilters";
import { ListSearch } from "./ListSearch";
import { later } from "./overlays";
import { Picker } from "./Picker";

const SaveViewMenu = later(() => import("./SaveViewMenu"));

interface Props {
  readonly listing: Listing;
  /** How many rows are there, and whether there are more. */
  readonly loaded: number;
  readonly hasMore: boolean;
  readonly onChange: (listing: Listing) => void;
  readonly onMenu: () => void;
}

/** What the list shows, and how to make it show something else. */
export function ListHead({ listing, loaded, hasMore, onChange, onMenu }: Props) {
  const { nameOf } = useAgents();
  const count = useCount(listing, loaded, hasMore);
  return (
    <header className="list-head">
      <div className="list-title">
        <Button className="icon-button menu-button" aria-label={texts.nav.open} onPress={onMenu}>
          <MenuIcon />
        </Button>
        <h1>{titleOf(listing, nameOf)}</h1>
        <span className="list-count" data-testid="list-count">
          {count}
        </span>
        <SaveView listing={listing} title={titleOf(listing, nameOf)} />
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
      <ListSearch key={listing.assignee} value={listing.search} onChange={(q) => onChange({ ...listing, search: q })} />
      <ListFilters listing={listing} onChange={onChange} />
    </header>
  );
}

/** The server's count where it has one, else how many rows were loaded so far. */
function useCount(listing: Listing, loaded: number, hasMore: boolean): string {
  const { calls } = useWorkplace();
  const { data } = useQuery({
    queryKey: countsKey(listing.assignee),
    queryFn: ({ signal }) => calls.counts(listing.assignee, signal),
  });
  const isCounted = !listing.archived && !isNarrowed({ ...listing, statuses: [] });
  if (isCounted && data) return totalOf(data, listing.statuses).toLocaleString();
  return hasMore ? `${loaded.toLocaleString()}+` : loaded.toLocaleString();
}

function titleOf(listing: Listing, nameOf: (id: number) => string): string {
  const known: Readonly<Record<string, string>> = {
    me: texts.nav.myWork,
    none: texts.nav.unassigned,
    all: texts.nav.everyone,
  };
  const whose = known[listing.assignee] ?? texts.nav.agentWork(nameOf(Number(listing.assignee)));
  const [status] = listing.statuses;
  const what = listing.archived ? [texts.nav.archived] : status && listing.statuses.length === 1 ? [statusNames[status]] : [];
  return [whose, ...what].join(" · ");
}

/** Gives the view a name, under which the sidebar shows it. */
function SaveView({ listing, title }: { readonly listing: Listing; readonly title: string }) {
  const { views } = useWorkplace();
  const list = useStore(views.list);
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const query = listingQuery(listing);
  const kept = list.find((view) => view.query === query);
  if (query === "" && !kept) return null;
  return (
    <>
      <Button
        ref={trigger}
        className="quiet-picker"
        aria-label={kept ? texts.views.kept(kept.name) : texts.views.keep}
        aria-pressed={kept !== undefined}
        aria-expanded={open}
        data-testid="save-view"
        onPress={() => setOpen(true)}
      >
        <BookmarkIcon className={kept ? "filled" : ""} />
      </Button>
      {open && (
        <Suspense fallback={null}>
          <SaveViewMenu
            trigger={trigger}
            name={kept?.name ?? title}
            isKept={kept !== undefined}
            onKeep={(name) => views.keep({ name, query })}
            onRemove={() => views.remove(query)}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  );
}
