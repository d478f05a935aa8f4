import { memo } from "react";
import type { Action, Person } from "../domain/model";
import { ago, clock, fullTime } from "../domain/times";
import { deed } from "../texts";
import { Avatar } from "./Avatar";
import { useAgents } from "./hooks";

interface Props {
  readonly actor: Person;
  readonly actions: readonly Action[];
  readonly now: number;
}

/** What one agent changed within a few minutes, in one quiet line each. */
export const EventItem = memo(function EventItem({ actor, actions, now }: Props) {
  const { nameOf } = useAgents();
  return (
    <div className="events">
      <Avatar person={actor} size="small" />
      <ul>
        {actions.map((action, index) => (
          <li key={action.offset} className="event" data-testid="feed-item" data-offset={action.offset}>
            {index === 0 ? <b>{actor.name}</b> : <span className="hidden">{actor.name}</span>} {deed(action, nameOf)}
            <time dateTime={action.created_at} title={fullTime(action.created_at)}>
              {now - Date.parse(action.created_at) < 3_600_000 ? ago(action.created_at, now) : clock(action.created_at)}
            </time>
          </li>
        ))}
      </ul>
    </div>
  );
});
