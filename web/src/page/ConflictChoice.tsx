import { useState } from "react";
import { isText, type Conflict } from "../domain/draft";
import { markChanges, mergeText } from "../domain/merge";
import { ago } from "../domain/times";
import type { Desk } from "../live/desk";
import { fieldName, texts, valueName } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useNow } from "./hooks";
import { Marked } from "./Marked";

interface Props {
  readonly desk: Desk;
  readonly conflict: Conflict;
  /** In the form, where the field itself stands above. */
  readonly compact?: boolean;
}

/** One field that two people changed: what it was, what each made of it, and what it shall be. */
export function ConflictChoice({ desk, conflict, compact = false }: Props) {
  const { nameOf } = useAgents();
  const [merging, setMerging] = useState(false);
  const { field, base, theirs, yours } = conflict;
  const show = (value: Conflict["base"]) => valueName(field, value, nameOf);
  const marked = (value: Conflict["base"]) =>
    isText(field) && base !== null && value !== null ? <Marked stretches={markChanges(String(base), String(value))} /> : show(value);
  return (
    <div className="conflict" role="group" aria-label={texts.conflict.group(fieldName(field))} data-testid="conflict-field" data-field={field}>
      {!compact && <h3>{fieldName(field)}</h3>}
      <ConflictSource conflict={conflict} />
      <dl>
        <dt>{texts.conflict.was}</dt>
        <dd className="was">{show(base)}</dd>
        <dt>{texts.conflict.theirs}</dt>
        <dd className="theirs">{marked(theirs)}</dd>
        <dt>{texts.conflict.yours}</dt>
        <dd className="yours">{marked(yours)}</dd>
      </dl>
      {merging ? (
        <Merge desk={desk} conflict={conflict} onDone={() => setMerging(false)} />
      ) : (
        <div className="buttons">
          <Button className="button" onPress={() => desk.keepMine(field)} data-testid="keep-mine">
            {texts.conflict.keepMine}
          </Button>
          <Button className="button" onPress={() => desk.takeTheirs(field)} data-testid="take-theirs">
            {texts.conflict.takeTheirs}
          </Button>
          {isText(field) && (
            <Button className="button" onPress={() => setMerging(true)} data-testid="merge-text">
              {texts.conflict.merge}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function ConflictSource({ conflict: { by } }: Pick<Props, "conflict">) {
  const now = useNow();
  if (!by) return <p className="conflict-by">{texts.conflict.bySomebody}</p>;
  return (
    <p className="conflict-by">
      <Avatar person={by.actor} size="small" />
      {by.at ? texts.conflict.by(by.actor.name, ago(by.at, now)) : by.actor.name}
    </p>
  );
}

interface MergeProps extends Pick<Props, "desk" | "conflict"> {
  readonly onDone: () => void;
}

function Merge({ desk, conflict, onDone }: MergeProps) {
  const { field, base, theirs, yours } = conflict;
  const suggestion = mergeText(String(base ?? ""), String(theirs ?? ""), String(yours ?? ""));
  const [text, setText] = useState(suggestion.text);
  return (
    <div className="merge">
      <p className="merge-hint">{suggestion.isClean ? texts.conflict.mergedClean : texts.conflict.mergedClash}</p>
      <textarea
        className="input"
        aria-label={texts.conflict.merged(fieldName(field))}
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
        data-testid="merged-text"
        autoFocus
      />
      <div className="buttons">
        <Button
          className="button primary"
          data-testid="use-merged"
          onPress={() => {
            desk.merge(field, text);
            onDone();
          }}
        >
          {texts.conflict.takeMerged}
        </Button>
        <Button className="button" onPress={onDone}>
          {texts.cancel}
        </Button>
      </div>
    </div>
  );
}
