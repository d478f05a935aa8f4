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
import { InboxLink, OversightLinks } from "./Places";
import { followLink, navigate, type Place } from "./route";
import { Unsent } from "./Unsent";

interface Props {
  readonly place: Place;
  readonly listing: Listing;
  readonly onGo: () => void;
  readonly onChange: (listing: Listing) => void;
}

export function Sidebar({ place, listing, onGo, onChange }: Props) {
  const { calls, views: named } = useWorkplace();
  const { data } = useQuery({
    queryKey: countsKey(listing.assignee),
    queryFn: ({ signal }) => calls.counts(listing.assignee, signal),
  });
  const home = () => {
    navigate("/");
    onGo();
  };
  const kept = useStore(named.list);
  const isWork = place === "work";
  const here = listingQuery(listing);
  const isKept = isWork && kept.some(({ query }) => query === here);
  const views = [
    { assignee: "me", name: texts.nav.myWork, icon: <WorkIcon /> },
    { assignee: "none", name: texts.nav.unassigned, icon: <UnassignedIcon /> },
    { assignee: "all", name: texts.nav.everyone, icon: <EveryoneIcon /> },
  ];
  return (
    <header className="sidebar">
      <a className="brand" href="/" onClick={(event) => followLink(event, home)}>
        <Mark />
        <span>{texts.product}</span>
      </a>
      <nav aria-label={texts.nav.label}>
        <ul className="nav-group">
          <InboxLink place={place} onGo={onGo} />
          {views.map(({ assignee, name, icon }) => (
            <NavLink
              key={assignee}
              to={{ ...MY_WORK, assignee, sort: listing.sort }}
              onChange={onChange}
              current={isWork && listing.assignee === assignee && !isKept}
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
              current={isWork && listing.statuses.includes(status)}
              count={data && (data[status] ?? 0)}
            >
              <StatusDot status={status} />
              {statusNames[status]}
            </NavLink>
          ))}
          <NavLink
            to={{ ...listing, archived: !listing.archived, statuses: [] }}
            onChange={onChange}
            current={isWork && listing.archived}
          >
            <ArchiveIcon />
            {texts.nav.archived}
          </NavLink>
        </ul>
        <OversightLinks place={place} onGo={onGo} />
      </nav>
      <div className="sidebar-foot">
        <Unsent />
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
