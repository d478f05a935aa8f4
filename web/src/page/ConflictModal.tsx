import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import type { Desk } from "../live/desk";
import { fieldName, texts, valueName } from "../texts";
import { Button } from "./Button";
import { ConflictChoice } from "./ConflictChoice";
import { useAgents, useStore } from "./hooks";
import { CheckIcon } from "./icons";

interface Props {
  readonly desk: Desk;
  /** The fields that the write was about. */
  readonly fields: readonly string[];
}

/** Asks, field by field, what shall become of a write that met somebody else's. */
export default function ConflictModal({ desk, fields }: Props) {
  const { nameOf } = useAgents();
  const { draft } = useStore(desk.state);
  const conflicts = desk.conflicts().filter(({ field }) => fields.includes(field));
  const decided = fields.filter((field) => !conflicts.some((conflict) => conflict.field === field));
  const kept = decided.filter((field) => field in draft);
  const isSettled = conflicts.length === 0;
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && desk.stopAsking()} isDismissable>
      <Modal className="modal">
        <Dialog className="dialog" data-testid="conflict-dialog">
          <Heading slot="title">{texts.conflict.title}</Heading>
          <p className="dialog-intro">{texts.conflict.intro}</p>
          {conflicts.map((conflict) => (
            <ConflictChoice key={conflict.field} desk={desk} conflict={conflict} />
          ))}
          {decided.map((field) => {
            const wish = draft[field];
            return (
              <p className="decided" key={field}>
                <CheckIcon />
                {wish
                  ? texts.conflict.resolved(fieldName(field), valueName(field, wish.value, nameOf))
                  : texts.conflict.resolved(fieldName(field), texts.conflict.takeTheirs)}
              </p>
            );
          })}
          <div className="dialog-foot">
            <span role="status">{isSettled ? texts.conflict.ready : texts.conflict.left(conflicts.length)}</span>
            {kept.length > 0 || !isSettled ? (
              <>
                <Button className="button" onPress={() => desk.stopAsking()}>
                  {texts.cancel}
                </Button>
                <Button className="button primary" isDisabled={!isSettled} onPress={() => desk.save(kept)} data-testid="save-again">
                  {texts.conflict.save}
                </Button>
              </>
            ) : (
              <Button className="button primary" onPress={() => desk.stopAsking()} autoFocus>
                {texts.conflict.allTheirs}
              </Button>
            )}
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
