/** The agent's own account: an admin may give another role or name while the page is open. */
import type { Calls } from "../api/calls";
import type { Session } from "../api/session";
import { ProblemError } from "../api/problem";
import type { Link } from "./link";

/** Keeps the signed-in agent true; calls `changed` when the role is another. Returns how to stop. */
export function followAccount(session: Session, link: Link, calls: Calls, changed: () => void): () => void {
  const roleNow = () => {
    const state = session.state.get();
    return state.phase === "signed-in" ? state.agent.role : null;
  };
  let role = roleNow();
  let phase = link.state.get().phase;
  // What was said while nothing could be heard is asked for; the first connection comes right after signing in.
  const ask = () =>
    calls.me().then(
      (me) => session.know(me),
      (error: unknown) => {
        if (!(error instanceof ProblemError)) throw error;
      },
    );
  const stops = [
    link.onNotice((notice) => {
      if (notice.type === "account") session.know(notice.agent);
    }),
    link.state.watch(() => {
      const before = phase;
      phase = link.state.get().phase;
      const isBack = phase === "live" && before !== "live" && before !== "connecting";
      if (isBack || (phase === "fallback" && before !== "fallback")) void ask();
    }),
    session.state.watch(() => {
      const now = roleNow();
      if (now === role || now === null) return;
      role = now;
      changed();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
