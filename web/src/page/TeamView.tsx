import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { listingQuery, MY_WORK } from "../domain/listing";
import { STATUSES, type Status } from "../domain/model";
import { openOf, OPEN, sorted, type Load, type Order } from "../domain/team";
import { amount, roleNames, statusNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useWorkplace } from "./hooks";
import { StatusDot } from "./icons";
import { Notice } from "./Notice";
import { followLink, navigate } from "./route";
import { useTitle } from "./title";
import { Scroller, ViewHead } from "./ViewHead";

const HandoverModal = lazy(() => import("./HandoverModal"));

const EVERY_MS = 20_000;

/** Everybody's work, and handing it over. */
export default function TeamView({ onMenu }: { readonly onMenu: () => void }) {
  const { calls } = useWorkplace();
  const { agents } = useAgents();
  const [order, setOrder] = useState<Order>("load");
  const [from, setFrom] = useState<Load | null>(null);
  const { data, isError, refetch } = useQuery({
    queryKey: ["workload"],
    queryFn: ({ signal }) => calls.workload(signal),
    refetchInterval: EVERY_MS,
  });
  useTitle(texts.nav.team);
  const loads = useMemo(() => {
    const works = new Map(data?.items.map((item) => [item.agent_id, item]));
    return agents.flatMap((agent): Load[] => {
      const work = works.get(agent.id);
      return work ? [{ agent, online: work.online, counts: work.counts, open: openOf(work.counts) }] : [];
    });
  }, [agents, data]);
  const nobodys = data?.items.find(({ agent_id: id }) => id === null);
  const shown = sorted(loads, order);
  const most = Math.max(1, ...shown.map(({ open }) => open));
  const total = loads.reduce((sum, { open }) => sum + open, 0);
  return (
    <div className="view" data-testid="team">
      <ViewHead title={texts.nav.team} hint={data && texts.team.summary(total, loads.filter(({ online }) => online).length)} onMenu={onMenu}>
        <div className="segments" role="group" aria-label={texts.list.sort}>
          {(["load", "name"] as const).map((one) => (
            <Button key={one} className="segment" aria-pressed={order === one} onPress={() => setOrder(one)}>
              {texts.team.orders[one]}
            </Button>
          ))}
        </div>
      </ViewHead>
      <Scroller className="view-body" label={texts.nav.team}>
        {!data && isError && <Notice title={texts.team.failed} action={texts.tryAgain} onAction={() => void refetch()} />}
        {nobodys && openOf(nobodys.counts) > 0 && <Unassigned count={openOf(nobodys.counts)} />}
        <Legend />
        <ul className="loads">
          {shown.map((load) => (
            <LoadRow key={load.agent.id} load={load} most={most} onHandOver={() => setFrom(load)} />
          ))}
        </ul>
      </Scroller>
      {from && (
        <Suspense fallback={null}>
          <HandoverModal from={from} loads={loads} onClose={() => (setFrom(null), void refetch())} />
        </Suspense>
      )}
    </div>
  );
}

function Unassigned({ count }: { readonly count: number }) {
  const to = `/${listingQuery({ ...MY_WORK, assignee: "none" })}`;
  return (
    <p className="callout">
      <span>{texts.team.unassigned(count)}</span>
      <a className="text-link" href={to} onClick={(event) => followLink(event, () => navigate(to))}>
        {texts.team.seeUnassigned}
      </a>
    </p>
  );
}

function Legend() {
  return (
    <ul className="legend" aria-hidden="true">
      {OPEN.map((status) => (
        <li key={status}>
          <StatusDot status={status} />
          {statusNames[status]}
        </li>
      ))}
    </ul>
  );
}

interface RowProps {
  readonly load: Load;
  readonly most: number;
  readonly onHandOver: () => void;
}

function LoadRow({ load, most, onHandOver }: RowProps) {
  const { agent, online, counts, open } = load;
  const to = `/${listingQuery({ ...MY_WORK, assignee: String(agent.id) })}`;
  return (
    <li className="load" data-testid="load" data-agent-id={agent.id}>
      <a className="load-who" href={to} onClick={(event) => followLink(event, () => navigate(to))}>
        <Avatar person={agent} />
        <span className="load-name">{agent.name}</span>
        <span className="load-state">
          {agent.active ? (
            <>
              <span className="presence-dot" data-online={online || undefined} aria-hidden="true" />
              {online ? texts.team.online : texts.team.offline}
            </>
          ) : (
            <span className="warn-text">{texts.agents.disabled}</span>
          )}
          {agent.role !== "agent" && <span>{roleNames[agent.role]}</span>}
        </span>
      </a>
      <Bar counts={counts} most={most} />
      <span className="load-open">
        <b>{amount(open)}</b> <span>{texts.team.openWord}</span>
      </span>
      <Button className="button quiet" isDisabled={open === 0} onPress={onHandOver} aria-label={texts.team.handOverOf(agent.name)} data-testid="hand-over">
        {texts.team.handOver}
      </Button>
    </li>
  );
}

/** The open work of one agent by status, drawn to the scale of whoever has most. */
function Bar({ counts, most }: { readonly counts: Readonly<Record<Status, number>>; readonly most: number }) {
  const told = STATUSES.filter((status) => counts[status] > 0).map((status) => `${statusNames[status]} ${amount(counts[status])}`);
  let x = 0;
  return (
    <svg className="load-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={told.join(", ") || texts.team.nothing}>
      {OPEN.map((status) => {
        const width = (counts[status] / most) * 100;
        const from = x;
        x += width;
        return width > 0 && <rect key={status} className={`bar-${status}`} x={from} y="0" width={Math.max(0.3, width - 0.25)} height="10" />;
      })}
    </svg>
  );
}
