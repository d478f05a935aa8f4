import { Suspense, useRef, useState } from "react";
import { texts } from "../texts";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
import { WarnIcon } from "./icons";
import { later } from "./overlays";

const UnsentMenu = later(() => import("./UnsentMenu"));

/** Writes that the server did not accept, wherever they were made: nothing is lost silently. */
export function Unsent() {
  const { outbox } = useWorkplace();
  const pending = useStore(outbox.pending);
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const refused = pending.filter(({ state }) => state === "refused");
  if (refused.length === 0) return null;
  return (
    <>
      <Button ref={trigger} className="unsent" aria-haspopup="dialog" aria-expanded={open} onPress={() => setOpen(true)} data-testid="unsent">
        <WarnIcon />
        <span>{texts.unsent.refused(refused.length)}</span>
      </Button>
      {open && (
        <Suspense fallback={null}>
          <UnsentMenu trigger={trigger} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
