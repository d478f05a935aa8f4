import { linkTexts, texts } from "../texts";
import { useStore, useWorkplace } from "./hooks";

/** What the agent must know while the page is not live, above whatever is shown. */
export function LinkStrip() {
  const { link } = useWorkplace();
  const { phase } = useStore(link.state);
  if (phase === "live" || phase === "connecting") return null;
  const { label, hint } = linkTexts[phase];
  return (
    <p className="link-strip" data-phase={phase}>
      <b>{label}.</b> {hint}
    </p>
  );
}

/** The truth about the connection, in a word. */
export function LinkStatus() {
  const { link, outbox } = useWorkplace();
  const { phase, recovered } = useStore(link.state);
  const pending = useStore(outbox.pending);
  const { label, hint } = linkTexts[phase];
  const queued = phase === "live" ? 0 : pending.filter(({ state }) => state !== "refused").length;
  const news = phase === "live" && recovered ? texts.link.recovered(recovered.count) : null;
  return (
    <div className="link-status" role="status" aria-label={texts.link.label} title={hint} data-testid="connection-state" data-phase={phase}>
      <span className="link-dot" aria-hidden="true" />
      <span>{news ?? label}</span>
      {queued > 0 && <span className="link-queued">{texts.link.queued(queued)}</span>}
    </div>
  );
}
