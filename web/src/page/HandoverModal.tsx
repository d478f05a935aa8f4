import { useMemo, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { OPEN, type Load } from "../domain/team";
import { Handover } from "../live/handover";
import { amount, problemText, statusNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
import { StatusDot } from "./icons";

interface Props {
  readonly from: Load;
  readonly loads: readonly Load[];
  readonly onClose: () => void;
}

/** Shares an agent's open work out among others: for whoever is away. */
export default function HandoverModal({ from, loads, onClose }: Props) {
  const { calls, work } = useWorkplace();
  const handover = useMemo(() => new Handover(calls, (customer) => work.show(customer)), [calls, work]);
  const state = useStore(handover.state);
  const [statuses, setStatuses] = useState<ReadonlySet<string>>(new Set(OPEN));
  const [takers, setTakers] = useState<ReadonlySet<string>>(new Set());
  const chosen = OPEN.filter((status) => statuses.has(status));
  const count = chosen.reduce((sum, status) => sum + from.counts[status], 0);
  const others = loads.filter(({ agent }) => agent.active && agent.id !== from.agent.id).toSorted(byLikelihood);
  const isBusy = state.phase === "collecting" || state.phase === "writing";
  const begin = () => {
    const taking = others.filter(({ agent }) => takers.has(String(agent.id))).map(({ agent, open }) => ({ id: agent.id, open }));
    void handover.run(from.agent.id, chosen, taking);
  };
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && !isBusy && onClose()} isDismissable={!isBusy}>
      <Modal className="modal small">
        <Dialog className="dialog" data-testid="handover">
          <Heading slot="title">{texts.team.handOverOf(from.agent.name)}</Heading>
          {state.phase === "idle" ? (
            <>
              <p className="dialog-intro">{texts.team.intro}</p>
              <fieldset className="choices">
                <legend>{texts.team.which}</legend>
                <div className="choice-row">
                  {OPEN.filter((status) => from.counts[status] > 0).map((status) => (
                    <Check key={status} id={status} chosen={statuses} onChange={setStatuses}>
                      <StatusDot status={status} />
                      {statusNames[status]} <span className="quiet-text">{amount(from.counts[status])}</span>
                    </Check>
                  ))}
                </div>
              </fieldset>
              <fieldset className="choices">
                <legend>{texts.team.toWhom}</legend>
                <div className="choice-list" tabIndex={-1}>
                  {others.map(({ agent, open, online }) => (
                    <Check key={agent.id} id={String(agent.id)} chosen={takers} onChange={setTakers}>
                      <Avatar person={agent} size="small" />
                      <span className="choice-name">{agent.name}</span>
                      {online && <span className="quiet-text">{texts.team.online}</span>}
                      <span className="choice-count">{texts.team.open(open)}</span>
                    </Check>
                  ))}
                </div>
              </fieldset>
            </>
          ) : (
            <Progress state={state} />
          )}
          <div className="dialog-foot">
            <span role="status">{state.phase === "idle" && (takers.size > 0 ? texts.team.plan(count, takers.size) : texts.team.chooseSomebody)}</span>
            {state.phase === "idle" ? (
              <>
                <Button className="button" onPress={onClose}>
                  {texts.cancel}
                </Button>
                <Button className="button primary" isDisabled={takers.size === 0 || count === 0} onPress={begin} data-testid="begin-handover">
                  {texts.team.handOver}
                </Button>
              </>
            ) : (
              <Button className="button primary" isDisabled={isBusy} onPress={onClose} data-testid="end-handover">
                {texts.close}
              </Button>
            )}
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Agents before those who oversee them, whoever has least first. */
function byLikelihood(a: Load, b: Load): number {
  return Number(a.agent.role !== "agent") - Number(b.agent.role !== "agent") || a.open - b.open;
}

interface CheckProps {
  readonly id: string;
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
  readonly children: React.ReactNode;
}

function Check({ id, chosen, onChange, children }: CheckProps) {
  const flip = () => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <label className="check">
      <input type="checkbox" checked={chosen.has(id)} onChange={flip} />
      {children}
    </label>
  );
}

function Progress({ state }: { readonly state: ReturnType<Handover["state"]["get"]> }) {
  const { phase, done, total, refused, problem } = state;
  if (problem) return <p className="refusal" role="alert">{problemText(problem)}</p>;
  const moved = done - refused.size;
  return (
    <div className="handover-progress" role="status" data-testid="handover-progress" data-phase={phase}>
      <progress value={phase === "collecting" ? undefined : done} max={Math.max(1, total)} aria-label={texts.team.handOver} />
      <p>{phase === "collecting" ? texts.team.collecting : phase === "writing" ? texts.team.writing(done, total) : texts.team.done(moved)}</p>
      {refused.size > 0 && (
        <ul className="points">
          {[...refused].map(([customer, why]) => (
            <li key={customer.id}>
              {customer.name}: {problemText(why)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
