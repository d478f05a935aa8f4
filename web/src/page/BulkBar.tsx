import { useEffect } from "react";
import type { Listing } from "../domain/listing";
import { PRIORITIES, STATUSES, type Row } from "../domain/model";
import { priorityNames, problemText, statusNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useStore, useWorkplace } from "./hooks";
import { useShortcut } from "./keys";
import { ArchiveIcon, CloseIcon, PriorityBars, StatusDot, UnassignedIcon, WarnIcon } from "./icons";
import { Picker, type Option } from "./Picker";

interface Props {
  readonly listing: Listing;
  readonly picked: ReadonlySet<number>;
  /** What is loaded, in order. */
  readonly order: readonly number[];
  readonly loadAll: (() => Promise<readonly Row[]>) | null;
  readonly onPick: (ids: readonly number[]) => void;
  readonly onDone: (ids: readonly number[]) => void;
}

const NOBODY = "none";
const DONE_MS = 5_000;
const ESCAPE = ["Escape"] as const;
const NO_KEYS = [] as const;

/** What can be done with the picked rows, and what became of it. */
export function BulkBar({ listing, picked, order, loadAll, onPick, onDone }: Props) {
  const { bulk } = useWorkplace();
  const { running, refusals, changed } = useStore(bulk.state);
  const isShown = picked.size > 0 || running !== null || changed !== null;
  // With nothing picked, Escape is for others.
  useShortcut(isShown ? ESCAPE : NO_KEYS, () => close());

  // Where everything went well there is nothing to decide: the word of it goes by itself.
  const isDone = changed !== null && refusals.size === 0 && picked.size === 0;
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => bulk.forget(), DONE_MS);
    return () => clearTimeout(timer);
  }, [isDone, bulk]);

  function close() {
    bulk.forget();
    onPick([]);
  }

  async function write(changes: Readonly<Record<string, unknown>>) {
    // In the list's order, so that the progress goes down the screen.
    const ids = [...order.filter((id) => picked.has(id)), ...[...picked].filter((id) => !order.includes(id))];
    onDone(await bulk.write(ids, changes));
  }

  if (!isShown) return null;
  const isBusy = running !== null;
  const allPicked = picked.size > 0 && order.every((id) => picked.has(id));
  return (
    <div className="bulk" role="region" aria-label={texts.bulk.label} data-testid="bulk-bar">
      <div className="bulk-head">
        <b role="status" data-testid="bulk-status">
          {running
            ? texts.bulk.running(running.done, running.total)
            : changed !== null
              ? texts.bulk.changed(changed, refusals.size)
              : texts.bulk.picked(picked.size)}
        </b>
        {!isBusy && !allPicked && picked.size > 0 && (
          <Button className="link-button" onPress={() => onPick(order)}>
            {texts.bulk.all(order.length)}
          </Button>
        )}
        {!isBusy && allPicked && loadAll && (
          <Button className="link-button" onPress={() => void loadAll().then((rows) => onPick(rows.map(({ id }) => id)))}>
            {texts.bulk.allMatching}
          </Button>
        )}
        <Button className="icon-button" aria-label={texts.bulk.close} onPress={close} isDisabled={isBusy}>
          <CloseIcon />
        </Button>
      </div>
      {running && <progress className="bulk-progress" aria-label={texts.bulk.label} max={running.total} value={running.done} />}
      {refusals.size > 0 && (
        <p className="bulk-refused" role="alert">
          <WarnIcon />
          {[...new Set([...refusals.values()].map(problemText))].join(" ")}
        </p>
      )}
      {picked.size > 0 && <Actions listing={listing} isBusy={isBusy} onWrite={(changes) => void write(changes)} />}
    </div>
  );
}

interface ActionsProps {
  readonly listing: Listing;
  readonly isBusy: boolean;
  readonly onWrite: (changes: Readonly<Record<string, unknown>>) => void;
}

interface Menu {
  readonly label: string;
  readonly testId: string;
  readonly options: readonly Option[];
  readonly change: (id: string) => Readonly<Record<string, unknown>>;
}

function Actions({ listing, isBusy, onWrite }: ActionsProps) {
  const { agents } = useAgents();
  const people = agents.filter(({ active }) => active);
  const menus: readonly Menu[] = [
    {
      label: texts.bulk.assign,
      testId: "bulk-assign",
      options: [
        { id: NOBODY, name: texts.nobody, icon: <UnassignedIcon /> },
        ...people.map((agent) => ({ id: String(agent.id), name: agent.name, icon: <Avatar person={agent} size="small" /> })),
      ],
      change: (id) => ({ assigned_to: id === NOBODY ? null : Number(id) }),
    },
    {
      label: texts.bulk.status,
      testId: "bulk-set-status",
      options: STATUSES.map((id) => ({ id, name: statusNames[id], icon: <StatusDot status={id} /> })),
      change: (status) => ({ status }),
    },
    {
      label: texts.bulk.priority,
      testId: "bulk-priority",
      options: PRIORITIES.map((id) => ({ id, name: priorityNames[id], icon: <PriorityBars priority={id} /> })),
      change: (priority) => ({ priority }),
    },
  ];
  return (
    <div className="bulk-actions">
      {menus.map(({ label, testId, options, change }) => (
        <Picker
          key={testId}
          label={label}
          value=""
          options={options}
          onPick={(id) => onWrite(change(id))}
          className="button"
          placement="top start"
          isDisabled={isBusy}
          testId={testId}
        >
          {label}
        </Picker>
      ))}
      <Button className="button" isDisabled={isBusy} onPress={() => onWrite({ archived: !listing.archived })} data-testid="bulk-archive">
        <ArchiveIcon />
        {listing.archived ? texts.form.unarchive : texts.form.archive}
      </Button>
    </div>
  );
}
