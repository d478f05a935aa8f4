/** The links of the sidebar that lead to places other than lists of customers. */
import type { ReactNode } from "react";
import { unread } from "../domain/inbox";
import { texts } from "../texts";
import { useMe, useStore, useWorkplace } from "./hooks";
import { AgentsIcon, InboxIcon, SystemIcon, TeamIcon } from "./icons";
import { followLink, mayGo, navigate, type Place } from "./route";

interface Props {
  readonly place: Place;
  readonly onGo: () => void;
}

export function InboxLink({ place, onGo }: Props) {
  const { inbox } = useWorkplace();
  const count = unread(useStore(inbox.state));
  return (
    <PlaceLink to="/inbox" current={place === "inbox"} onGo={onGo}>
      <InboxIcon />
      {texts.nav.inbox}
      {count > 0 && (
        <span className="badge nav-badge" role="img" aria-label={texts.list.unread(count)} data-testid="inbox-count">
          {count > 99 ? "99+" : count}
        </span>
      )}
    </PlaceLink>
  );
}

/** For supervisors and admins. */
export function OversightLinks({ place, onGo }: Props) {
  const me = useMe();
  if (!mayGo("team", me.role)) return null;
  return (
    <>
      <h2 className="nav-title">{texts.nav.oversight}</h2>
      <ul className="nav-group">
        <PlaceLink to="/team" current={place === "team"} onGo={onGo}>
          <TeamIcon />
          {texts.nav.team}
        </PlaceLink>
        {mayGo("agents", me.role) && (
          <PlaceLink to="/agents" current={place === "agents"} onGo={onGo}>
            <AgentsIcon />
            {texts.nav.agents}
          </PlaceLink>
        )}
        <PlaceLink to="/system" current={place === "system"} onGo={onGo}>
          <SystemIcon />
          {texts.nav.system}
        </PlaceLink>
      </ul>
    </>
  );
}

interface LinkProps {
  readonly to: string;
  readonly current: boolean;
  readonly onGo: () => void;
  readonly children: ReactNode;
}

function PlaceLink({ to, current, onGo, children }: LinkProps) {
  const go = () => {
    navigate(to);
    onGo();
  };
  return (
    <li>
      <a className="nav-link" href={to} aria-current={current ? "page" : undefined} onClick={(event) => followLink(event, go)}>
        {children}
      </a>
    </li>
  );
}
