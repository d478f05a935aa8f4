import { memo } from "react";
import type { Person, Row } from "../domain/model";
import { fullTime, shortAge } from "../domain/times";
import { texts } from "../texts";
import { Avatar } from "./Avatar";
import { PriorityBars, StatusDot } from "./icons";
import { navigate } from "./route";
import { followLink } from "./Sidebar";

interface Props {
  readonly row: Row;
  readonly top: number;
  readonly position: number;
  readonly size: number;
  readonly href: string;
  readonly selected: boolean;
  readonly assignee: Person | null;
  readonly now: number;
}

/** One customer in the list; the list places it, since only the visible ones exist. */
export const CustomerRow = memo(function CustomerRow(props: Props) {
  const { row, top, position, size, href, selected, assignee, now } = props;
  return (
    <li
      className="row"
      style={{ transform: `translateY(${top}px)` }}
      aria-posinset={position}
      aria-setsize={size}
      data-testid="customer-row"
      data-customer-id={row.id}
      data-unread={row.unread > 0 || undefined}
    >
      <a
        href={href}
        aria-current={selected ? "page" : undefined}
        onClick={(event) => followLink(event, () => navigate(href))}
      >
        <StatusDot status={row.status} named />
        <span className="row-name">{row.name}</span>
        <time className="row-time" dateTime={row.updated_at} title={fullTime(row.updated_at)}>
          {shortAge(row.updated_at, now)}
        </time>
        <span className="row-sub">
          <span className="row-ref">{row.ref}</span>
          {row.email && <span className="row-email">{row.email}</span>}
        </span>
        <span className="row-marks">
          {row.priority !== "normal" && <PriorityBars priority={row.priority} named />}
          {assignee && <Avatar person={assignee} size="small" />}
          {row.unread > 0 && (
            <span className="badge" role="img" aria-label={texts.list.unread(row.unread)}>
              {row.unread > 99 ? "99+" : row.unread}
            </span>
          )}
        </span>
      </a>
    </li>
  );
});
