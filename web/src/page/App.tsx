import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Session } from "../api/session";
import type { Agent } from "../domain/model";
import { Workplace } from "../live/workplace";
import { texts } from "../texts";
import { WorkplaceContext, useStore } from "./hooks";
import { Login } from "./Login";
import { Shell } from "./Shell";
import { Notice } from "./Notice";

export function App({ session }: { readonly session: Session }) {
  const state = useStore(session.state);
  switch (state.phase) {
    case "resuming":
      return <div className="splash" role="status" aria-label={texts.login.resuming} />;
    case "unreachable":
      return <Notice title={texts.login.unreachable} action={texts.tryAgain} onAction={() => void session.resume()} />;
    case "signed-out":
      return <Login session={session} ended={state.ended} />;
    case "signed-in":
      return <SignedIn key={state.agent.id} session={session} agent={state.agent} />;
  }
}

function SignedIn({ session, agent }: { readonly session: Session; readonly agent: Agent }) {
  const [workplace] = useState(() => new Workplace(session, agent));
  useEffect(() => {
    workplace.open();
    return () => workplace.close();
  }, [workplace]);
  return (
    <WorkplaceContext value={workplace}>
      <QueryClientProvider client={workplace.queries}>
        <Shell />
      </QueryClientProvider>
    </WorkplaceContext>
  );
}
