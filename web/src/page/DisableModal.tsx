import { useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { ProblemError } from "../api/problem";
import type { Agent } from "../domain/model";
import { problemText, texts } from "../texts";
import { Button } from "./Button";
import { useWorkplace } from "./hooks";

interface Props {
  readonly agent: Agent;
  /** How much work is still theirs. */
  readonly open: number;
  readonly online: boolean;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Says what disabling ends, or enabling begins, before it is done. */
export default function DisableModal({ agent, open, online, onDone, onClose }: Props) {
  const { calls } = useWorkplace();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const { active, name } = agent;
  const points = active ? texts.agents.ends(online, open) : texts.agents.begins;

  async function act() {
    setBusy(true);
    try {
      await calls.changeAgent(agent.id, { active: !active });
      onDone();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      setRefusal(problemText(error.problem));
      setBusy(false);
    }
  }

  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(isOpen) => !isOpen && onClose()} isDismissable>
      <Modal className="modal small">
        <Dialog className="dialog" role="alertdialog" data-testid="disable-dialog">
          <Heading slot="title">{active ? texts.agents.disableSure(name) : texts.agents.enableSure(name)}</Heading>
          <ul className="points">
            {points.map((point) => (
              <li key={point}>{point}</li>
            ))}
          </ul>
          {refusal && (
            <p className="refusal" role="alert">
              {refusal}
            </p>
          )}
          <div className="dialog-foot">
            <span />
            <Button className="button" onPress={onClose} autoFocus>
              {texts.cancel}
            </Button>
            <Button className={active ? "button danger" : "button primary"} isDisabled={busy} onPress={() => void act()} data-testid="disable-agent">
              {active ? texts.agents.disable : texts.agents.enable}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
