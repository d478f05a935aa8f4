import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Agent } from "../domain/model";
import { openOf } from "../domain/team";
import { amount, roleNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useWorkplace } from "./hooks";
import { PlusIcon } from "./icons";
import { useTitle } from "./title";
import { Scroller, ViewHead } from "./ViewHead";

const AgentModal = lazy(() => import("./AgentModal"));
const DisableModal = lazy(() => import("./DisableModal"));

/** What the admin is doing: adding an account, changing one, or about to disable one. */
type Doing = { readonly what: "add" } | { readonly what: "change" | "disable"; readonly agent: Agent } | null;

/** The accounts, for admins. */
export default function AgentsView({ onMenu }: { readonly onMenu: () => void }) {
  const { me, calls } = useWorkplace();
  const queries = useQueryClient();
  const { agents } = useAgents();
  const [doing, setDoing] = useState<Doing>(null);
  const { data: workload } = useQuery({ queryKey: ["workload"], queryFn: ({ signal }) => calls.workload(signal) });
  useTitle(texts.nav.agents);
  const done = () => {
    setDoing(null);
    for (const key of ["agents", "workload"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const openOfAgent = (id: number) => {
    const work = workload?.items.find(({ agent_id: other }) => other === id);
    return work ? openOf(work.counts) : 0;
  };
  const shown = agents.toSorted((a, b) => Number(b.active) - Number(a.active) || a.name.localeCompare(b.name));
  return (
    <div className="view" data-testid="agents">
      <ViewHead title={texts.nav.agents} hint={texts.agents.summary(agents.filter(({ active }) => active).length)} onMenu={onMenu}>
        <Button className="button primary" onPress={() => setDoing({ what: "add" })} data-testid="add-agent">
          <PlusIcon />
          {texts.agents.add}
        </Button>
      </ViewHead>
      <Scroller className="view-body" label={texts.nav.agents}>
        <Scroller className="table-frame" label={texts.agents.table}>
          <table className="table agents-table">
            <thead>
              <tr>
                <th scope="col">{texts.agents.name}</th>
                <th scope="col" className="extra">{texts.agents.username}</th>
                <th scope="col" className="role">{texts.agents.role}</th>
                <th scope="col" className="number extra">{texts.agents.openWork}</th>
                <th scope="col" className="extra">{texts.agents.state}</th>
                <th scope="col">
                  <span className="hidden">{texts.agents.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((agent) => (
                <tr key={agent.id} data-testid="agent" data-agent-id={agent.id} data-disabled={!agent.active || undefined}>
                  <th scope="row">
                    <span className="agent-name">
                      <Avatar person={agent} size="small" />
                      {agent.name}
                      {agent.id === me.id && <span className="quiet-text">{texts.agents.you}</span>}
                    </span>
                  </th>
                  <td className="extra">{agent.username}</td>
                  <td className="role">{roleNames[agent.role]}</td>
                  <td className="number extra">{amount(openOfAgent(agent.id))}</td>
                  <td className="extra">{agent.active ? texts.agents.active : texts.agents.disabled}</td>
                  <td className="row-tools">
                    <Button className="button quiet" onPress={() => setDoing({ what: "change", agent })} aria-label={texts.agents.changeOf(agent.name)}>
                      {texts.agents.change}
                    </Button>
                    <Button
                      className="button quiet"
                      isDisabled={agent.id === me.id}
                      onPress={() => setDoing({ what: "disable", agent })}
                      aria-label={agent.active ? texts.agents.disableOf(agent.name) : texts.agents.enableOf(agent.name)}
                    >
                      {agent.active ? texts.agents.disable : texts.agents.enable}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      </Scroller>
      <Suspense fallback={null}>
        {doing?.what === "add" && <AgentModal agent={null} onDone={done} onClose={() => setDoing(null)} />}
        {doing?.what === "change" && <AgentModal agent={doing.agent} onDone={done} onClose={() => setDoing(null)} />}
        {doing?.what === "disable" && (
          <DisableModal
            agent={doing.agent}
            open={openOfAgent(doing.agent.id)}
            online={workload?.items.find(({ agent_id: id }) => id === doing.agent.id)?.online ?? false}
            onDone={done}
            onClose={() => setDoing(null)}
          />
        )}
      </Suspense>
    </div>
  );
}
