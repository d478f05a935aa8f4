import type { Pending } from "../domain/command";
import type { Pad } from "../live/pad";
import { problemText, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
import { Prose } from "./Prose";

/** An own comment that the server has not answered yet, or that it refused. */
export function PendingComment({ pending, pad }: { readonly pending: Pending; readonly pad: Pad }) {
  const { me, outbox, link } = useWorkplace();
  const { phase } = useStore(link.state);
  const { command, state, problem, id } = pending;
  if (command.method !== "comment.add") return null;
  const isOffline = phase !== "live" && phase !== "fallback";
  return (
    <article className="comment pending" aria-label={me.name} data-testid="pending-comment" data-command-id={id} data-state={state}>
      <Avatar person={me} />
      <div className="comment-main">
        <header className="comment-head">
          <span className="comment-author">{me.name}</span>
          <span className="comment-state" role="status">
            {state === "refused" ? texts.feed.refused : isOffline ? texts.feed.waiting : texts.feed.sending}
          </span>
        </header>
        <p className="comment-body">
          <Prose body={command.data.body} />
        </p>
        {state === "refused" && (
          <div className="refused" role="alert">
            {problem && <p className="refusal">{problemText(problem)}</p>}
            <div className="buttons">
              <Button className="button" onPress={() => outbox.again(pending)}>
                {texts.tryAgain}
              </Button>
              <Button className="button" onPress={() => pad.takeBack(pending)}>
                {texts.feed.takeBack}
              </Button>
              <Button className="button quiet" onPress={() => outbox.discard(id)}>
                {texts.feed.discard}
              </Button>
            </div>
          </div>
        )}
      </div>
    </article>
  );
}
