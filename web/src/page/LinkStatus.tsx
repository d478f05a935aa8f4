import type { LinkState } from "../live/link";
import { linkTexts, texts, transportTexts } from "../texts";
import { useStore, useWorkplace } from "./hooks";

/** What the agent must know while the page is not live, and what coming back brought, above everything. */
export function LinkStrip() {
  const { link } = useWorkplace();
  const state = useStore(link.state);
  const { phase } = state;
  const isQuiet = phase === "connecting" || (phase === "live" && !state.recovered);
  // The region is always there: what is put into it later is then read out.
  return (
    <div className="link-strips" role="status">
      {!isQuiet && (
        <p className="link-strip" data-testid="connection-strip" data-phase={phase}>
          <b>{wordOf(state)}.</b> {phase === "live" ? "" : linkTexts[phase].hint}
        </p>
      )}
    </div>
  );
}

/** The truth about the connection, in a word. */
export function LinkStatus() {
  const { link, outbox } = useWorkplace();
  const state = useStore(link.state);
  const pending = useStore(outbox.pending);
  const { phase, transport, recovered } = state;
  const queued = phase === "live" ? 0 : pending.filter((one) => one.state !== "refused").length;
  const hint = (phase === "live" && transportTexts[transport]) || linkTexts[phase].hint;
  return (
    <p
      className="link-status"
      title={hint}
      data-testid="connection-state"
      data-phase={phase}
      data-transport={phase === "live" ? transport : undefined}
      data-recovered={recovered?.count}
    >
      <span className="link-dot" aria-hidden="true" />
      <span className="hidden">{texts.link.label}: </span>
      <span className="link-word">{wordOf(state)}</span>
      {queued > 0 && <span className="link-queued">{texts.link.queued(queued)}</span>}
    </p>
  );
}

function wordOf({ phase, recovered }: LinkState): string {
  return phase === "live" && recovered ? texts.link.recovered(recovered.count) : linkTexts[phase].label;
}
