import { memo, useState } from "react";
import type { CommentNow } from "../domain/feed";
import type { Action } from "../domain/model";
import { ago, clock, fullTime } from "../domain/times";
import { texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useWorkplace } from "./hooks";
import { PencilIcon, ReplyIcon, CloseIcon } from "./icons";
import { Prose } from "./Prose";

interface Props {
  readonly customerId: number;
  readonly action: Action;
  readonly now: CommentNow;
  readonly continued: boolean;
  readonly answered: Action | undefined;
  readonly time: number;
  readonly onReply: (offset: number) => void;
}

export const CommentItem = memo(function CommentItem(props: Props) {
  const { customerId, action, now, continued, answered, time, onReply } = props;
  const { me, outbox } = useWorkplace();
  const [editing, setEditing] = useState(false);
  const mayChange = action.actor.id === me.id || me.role !== "agent";
  const at = { customer_id: customerId, offset: action.offset };
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
        {answered && (
          <p className="comment-answered">
            <ReplyIcon />
            <span>{texts.feed.replied(answered.actor.name)}</span>
            {answered.body && <span className="comment-quote">{answered.body}</span>}
          </p>
        )}
        {editing ? (
          <CommentEditor
            body={now.body ?? ""}
            onCancel={() => setEditing(false)}
            onSave={(body) => {
              outbox.submit({ method: "comment.edit", data: { ...at, body } });
              setEditing(false);
            }}
          />
        ) : now.deleted ? (
          <p className="comment-deleted">{texts.feed.deleted}</p>
        ) : (
          <p className="comment-body">
            <Prose body={now.body ?? ""} />
            {now.edited && <span className="comment-edited"> ({texts.feed.edited})</span>}
          </p>
        )}
      </div>
      {!editing && !now.deleted && (
        <div className="comment-tools">
          <Button className="icon-button" aria-label={texts.feed.reply} onPress={() => onReply(action.offset)}>
            <ReplyIcon />
          </Button>
          {mayChange && (
            <>
              <Button className="icon-button" aria-label={texts.feed.edit} onPress={() => setEditing(true)}>
                <PencilIcon />
              </Button>
              <Button
                className="icon-button"
                aria-label={texts.feed.remove}
                onPress={() => outbox.submit({ method: "comment.delete", data: at })}
              >
                <CloseIcon />
              </Button>
            </>
          )}
        </div>
      )}
    </article>
  );
});

interface EditorProps {
  readonly body: string;
  readonly onSave: (body: string) => void;
  readonly onCancel: () => void;
}

function CommentEditor({ body, onSave, onCancel }: EditorProps) {
  const [text, setText] = useState(body);
  const isNews = text.trim() !== "" && text !== body;
  return (
    <form
      className="comment-editor"
      onSubmit={(event) => {
        event.preventDefault();
        if (isNews) onSave(text.trim());
      }}
    >
      <textarea
        className="input"
        aria-label={texts.feed.edit}
        rows={3}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onCancel()}
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
