import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { keySheet, texts } from "../texts";
import { Button } from "./Button";
import { useMe } from "./hooks";

/** The `?` sheet: what the keys do. */
export default function KeysModal({ onClose }: { readonly onClose: () => void }) {
  const { role } = useMe();
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onClose()} isDismissable>
      <Modal className="modal keys-modal">
        <Dialog className="dialog" data-testid="keys">
          <Heading slot="title">{texts.keys.title}</Heading>
          <p className="dialog-intro">{texts.keys.intro}</p>
          <div className="keys">
            {keySheet(role).map(({ title, keys }) => (
              <section key={title}>
                <h3>{title}</h3>
                <dl>
                  {keys.map(([combination, meaning]) => (
                    <div key={meaning}>
                      <dt>
                        {combination.split(" ").map((key) => (
                          <kbd key={key}>{key}</kbd>
                        ))}
                      </dt>
                      <dd>{meaning}</dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <div className="dialog-foot">
            <span />
            <Button className="button" onPress={onClose} autoFocus>
              {texts.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
