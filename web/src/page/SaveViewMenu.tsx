import { useState, type FormEvent, type RefObject } from "react";
import { Dialog, Popover } from "react-aria-components";
import { texts } from "../texts";
import { Button } from "./Button";

interface Props {
  readonly trigger: RefObject<HTMLButtonElement | null>;
  readonly name: string;
  readonly isKept: boolean;
  readonly onKeep: (name: string) => void;
  readonly onRemove: () => void;
  readonly onClose: () => void;
}

/** Asks for the name of a view. */
export default function SaveViewMenu({ trigger, name, isKept, onKeep, onRemove, onClose }: Props) {
  const [text, setText] = useState(name);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim() === "") return;
    onKeep(text.trim());
    onClose();
  }
  return (
    <Popover className="popover" triggerRef={trigger} isOpen onOpenChange={(open) => !open && onClose()} placement="bottom end">
      <Dialog className="small-dialog" aria-label={texts.views.keep}>
        <form onSubmit={submit}>
          <label className="field">
            {texts.views.name}
            <input className="input" value={text} maxLength={60} onChange={(event) => setText(event.target.value)} autoFocus />
          </label>
          <div className="buttons">
            <Button className="button primary" type="submit" isDisabled={text.trim() === ""}>
              {texts.views.save}
            </Button>
            {isKept && (
              <Button
                className="button quiet"
                onPress={() => {
                  onRemove();
                  onClose();
                }}
              >
                {texts.views.remove}
              </Button>
            )}
          </div>
        </form>
      </Dialog>
    </Popover>
  );
}
