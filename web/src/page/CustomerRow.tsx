import { memo, type MouseEvent } from "react";
import { highlighted } from "../domain/highlight";
import type { Problem, Row } from "../domain/model";
import { fullTime, shortAge } from "../domain/times";
import { problemText, texts } from "../texts";
import { Avatar } from "./Avatar";
import { PriorityBars, StatusDot, WarnIcon } from "./icons";
import { Marked } from "./Marked";
import { followLink, navigate } from "./route";

/** `one`: in or out; `range`: everything up to here; `anchor`: in, and where a range starts. */
export type Pick = (id: number, how: "one" | "range" | "anchor") => void;

interface Props {
  readonly row: Row;
  readonly top: number;
  readonly position: number;
  readonly size: number;
  readonly href: string;
  readonly open: boolean;
  readonly picked: boolean;
  /** The one row that Tab reaches; arrows go on from there. */
  readonly reachable: boolean;
  readonly assignee: number | null;
  readonly assigneeName: string;
  /** Why the last change of many left this one out. */
  readonly refusal: Problem | null;
  readonly words: readonly string[];
  readonly now: number;
  readonly onPick: Pick;
  readonly onFocus: (id: number) => void;
}

/** One customer in the list; the list places it, since only the visible ones exist. */
export const CustomerRow = memo(function CustomerRow(props: Props) {
  const { row, top, position, size, href, open, picked, reachable, assignee, assigneeName, refusal, words, now, onPick, onFocus } = props;
  function pressed(event: MouseEvent) {
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      event.preventDefault();
      onPick(row.id, event.shiftKey ? "range" : "one");
    } else followLink(event, () => navigate(href));
  }
  return (
    <li
      className="row"
      style={{ transform: `translateY(${top}px)` }}
      aria-posinset={position}
      aria-setsize={size}
      data-testid="customer-row"
      data-customer-id={row.id}
      data-unread={row.unread > 0 || undefined}
      data-picked={picked || undefined}
    >
      <a
        href={href}
        aria-current={open ? "page" : undefined}
        tabIndex={reachable ? 0 : -1}
        onClick={pressed}
        onFocus={() => onFocus(row.id)}
      >
        <StatusDot status={row.status} named />
        <span className="row-name">
          <Found text={row.name} words={words} />
        </span>
        <time className="row-time" dateTime={row.updated_at} title={fullTime(row.updated_at)}>
          {shortAge(row.updated_at, now)}
        </time>
        {refusal ? (
          <span className="row-sub row-refusal" data-testid="row-refusal">
            <WarnIcon />
            <span className="row-email" title={problemText(refusal)}>
              {problemText(refusal)}
            </span>
          </span>
        ) : (
          <span className="row-sub">
            <span className="row-ref">
              <Found text={row.ref} words={words} />
            </span>
            {row.email && (
              <span className="row-email">
                <Found text={row.email} words={words} />
              </span>
            )}
          </span>
        )}
        <span className="row-marks">
          {row.priority !== "normal" && <PriorityBars priority={row.priority} named />}
          {assignee !== null && <Avatar person={{ id: assignee, name: assigneeName }} size="small" />}
          {row.unread > 0 && (
            <span className="badge" role="img" aria-label={texts.list.unread(row.unread)}>
              {row.unread > 99 ? "99+" : row.unread}
            </span>
          )}
        </span>
      </a>
      <input
        className="row-check"
        type="checkbox"
        tabIndex={-1}
        checked={picked}
        aria-label={texts.list.pick(row.name)}
        onChange={(event) => {
          onPick(row.id, (event.nativeEvent as unknown as globalThis.MouseEvent).shiftKey ? "range" : "one");
          // The keys of the list go on from this row.
          event.currentTarget.parentElement?.querySelector("a")?.focus({ preventScroll: true });
        }}
      />
    </li>
  );
});

/** A text with the found words marked. */
function Found({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  return words.length === 0 ? text : <Marked stretches={highlighted(text, words)} />;
}
