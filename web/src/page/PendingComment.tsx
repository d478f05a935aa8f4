import type { Pending } from "../domain/command";
import type { Pad } from "../live/pad";
import { texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useStore, useWorkplace } from "./hooks";
import { Prose } from "./Prose";
import { Refused } from "./Refused";

/** An own comment that the server has not answered yet, or that it refused. */
export function PendingComment({ pending, pad }: { readonly pending: Pending; readonly pad: Pad }) {
  const { me, link } = useWorkplace();
  const { phase } = useStore(link.state);
  const { command, state, id } = pending;
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
          <Refused
            pending={pending}
            buttons={
              <Button className="button" onPress={() => pad.takeBack(pending)}>
                {texts.feed.takeBack}
              </Button>
            }
          />
        )}
      </div>
    </article>
  );
}
