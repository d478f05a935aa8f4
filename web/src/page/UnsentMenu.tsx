import type { RefObject } from "react";
import { Dialog, Popover } from "react-aria-components";
import { changedFields, type Command, type Pending } from "../domain/command";
import { fieldName, texts } from "../texts";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
import { Refused } from "./Refused";
import { customerPath, navigate } from "./route";

interface Props {
  readonly trigger: RefObject<HTMLButtonElement | null>;
  readonly onClose: () => void;
}

/** The writes that were refused, each with its reason and what can be done about it. */
export default function UnsentMenu({ trigger, onClose }: Props) {
  const { outbox } = useWorkplace();
  const pending = useStore(outbox.pending);
  const refused = pending.filter(({ state }) => state === "refused");
  return (
    <Popover className="popover unsent-list" triggerRef={trigger} isOpen onOpenChange={(open) => !open && onClose()} placement="top start">
      <Dialog className="small-dialog" aria-label={texts.unsent.refusedTitle}>
        <h2 className="small-title">{texts.unsent.refusedTitle}</h2>
        <ul>
          {refused.map((one) => (
            <Unaccepted key={one.id} pending={one} onClose={onClose} />
          ))}
        </ul>
      </Dialog>
    </Popover>
  );
}

function Unaccepted({ pending, onClose }: { readonly pending: Pending; readonly onClose: () => void }) {
  const { work } = useWorkplace();
  const { command } = pending;
  const customer = command.data.customer_id;
  const open = () => {
    navigate(customerPath(customer, location.search));
    onClose();
  };
  return (
    <li className="unsent-item" data-testid="unsent-item">
      <b>{work.row(customer)?.name ?? texts.unsent.customer(customer)}</b>
      <span>{wordsFor(command)}</span>
      {"body" in command.data && <blockquote className="comment-quote">{command.data.body}</blockquote>}
      <Refused
        pending={pending}
        buttons={
          <Button className="button" onPress={open}>
            {texts.unsent.open}
          </Button>
        }
      />
    </li>
  );
}

function wordsFor(command: Command): string {
  switch (command.method) {
    case "comment.add":
      return texts.unsent.comment;
    case "comment.edit":
      return texts.unsent.commentEdit;
    case "comment.delete":
      return texts.unsent.commentDelete;
    case "customer.update":
      return texts.unsent.update(changedFields(command.data.changes).map((field) => fieldName(field).toLowerCase()));
  }
}
