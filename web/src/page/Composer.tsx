import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { unseenBy } from "../domain/feed";
import { mentionAt } from "../domain/prose";
import type { Action, Agent } from "../domain/model";
import type { Pad } from "../live/pad";
import type { Room } from "../live/room";
import { deed, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useStore, useWorkplace } from "./hooks";
import { CloseIcon, ReplyIcon, SendIcon, WarnIcon } from "./icons";

interface Props {
  readonly room: Room;
  readonly pad: Pad;
}

const SUGGESTED = 6;

export function Composer({ room, pad }: Props) {
  const { body, replyTo, held } = useStore(pad.state);
  const { items, seen } = useStore(room.state);
  const { me } = useWorkplace();
  const arrived = body.trim() === "" || held.length > 0 ? [] : unseenBy(items, me.id, seen);
  const field = useRef<HTMLTextAreaElement>(null);
  const mentions = useMentions(body, field, (text) => pad.write(text));
  const answered = replyTo === null ? undefined : items.find(({ offset }) => offset === replyTo);
  useGrowing(field, body);
  useEffect(() => {
    if (replyTo !== null) field.current?.focus();
  }, [replyTo]);

  function pressed(event: KeyboardEvent) {
    if (mentions.pressed(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!event.repeat) pad.send();
    }
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        pad.send();
      }}
    >
      {held.length > 0 && <Held actions={held} pad={pad} />}
      {arrived.length > 0 && <Arrived actions={arrived} pad={pad} />}
      <div className="composer-box">
        {answered && (
          <p className="composer-reply">
            <ReplyIcon />
            <span>{texts.feed.replyTo(answered.actor.name)}</span>
            <span className="comment-quote">{answered.body}</span>
            <Button className="icon-button" aria-label={texts.comment.cancelReply} onPress={() => pad.reply(null)}>
              <CloseIcon />
            </Button>
          </p>
        )}
        {mentions.agents.length > 0 && (
          <div className="popover menu mentions" id="mentions" role="listbox" aria-label={texts.comment.people}>
            {mentions.agents.map((agent, index) => (
              <div
                key={agent.id}
                id={`mention-${agent.id}`}
                role="option"
                tabIndex={-1}
                className="menu-item"
                aria-selected={index === mentions.active}
                data-focused={index === mentions.active || undefined}
                // Keeps the caret where it is.
                onMouseDown={(event) => {
                  event.preventDefault();
                  mentions.choose(agent);
                }}
              >
                <Avatar person={agent} size="small" />
                <span className="menu-text">{agent.name}</span>
                <span className="menu-hint">@{agent.username}</span>
              </div>
            ))}
          </div>
        )}
        <textarea
          ref={field}
          className="composer-text"
          aria-label={texts.comment.label}
          data-testid="comment-box"
          aria-keyshortcuts="c"
          placeholder={texts.comment.hint}
          maxLength={10_000}
          rows={1}
          value={body}
          onChange={(event) => pad.write(event.target.value)}
          onKeyDown={pressed}
          onSelect={mentions.moved}
          aria-controls={mentions.agents.length > 0 ? "mentions" : undefined}
          aria-activedescendant={mentions.activeId}
        />
        <div className="composer-foot">
          <kbd>{texts.comment.sendKeys}</kbd>
          <Button className="button primary send" type="submit" isDisabled={body.trim() === ""} data-testid="send-comment">
            <SendIcon />
            {texts.comment.send}
          </Button>
        </div>
      </div>
    </form>
  );
}

/** Tells at once that somebody else did something while this comment is being written. */
function Arrived({ actions, pad }: { readonly actions: readonly Action[]; readonly pad: Pad }) {
  const people = [...new Map(actions.map(({ actor }) => [actor.id, actor])).values()];
  return (
    <p className="arrived" role="status" data-testid="arrived">
      {people.slice(0, 3).map((person) => (
        <Avatar key={person.id} person={person} size="small" />
      ))}
      <span>{texts.comment.arrived(actions.length)}</span>
      <Button className="link-button" onPress={() => pad.acknowledge()}>
        {texts.comment.seen}
      </Button>
    </p>
  );
}

/** What arrived unseen, and the choice to send anyway. */
function Held({ actions, pad }: { readonly actions: readonly Action[]; readonly pad: Pad }) {
  const { nameOf } = useAgents();
  return (
    <div className="held" role="alert" data-testid="send-guard">
      <p className="held-title">
        <WarnIcon />
        <b>{texts.comment.held(actions.length)}</b> <span>{texts.comment.heldHint}</span>
      </p>
      <ul>
        {actions.map((action) => (
          <li key={action.offset}>
            <Avatar person={action.actor} size="small" />
            <b>{action.actor.name}</b> <span>{action.body ?? deed(action, nameOf)}</span>
          </li>
        ))}
      </ul>
      <div className="buttons">
        <Button className="button primary" onPress={() => pad.sendAnyway()} data-testid="send-anyway">
          {texts.comment.sendAnyway}
        </Button>
        <Button className="button" onPress={() => pad.acknowledge()}>
          {texts.comment.backToEditing}
        </Button>
      </div>
    </div>
  );
}

/** The box grows with its text up to the limit that the stylesheet sets. */
function useGrowing(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  useEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = "auto";
    if (text !== "") box.style.height = `${box.scrollHeight}px`;
  }, [field, text]);
}

/** Completes `@name` while it is typed: arrows choose, Enter or Tab takes, Escape puts away. */
function useMentions(body: string, field: React.RefObject<HTMLTextAreaElement | null>, write: (text: string) => void) {
  const { me } = useWorkplace();
  const { agents } = useAgents();
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  const [closedAt, setClosedAt] = useState(-1);
  const mention = mentionAt(body, caret);
  const typed = mention?.typed.toLowerCase() ?? "";
  const fits = (agent: Agent) =>
    agent.active && agent.id !== me.id && (agent.username.startsWith(typed) || agent.name.toLowerCase().includes(typed));
  const found = mention && mention.start !== closedAt ? agents.filter(fits).slice(0, SUGGESTED) : [];
  const at = Math.min(active, Math.max(0, found.length - 1));

  function choose(agent: Agent) {
    if (!mention) return;
    const start = `${body.slice(0, mention.start)}@${agent.username} `;
    write(start + body.slice(caret));
    setCaret(start.length);
    setActive(0);
    requestAnimationFrame(() => field.current?.setSelectionRange(start.length, start.length));
  }

  function pressed(event: KeyboardEvent): boolean {
    const chosen = found[at];
    if (!chosen || !mention) return false;
    if (event.key === "ArrowDown") setActive((at + 1) % found.length);
    else if (event.key === "ArrowUp") setActive((at + found.length - 1) % found.length);
    else if (event.key === "Escape") setClosedAt(mention.start);
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") choose(chosen);
    else return false;
    event.preventDefault();
    return true;
  }

  return {
    agents: found,
    active: at,
    activeId: found[at] ? `mention-${found[at].id}` : undefined,
    choose,
    pressed,
    moved: () => setCaret(field.current?.selectionStart ?? 0),
  };
}
