import { useState, type FormEvent } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { ProblemError } from "../api/problem";
import type { Agent, Role } from "../domain/model";
import { problemText, roleHints, roleNames, texts } from "../texts";
import { Button } from "./Button";
import { useWorkplace } from "./hooks";

interface Props {
  /** Null for a new one. */
  readonly agent: Agent | null;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const ROLES: readonly Role[] = ["agent", "supervisor", "admin"];

/** Adds an account or changes one: name, role, password. */
export default function AgentModal({ agent, onDone, onClose }: Props) {
  const { me, calls } = useWorkplace();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [role, setRole] = useState<Role>(agent?.role ?? "agent");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const entered = new FormData(event.currentTarget);
    const text = (field: string) => String(entered.get(field) ?? "").trim();
    const [name, password] = [text("name"), String(entered.get("password"))];
    setBusy(true);
    setRefusal(null);
    try {
      if (agent) {
        await calls.changeAgent(agent.id, { name, ...(role !== agent.role && { role }), ...(password !== "" && { password }) });
      } else {
        await calls.addAgent({ username: text("username"), name, role, password });
      }
      onDone();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      setRefusal(error.kind === "already-exists" ? texts.agents.taken : problemText(error.problem));
      setBusy(false);
    }
  }

  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal small">
        <Dialog className="dialog" data-testid="agent-dialog">
          <Heading slot="title">{agent ? texts.agents.changeOf(agent.name) : texts.agents.add}</Heading>
          <form onSubmit={(event) => void submit(event)} autoComplete="off">
            <label className="field">
              {texts.agents.name}
              <input className="input" name="name" defaultValue={agent?.name ?? ""} maxLength={200} required autoFocus />
            </label>
            {!agent && (
              <label className="field">
                {texts.agents.username}
                <input className="input" name="username" pattern="[a-z0-9]([a-z0-9._\-]*[a-z0-9])?" maxLength={32} autoCapitalize="none" spellCheck={false} required />
                <span className="field-hint">{texts.agents.usernameHint}</span>
              </label>
            )}
            <fieldset className="field choices">
              <legend>{texts.agents.role}</legend>
              {ROLES.map((one) => (
                <label key={one} className="choice">
                  <input type="radio" name="role" value={one} checked={role === one} disabled={agent?.id === me.id} onChange={() => setRole(one)} />
                  <span>
                    <b>{roleNames[one]}</b> {roleHints[one]}
                  </span>
                </label>
              ))}
            </fieldset>
            <label className="field">
              {agent ? texts.agents.newPassword : texts.agents.password}
              <input className="input" name="password" type="password" autoComplete="new-password" minLength={8} maxLength={1024} required={!agent} />
              <span className="field-hint">{agent ? texts.agents.newPasswordHint : texts.agents.passwordHint}</span>
            </label>
            {refusal && (
              <p className="refusal" role="alert">
                {refusal}
              </p>
            )}
            <div className="dialog-foot">
              <span />
              <Button className="button" onPress={onClose}>
                {texts.cancel}
              </Button>
              <Button className="button primary" type="submit" isDisabled={busy} data-testid="save-agent">
                {agent ? texts.form.save : texts.agents.add}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
