/** Small hooks that several parts of the page use. */
import { useQuery } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Agent } from "../domain/model";
import type { Store } from "../domain/store";
import type { Workplace } from "../live/workplace";
import { texts } from "../texts";

export const WorkplaceContext = createContext<Workplace | null>(null);

export function useWorkplace(): Workplace {
  const workplace = useContext(WorkplaceContext);
  if (!workplace) throw new Error("Nobody is signed in here");
  return workplace;
}

/** The agent who is signed in, as the server knows them now: a role or a name may change meanwhile. */
export function useMe(): Agent {
  const { session, me } = useWorkplace();
  const state = useStore(session.state);
  return state.phase === "signed-in" ? state.agent : me;
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.watch, store.get);
}

/** The present time, renewed every half minute, for "2 minutes ago". */
export function useNow(every = 30_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export interface AgentDirectory {
  readonly agents: readonly Agent[];
  readonly nameOf: (id: number) => string;
  readonly byUsername: (username: string) => Agent | undefined;
}

export function useAgents(): AgentDirectory {
  const { calls, me } = useWorkplace();
  const { data } = useQuery({ queryKey: ["agents"], queryFn: () => calls.agents(), staleTime: 5 * 60_000 });
  const agents = useMemo(() => data ?? [me], [data, me]);
  const names = useMemo(() => new Map(agents.map((agent) => [agent.id, agent.name])), [agents]);
  const nameOf = useCallback((id: number) => names.get(id) ?? texts.unknownAgent(id), [names]);
  const byUsername = useCallback(
    (username: string) => agents.find((agent) => agent.username === username.toLowerCase()),
    [agents],
  );
  return useMemo(() => ({ agents, nameOf, byUsername }), [agents, nameOf, byUsername]);
}
