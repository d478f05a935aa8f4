import { memo, useState } from "react";
import type { Pending } from "../domain/command";
import type { CommentNow } from "../domain/feed";
import type { Action } from "../domain/model";
import { ago, clock, fullTime } from "../domain/times";
import { texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useMe, useWorkplace } from "./hooks";
import { BinIcon, PencilIcon, ReplyIcon } from "./icons";
import { Prose } from "./Prose";
import { Refused } from "./Refused";

interface Props {
  readonly customerId: number;
  readonly action: Action;
  readonly now: CommentNow;
  readonly continued: boolean;
  /** The comment that this one answers, where it is loaded. */
  readonly answered: Answered | undefined;
  /** A change of this comment that the server has not accepted yet, or has refused. */
  readonly rewrite: Pending | undefined;
  readonly time: number;
  readonly onReply: (offset: number) => void;
  readonly onJump: (offset: number) => void;
}

interface Answered {
  readonly action: Action;
  readonly now: CommentNow;
}

export const CommentItem = memo(function CommentItem(props: Props) {
  const { customerId, action, now, continued, answered, rewrite, time, onReply, onJump } = props;
  const { outbox, drafts } = useWorkplace();
  const me = useMe();
  const [text, setText] = useState(() => drafts.rewrite(customerId, action.offset));
  const [asking, setAsking] = useState(false);
  const mayChange = action.actor.id === me.id || me.role !== "agent";
  const at = { customer_id: customerId, offset: action.offset };
  const shown = foreseenComment(now, rewrite);
  function write(body: string | null) {
    setText(body);
    drafts.keepRewrite(customerId, action.offset, body);
  }
  return (
    <article
      className="comment"
      aria-label={action.actor.name}
      data-testid="feed-item"
      data-offset={action.offset}
      data-continued={continued || undefined}
      data-own={action.actor.id === me.id || undefined}
    >
      {!continued && <Avatar person={action.actor} />}
      <div className="comment-main">
        {!continued && (
          <header className="comment-head">
            <span className="comment-author">{action.actor.name}</span>
            <time dateTime={action.created_at} title={fullTime(action.created_at)}>
              {time - Date.parse(action.created_at) < 3_600_000 ? ago(action.created_at, time) : clock(action.created_at)}
            </time>
          </header>
        )}
        {action.reply_to !== null && <Quote to={action.reply_to} answered={answered} onJump={onJump} />}
        {text !== null ? (
          <CommentEditor
            text={text}
            isNews={text.trim() !== "" && text.trim() !== shown.body}
            onWrite={write}
            onCancel={() => write(null)}
            onSave={() => {
              // First the outbox, then the draft: at no moment is the text in neither.
              outbox.submit({ method: "comment.edit", data: { ...at, body: text.trim() } });
              write(null);
            }}
          />
        ) : shown.deleted ? (
          <p className="comment-deleted">{texts.feed.deleted}</p>
        ) : (
          <p className="comment-body">
            <Prose body={shown.body ?? ""} />
            {shown.edited && <span className="comment-edited"> ({texts.feed.edited})</span>}
          </p>
        )}
        {rewrite && <Rewrite pending={rewrite} />}
        {asking && (
          <div className="comment-sure" role="group" aria-label={texts.feed.removeSure}>
            <span>{texts.feed.removeSure}</span>
            <Button
              className="button danger"
              autoFocus
              onPress={() => {
                outbox.submit({ method: "comment.delete", data: at });
                setAsking(false);
              }}
            >
              {texts.feed.remove}
            </Button>
            <Button className="button" onPress={() => setAsking(false)}>
              {texts.cancel}
            </Button>
          </div>
        )}
      </div>
      {text === null && !shown.deleted && !asking && (
        <div className="comment-tools">
          <Button className="icon-button" aria-label={texts.feed.reply} onPress={() => onReply(action.offset)}>
            <ReplyIcon />
          </Button>
          {mayChange && (
            <>
              <Button className="icon-button" aria-label={texts.feed.edit} onPress={() => write(shown.body ?? "")}>
                <PencilIcon />
              </Button>
              <Button className="icon-button" aria-label={texts.feed.remove} onPress={() => setAsking(true)}>
                <BinIcon />
              </Button>
            </>
          )}
        </div>
      )}
    </article>
  );
});

/** The comment as it will read when the change that is on its way has arrived. */
function foreseenComment(now: CommentNow, rewrite: Pending | undefined): CommentNow {
  if (!rewrite || rewrite.state === "refused") return now;
  const { command } = rewrite;
  if (command.method === "comment.delete") return { body: null, edited: false, deleted: true };
  return command.method === "comment.edit" ? { body: command.data.body, edited: true, deleted: false } : now;
}

interface QuoteProps extends Pick<Props, "answered" | "onJump"> {
  readonly to: number;
}

/** What a comment answers; pressing it goes there. */
function Quote({ to, answered, onJump }: QuoteProps) {
  const label = answered ? texts.feed.replied(answered.action.actor.name) : texts.feed.repliedEarlier;
  return (
    <button type="button" className="comment-answered" onClick={() => onJump(to)} title={texts.feed.jumpTo}>
      <ReplyIcon />
      <span>{label}</span>
      {answered && <span className="comment-quote">{answered.now.deleted ? texts.feed.deleted : answered.now.body}</span>}
    </button>
  );
}

/** What becomes of a change of a comment. */
function Rewrite({ pending }: { readonly pending: Pending }) {
  const { state, command } = pending;
  if (state !== "refused") {
    return (
      <p className="comment-state" role="status">
        {texts.feed.saving}
      </p>
    );
  }
  return (
    <Refused pending={pending} title={command.method === "comment.delete" ? texts.feed.notDeleted : texts.feed.notChanged}>
      {command.method === "comment.edit" && <blockquote className="comment-quote">{command.data.body}</blockquote>}
    </Refused>
  );
}

interface EditorProps {
  readonly text: string;
  readonly isNews: boolean;
  readonly onWrite: (text: string) => void;
  readonly onSave: () => void;
  readonly onCancel: () => void;
}

function CommentEditor({ text, isNews, onWrite, onSave, onCancel }: EditorProps) {
  return (
    <form
      className="comment-editor"
      onSubmit={(event) => {
        event.preventDefault();
        if (isNews) onSave();
      }}
    >
      <textarea
        className="input"
        aria-label={texts.feed.edit}
        rows={3}
        maxLength={10_000}
        value={text}
        onChange={(event) => onWrite(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onCancel();
          else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && isNews) onSave();
        }}
        autoFocus
      />
      <div className="buttons">
        <Button className="button primary" type="submit" isDisabled={!isNews}>
          {texts.feed.save}
        </Button>
        <Button className="button" onPress={onCancel}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
