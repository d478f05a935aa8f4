import { useId, useState, type ReactNode } from "react";
import type { Company, Editor } from "../domain/company";
import { readField, type Conflict } from "../domain/draft";
import { PRIORITIES, STATUSES, type Customer, type FieldValue } from "../domain/model";
import { ago, fullTime } from "../domain/times";
import type { Desk } from "../live/desk";
import { fieldName, priorityNames, problemText, statusNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { ConflictChoice } from "./ConflictChoice";
import { useAgents, useNow, useStore, useWorkplace } from "./hooks";
import { ArchiveIcon, MailIcon, PlusIcon, PriorityBars, StatusDot, UnassignedIcon, WarnIcon } from "./icons";
import { Picker, type Option } from "./Picker";

interface Props {
  readonly desk: Desk;
  readonly customer: Customer;
  readonly company: Company;
  /** Fields whose new values the server has not acknowledged yet. */
  readonly saving: ReadonlySet<string>;
}

const NOBODY = "none";
const MAIL = /^[^\s@?&]+@[^\s@?&]+$/;

/** The customer's fields. Menus write at once; texts gather until they are saved together. */
export function Details({ desk, customer, company, saving }: Props) {
  const { draft, refusal } = useStore(desk.state);
  const now = useNow();
  const conflicts = desk.conflicts();
  const part = { desk, company, conflicts, saving };
  const keys = [...new Set([...Object.keys(customer.fields), ...draftKeys(Object.keys(draft))])].sort();
  return (
    <aside className="details" aria-label={texts.form.label} data-testid="details">
      {conflicts.length > 0 && (
        <p className="overtaken" role="alert" data-testid="overtaken">
          <WarnIcon />
          {texts.form.overtaken(conflicts.length)}
        </p>
      )}
      <div className="details-group">
        <StatusField {...part} customer={customer} />
        <PriorityField {...part} customer={customer} />
        <AssigneeField {...part} customer={customer} />
      </div>
      <div className="details-group">
        {["name", "email", "phone"].map((field) => (
          <TextRow key={field} {...part} field={field} customer={customer} />
        ))}
      </div>
      <div className="details-group">
        {keys.map((key) => (
          <TextRow key={key} {...part} field={`fields.${key}`} customer={customer} />
        ))}
        <AddField desk={desk} />
      </div>
      <div className="details-group quiet">
        <dl className="facts">
          <dt>{texts.form.created}</dt>
          <dd title={fullTime(customer.created_at)}>{ago(customer.created_at, now)}</dd>
          <dt>{texts.form.updated}</dt>
          <dd title={fullTime(customer.updated_at)}>{ago(customer.updated_at, now)}</dd>
        </dl>
        <Button className="button quiet archive" onPress={() => desk.pick("archived", !customer.archived)}>
          <ArchiveIcon />
          {customer.archived ? texts.form.unarchive : texts.form.archive}
        </Button>
      </div>
      {refusal && (
        <p className="refusal" role="alert">
          {problemText(refusal)}
        </p>
      )}
      <SaveBar desk={desk} conflicts={conflicts.length} changes={Object.keys(draft).length} saving={saving.size > 0} />
    </aside>
  );
}

function draftKeys(fields: readonly string[]): readonly string[] {
  return fields.filter((field) => field.startsWith("fields.")).map((field) => field.slice("fields.".length));
}

interface FieldProps {
  readonly desk: Desk;
  readonly customer: Customer;
  readonly company: Company;
  readonly conflicts: readonly Conflict[];
  readonly saving: ReadonlySet<string>;
}

function StatusField(props: FieldProps) {
  const options = STATUSES.map((id) => ({ id, name: statusNames[id], icon: <StatusDot status={id} /> }));
  return <MenuRow {...props} field="status" value={props.customer.status} options={options} testId="status-select" shortcut="s" />;
}

function PriorityField(props: FieldProps) {
  const options = PRIORITIES.map((id) => ({ id, name: priorityNames[id], icon: <PriorityBars priority={id} /> }));
  return <MenuRow {...props} field="priority" value={props.customer.priority} options={options} testId="priority-select" shortcut="p" />;
}

function AssigneeField(props: FieldProps) {
  const { agents, nameOf } = useAgents();
  const { assigned_to: id } = props.customer;
  const known = agents.filter((agent) => agent.active || agent.id === id);
  const people = known.some((agent) => agent.id === id) || id === null ? known : [...known, { id, name: nameOf(id) }];
  const options: Option[] = [
    { id: NOBODY, name: texts.nobody, icon: <UnassignedIcon /> },
    ...people.map((agent) => ({
      id: String(agent.id),
      name: agent.name,
      icon: <Avatar person={agent} size="small" />,
    })),
  ];
  return (
    <MenuRow
      {...props}
      field="assigned_to"
      value={id === null ? NOBODY : String(id)}
      options={options}
      testId="assignee-select"
      shortcut="a"
      read={(picked) => (picked === NOBODY ? null : Number(picked))}
    />
  );
}

interface MenuRowProps extends FieldProps {
  readonly field: string;
  readonly value: string;
  readonly options: readonly Option[];
  readonly testId: string;
  readonly shortcut: string;
  readonly read?: (id: string) => string | number | null;
}

function MenuRow({ desk, field, value, options, testId, shortcut, company, conflicts, saving, read }: MenuRowProps) {
  return (
    <FieldFrame desk={desk} field={field} company={company} conflicts={conflicts} saving={saving} label={<span className="label">{fieldName(field)}</span>}>
      <Picker
        label={fieldName(field)}
        value={value}
        options={options}
        testId={testId}
        shortcut={shortcut}
        onPick={(id) => desk.pick(field, read ? read(id) : id)}
        // Picking closes the menu too; the pick comes first and ends the edit itself.
        onOpenChange={(open) => (open ? desk.begin(field) : desk.finish(field))}
      />
    </FieldFrame>
  );
}

interface FrameProps extends Pick<FieldProps, "desk" | "company" | "conflicts" | "saving"> {
  readonly field: string;
  readonly label: ReactNode;
  readonly children: ReactNode;
}

/** A field with who else edits it, and its conflict if there is one. */
function FieldFrame({ desk, field, company, conflicts, saving, label, children }: FrameProps) {
  const { me } = useWorkplace();
  const editor: Editor | undefined = [...company.editors.values()].find(
    ({ agent, fields }) => agent.id !== me.id && fields?.includes(field),
  );
  const conflict = conflicts.find((one) => one.field === field);
  return (
    <div className="detail" data-conflict={conflict !== undefined || undefined} data-field={field}>
      <div className="detail-row">
        {label}
        {children}
        {saving.has(field) && <span className="detail-saving" role="img" aria-label={texts.form.saving} title={texts.form.saving} />}
        {editor && (
          <span className="detail-editor" role="img" aria-label={texts.form.editing(editor.agent.name)} title={texts.form.editing(editor.agent.name)} data-testid="field-editor">
            <Avatar person={editor.agent} size="small" />
          </span>
        )}
      </div>
      {conflict && <ConflictChoice desk={desk} conflict={conflict} compact />}
    </div>
  );
}

function TextRow({ desk, field, customer, company, conflicts, saving }: FieldProps & { readonly field: string }) {
  const { draft } = useStore(desk.state);
  const id = useId();
  const wish = draft[field];
  const live = readField(customer, field);
  const value = wish ? wish.value : live;
  const isStructured = value !== null && typeof value === "object";
  const label = (
    <label className="label" htmlFor={id} title={fieldName(field)}>
      {fieldName(field)}
    </label>
  );
  return (
    <FieldFrame desk={desk} field={field} company={company} conflicts={conflicts} saving={saving} label={label}>
      <input
        id={id}
        className="detail-input"
        aria-keyshortcuts={field === "name" ? "e" : undefined}
        data-dirty={wish !== undefined || undefined}
        placeholder="–"
        maxLength={1000}
        readOnly={isStructured}
        value={value === null ? "" : isStructured ? JSON.stringify(value) : String(value)}
        onChange={(event) => desk.write(field, typed(event.target.value, field, live))}
        onFocus={() => desk.begin(field)}
        onBlur={() => desk.finish(field)}
        onKeyDown={(event) => {
          if (event.key === "Enter") desk.save();
          else if (event.key === "Escape") desk.drop(field);
        }}
      />
      {field === "email" && typeof value === "string" && MAIL.test(value) && (
        <a className="detail-link" href={`mailto:${value}`} aria-label={texts.form.writeTo(value)}>
          <MailIcon />
        </a>
      )}
    </FieldFrame>
  );
}

/** A text as the field's kind of value: a number stays one, and nothing typed means no value. */
function typed(text: string, field: string, live: FieldValue): FieldValue {
  if (text === "" && field !== "name") return null;
  const isNumber = typeof live === "number" && text.trim() !== "" && String(Number(text)) === text;
  return isNumber ? Number(text) : text;
}

function AddField({ desk }: { readonly desk: Desk }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const key = name.trim().toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "");
  const add = () => {
    if (key !== "") desk.write(`fields.${key}`, "");
    setOpen(false);
    setName("");
  };
  if (!open) {
    return (
      <Button className="button quiet add-field" onPress={() => setOpen(true)}>
        <PlusIcon />
        {texts.form.add}
      </Button>
    );
  }
  return (
    <input
      className="detail-input"
      aria-label={texts.form.addName}
      placeholder={texts.form.addHint}
      maxLength={60}
      value={name}
      onChange={(event) => setName(event.target.value)}
      onBlur={add}
      onKeyDown={(event) => {
        if (event.key === "Enter") add();
        else if (event.key === "Escape") setOpen(false);
      }}
      autoFocus
    />
  );
}

interface SaveBarProps {
  readonly desk: Desk;
  readonly conflicts: number;
  readonly changes: number;
  readonly saving: boolean;
}

function SaveBar({ desk, conflicts, changes, saving }: SaveBarProps) {
  if (changes === 0) {
    return saving ? (
      <p className="saving" role="status">
        {texts.form.saving}
      </p>
    ) : null;
  }
  return (
    <div className="save-bar" data-testid="save-bar">
      <span>{texts.form.changes(changes)}</span>
      <Button className="button quiet" onPress={() => desk.discard()}>
        {texts.form.discard}
      </Button>
      <Button className="button primary" onPress={() => desk.save()} data-testid="save-details">
        {conflicts > 0 ? texts.form.reviewConflicts : texts.form.save}
      </Button>
    </div>
  );
}
