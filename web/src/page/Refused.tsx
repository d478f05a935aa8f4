import type { ReactNode } from "react";
import type { Pending } from "../domain/command";
import { problemText, texts } from "../texts";
import { Button } from "./Button";
import { useWorkplace } from "./hooks";

interface Props {
  readonly pending: Pending;
  /** What did not happen, where it does not stand above already. */
  readonly title?: string;
  readonly children?: ReactNode;
  /** Further ways out. */
  readonly buttons?: ReactNode;
}

/** A write that the server refused: why, and what can be done about it. */
export function Refused({ pending, title = "", children, buttons }: Props) {
  const { outbox } = useWorkplace();
  return (
    <div className="refused" role="alert" data-testid="refused">
      <p className="refusal">
        {title} {pending.problem && problemText(pending.problem)}
      </p>
      {children}
      <div className="buttons">
        <Button className="button" onPress={() => outbox.again(pending)}>
          {texts.tryAgain}
        </Button>
        {buttons}
        <Button className="button quiet" onPress={() => outbox.discard(pending.id)}>
          {texts.feed.discard}
        </Button>
      </div>
    </div>
  );
}
