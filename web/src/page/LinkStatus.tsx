import { linkTexts, texts } from "../texts";
import { useStore, useWorkplace } from "./hooks";

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
