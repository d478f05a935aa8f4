import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { totalOf } from "../domain/counts";
import { listingFrom, listingQuery, MY_WORK, type Listing } from "../domain/listing";
import { STATUSES } from "../domain/model";
import { countsKey } from "../live/work";
import { statusNames, texts } from "../texts";
import { Account } from "./Account";
import { useStore, useWorkplace } from "./hooks";
import { ArchiveIcon, BookmarkIcon, EveryoneIcon, Mark, StatusDot, UnassignedIcon, WorkIcon } from "./icons";
import { LinkStatus } from "./LinkStatus";
import { navigate } from "./route";

interface Props {
  readonly listing: Listing;
  readonly onChange: (listing: Listing) => void;
}

export function Sidebar({ listing, onChange }: Props) {
  const { calls, views: named } = useWorkplace();
  const { data } = useQuery({
    queryKey: countsKey(listing.assignee),
    queryFn: ({ signal }) => calls.counts(listing.assignee, signal),
  });
  const kept = useStore(named.list);
  const here = listingQuery(listing);
  const isKept = kept.some(({ query }) => query === here);
  const views = [
    { assignee: "me", name: texts.nav.myWork, icon: <WorkIcon /> },
    { assignee: "none", name: texts.nav.unassigned, icon: <UnassignedIcon /> },
    { assignee: "all", name: texts.nav.everyone, icon: <EveryoneIcon /> },
  ];
  return (
    <header className="sidebar">
      <a className="brand" href="/" onClick={(event) => followLink(event, () => navigate("/"))}>
        <Mark />
        <span>{texts.product}</span>
      </a>
      <nav aria-label={texts.nav.label}>
        <ul className="nav-group">
          {views.map(({ assignee, name, icon }) => (
            <NavLink
              key={assignee}
              to={{ ...MY_WORK, assignee, sort: listing.sort }}
              onChange={onChange}
              current={listing.assignee === assignee && !isKept}
              count={listing.assignee === assignee && data ? totalOf(data) : undefined}
            >
              {icon}
              {name}
            </NavLink>
          ))}
        </ul>
        {kept.length > 0 && <h2 className="nav-title">{texts.views.title}</h2>}
        <ul className="nav-group" data-testid="saved-views">
          {kept.map(({ name, query }) => (
            <NavLink key={query} to={listingFrom(new URLSearchParams(query))} onChange={onChange} current={query === here}>
              <BookmarkIcon />
              <span className="nav-name">{name}</span>
            </NavLink>
          ))}
        </ul>
        <h2 className="nav-title">{texts.nav.status}</h2>
        <ul className="nav-group">
          {STATUSES.map((status) => (
            <NavLink
              key={status}
              to={{ ...listing, statuses: toggled(listing, status), archived: false }}
              onChange={onChange}
              current={listing.statuses.includes(status)}
              count={data && (data[status] ?? 0)}
            >
              <StatusDot status={status} />
              {statusNames[status]}
            </NavLink>
          ))}
          <NavLink
            to={{ ...listing, archived: !listing.archived, statuses: [] }}
            onChange={onChange}
            current={listing.archived}
          >
            <ArchiveIcon />
            {texts.nav.archived}
          </NavLink>
        </ul>
      </nav>
      <div className="sidebar-foot">
        <LinkStatus />
        <Account />
      </div>
    </header>
  );
}

/** One status is shown at a time; choosing it again shows all. */
function toggled({ statuses }: Listing, status: (typeof STATUSES)[number]) {
  return statuses.length === 1 && statuses[0] === status ? [] : [status];
}

interface NavLinkProps extends Pick<Props, "onChange"> {
  readonly to: Listing;
  readonly current: boolean;
  readonly count?: number | undefined;
  readonly children: ReactNode;
}

function NavLink({ to, current, count, onChange, children }: NavLinkProps) {
  return (
    <li>
      <a
        className="nav-link"
        href={`/${listingQuery(to)}`}
        aria-current={current || undefined}
        onClick={(event) => followLink(event, () => onChange(to))}
      >
        {children}
        {count !== undefined && <span className="nav-count">{count.toLocaleString()}</span>}
      </a>
    </li>
  );
}

/** Ordinary clicks stay in the page; those for a new tab or window are the browser's. */
export function followLink(event: React.MouseEvent, go: () => void): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  go();
}
