import type { RefObject } from "react";
import { Dialog, Popover } from "react-aria-components";
import { changedFields, type Command, type Pending } from "../domain/command";
import { fieldName, problemText, texts } from "../texts";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
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
            <Refused key={one.id} pending={one} onClose={onClose} />
          ))}
        </ul>
      </Dialog>
    </Popover>
  );
}

function Refused({ pending, onClose }: { readonly pending: Pending; readonly onClose: () => void }) {
  const { outbox, work } = useWorkplace();
  const { command, problem, id } = pending;
  const customer = command.data.customer_id;
  return (
    <li className="unsent-item" data-testid="unsent-item">
      <b>{work.row(customer)?.name ?? texts.unsent.customer(customer)}</b>
      <span>{wordsFor(command)}</span>
      {"body" in command.data && <blockquote className="comment-quote">{command.data.body}</blockquote>}
      {problem && <span className="refusal">{problemText(problem)}</span>}
      <div className="buttons">
        <Button
          className="button"
          onPress={() => {
            navigate(customerPath(customer, location.search));
            onClose();
          }}
        >
          {texts.unsent.open}
        </Button>
        <Button className="button" onPress={() => outbox.again(pending)}>
          {texts.tryAgain}
        </Button>
        <Button className="button quiet" onPress={() => outbox.discard(id)}>
          {texts.feed.discard}
        </Button>
      </div>
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
