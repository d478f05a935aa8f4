import { useEffect, useRef, type UIEvent } from "react";
import { hasOlder, isRead, unread, type Notice as NoticeOf } from "../domain/inbox";
import { fullTime, shortAge } from "../domain/times";
import { noticeText, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { bell, switchBell } from "./desktop";
import { useAgents, useNow, useStore, useWorkplace } from "./hooks";
import { BellIcon, CheckIcon, MenuIcon } from "./icons";
import { useShortcut } from "./keys";
import { Notice } from "./Notice";
import { followLink, navigate, noticePath } from "./route";
import { useTitle } from "./title";

interface Props {
  readonly customerId: number | null;
  readonly action: number | null;
  readonly onMenu: () => void;
}

const MOVES = ["j", "k", "ArrowDown", "ArrowUp"] as const;
const OLDER_PX = 300;

/** What concerns the agent: assignments, mentions and answers, the newest first. */
export default function Inbox({ customerId, action, onMenu }: Props) {
  const { inbox } = useWorkplace();
  const state = useStore(inbox.state);
  const now = useNow();
  const list = useRef<HTMLUListElement>(null);
  const { items, phase } = state;
  const isOpen = (notice: NoticeOf) => notice.customer_id === customerId && notice.action.offset === action;
  useTitle(texts.inbox.title);

  const open = (notice: NoticeOf) => {
    inbox.read(notice.offset);
    navigate(noticePath(notice.customer_id, notice.action.offset), customerId === null ? "push" : "replace");
  };
  const step = (key: string) => {
    const at = items.findIndex(isOpen);
    const next = key === "j" || key === "ArrowDown" ? at + 1 : Math.max(0, at - 1);
    const notice = items[next];
    if (!notice) return;
    open(notice);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  useShortcut(MOVES, step);
  // An address that was kept or sent leads to the same place.
  const opened = items.find(isOpen)?.offset;
  useEffect(() => {
    if (opened !== undefined) inbox.read(opened);
  }, [inbox, opened]);
  const scrolled = ({ currentTarget: box }: UIEvent) => {
    if (box.scrollHeight - box.clientHeight - box.scrollTop < OLDER_PX) void inbox.loadOlder();
  };

  return (
    <section className="list" aria-label={texts.inbox.title}>
      <InboxHead count={unread(state)} onMenu={onMenu} />
      <div className="list-scroll" tabIndex={-1} onScroll={scrolled} data-testid="inbox">
        {phase === "failed" && <Notice title={texts.inbox.failed} action={texts.tryAgain} onAction={() => void inbox.load()} />}
        {phase === "ready" && items.length === 0 && <Notice title={texts.inbox.none} hint={texts.inbox.noneHint} />}
        <ul ref={list}>
          {items.map((notice) => (
            <NoticeRow
              key={notice.offset}
              notice={notice}
              read={isRead(state, notice.offset)}
              selected={isOpen(notice)}
              now={now}
              onOpen={() => open(notice)}
            />
          ))}
        </ul>
        {items.length > 0 && hasOlder(state) && (
          <Button className="button quiet wide" onPress={() => void inbox.loadOlder()}>
            {texts.inbox.older}
          </Button>
        )}
      </div>
    </section>
  );
}

function InboxHead({ count, onMenu }: { readonly count: number; readonly onMenu: () => void }) {
  const { inbox } = useWorkplace();
  const ringing = useStore(bell);
  return (
    <header className="list-head">
      <div className="list-title">
        <Button className="icon-button menu-button" aria-label={texts.nav.open} onPress={onMenu}>
          <MenuIcon />
        </Button>
        <h1>{texts.inbox.title}</h1>
        <span className="list-count">{count > 0 && texts.list.unread(count)}</span>
        {ringing !== "unsupported" && (
          <Button
            className="icon-button bell"
            aria-pressed={ringing === "on"}
            aria-label={texts.inbox.desktop}
            title={ringing === "denied" ? texts.inbox.desktopDenied : ringing === "on" ? texts.inbox.desktopOn : texts.inbox.desktopOff}
            isDisabled={ringing === "denied"}
            onPress={() => void switchBell(ringing !== "on")}
          >
            <BellIcon />
          </Button>
        )}
        <Button
          className="icon-button"
          aria-label={texts.inbox.readAll}
          title={texts.inbox.readAll}
          isDisabled={count === 0}
          onPress={() => inbox.readAll()}
          data-testid="read-all"
        >
          <CheckIcon />
        </Button>
      </div>
    </header>
  );
}

interface RowProps {
  readonly notice: NoticeOf;
  readonly read: boolean;
  readonly selected: boolean;
  readonly now: number;
  readonly onOpen: () => void;
}

function NoticeRow({ notice, read, selected, now, onOpen }: RowProps) {
  const { nameOf } = useAgents();
  const { action } = notice;
  return (
    <li data-testid="notice" data-offset={notice.offset} data-unread={!read || undefined}>
      <a
        className="notice-row"
        href={noticePath(notice.customer_id, action.offset)}
        aria-current={selected ? "page" : undefined}
        onClick={(event) => followLink(event, onOpen)}
      >
        <Avatar person={action.actor} />
        <span className="notice-what">
          {!read && <span className="hidden">{texts.inbox.unread}: </span>}
          <b>{action.actor.name}</b> {noticeText(notice, nameOf)}
        </span>
        <time className="row-time" dateTime={action.created_at} title={fullTime(action.created_at)}>
          {shortAge(action.created_at, now)}
        </time>
        <span className="notice-about">
          {notice.customer_name ?? texts.inbox.someCustomer}
          {action.body && <span className="notice-body">{action.body}</span>}
        </span>
      </a>
    </li>
  );
}
