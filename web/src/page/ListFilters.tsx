import { isNarrowed, type Listing } from "../domain/listing";
import { PRIORITIES, STATUSES, type Priority, type Status } from "../domain/model";
import { priorityNames, statusNames, texts } from "../texts";
import { Avatar } from "./Avatar";
import { Button } from "./Button";
import { useAgents, useWorkplace } from "./hooks";
import { ChevronIcon, CloseIcon, EveryoneIcon, PriorityBars, StatusDot, UnassignedIcon } from "./icons";
import { ManyPicker, Picker, type Option } from "./Picker";

interface Props {
  readonly listing: Listing;
  readonly onChange: (listing: Listing) => void;
}

/** The list's filters; each shows what it lets through. */
export function ListFilters({ listing, onChange }: Props) {
  const change = (part: Partial<Listing>) => onChange({ ...listing, ...part });
  const isFiltered = isNarrowed({ ...listing, search: "" });
  return (
    <div className="filters" role="group" aria-label={texts.filter.label}>
      <ManyFilter
        label={texts.filter.status}
        chosen={listing.statuses}
        options={STATUSES.map((id) => ({ id, name: statusNames[id], icon: <StatusDot status={id} /> }))}
        onChange={(ids) => change({ statuses: STATUSES.filter((status) => ids.includes(status)) as Status[] })}
        testId="filter-status"
      />
      <ManyFilter
        label={texts.filter.priority}
        chosen={listing.priorities}
        options={PRIORITIES.map((id) => ({ id, name: priorityNames[id], icon: <PriorityBars priority={id} /> }))}
        onChange={(ids) => change({ priorities: PRIORITIES.filter((priority) => ids.includes(priority)) as Priority[] })}
        testId="filter-priority"
      />
      <AssigneeFilter listing={listing} onChange={onChange} />
      <Button
        className="chip"
        aria-pressed={listing.unread}
        onPress={() => change({ unread: !listing.unread })}
        data-testid="filter-unread"
      >
        {texts.filter.unread}
      </Button>
      {isFiltered && (
        <Button
          className="chip clear"
          aria-label={texts.filter.clear}
          onPress={() => change({ statuses: [], priorities: [], unread: false })}
        >
          <CloseIcon />
        </Button>
      )}
    </div>
  );
}

interface ManyFilterProps {
  readonly label: string;
  readonly chosen: readonly string[];
  readonly options: readonly Option[];
  readonly onChange: (ids: readonly string[]) => void;
  readonly testId: string;
}

function ManyFilter({ label, chosen, options, onChange, testId }: ManyFilterProps) {
  const names = options.filter(({ id }) => chosen.includes(id)).map(({ name }) => name);
  const says = names.length === 0 ? label : names.length === 1 ? names[0] : texts.filter.several(label, names.length);
  return (
    <ManyPicker
      label={label}
      says={names.length === 0 ? label : `${names.length === 1 ? label : says}: ${names.join(", ")}`}
      chosen={chosen}
      options={options}
      onChange={onChange}
      className={names.length > 0 ? "chip on" : "chip"}
      testId={testId}
    >
      <span className="chip-text">{says}</span>
      {names.length === 0 && <ChevronIcon />}
    </ManyPicker>
  );
}

function AssigneeFilter({ listing, onChange }: Props) {
  const { me } = useWorkplace();
  const { agents } = useAgents();
  const others = agents.filter((agent) => agent.id !== me.id && agent.active);
  const options: Option[] = [
    { id: "me", name: texts.filter.me, icon: <Avatar person={me} size="small" /> },
    { id: "none", name: texts.nobody, icon: <UnassignedIcon /> },
    { id: "all", name: texts.nav.everyone, icon: <EveryoneIcon /> },
    ...others.map((agent) => ({ id: String(agent.id), name: agent.name, icon: <Avatar person={agent} size="small" /> })),
  ];
  const chosen = options.find(({ id }) => id === listing.assignee);
  return (
    <Picker
      label={texts.filter.assignee}
      value={listing.assignee}
      options={options}
      onPick={(assignee) => onChange({ ...listing, assignee })}
      className={listing.assignee === "me" ? "chip" : "chip on"}
      testId="filter-assignee"
    >
      <span className="chip-text">
        {listing.assignee === "me" ? texts.filter.assignee : (chosen?.name ?? texts.filter.assignee)}
      </span>
      {listing.assignee === "me" && <ChevronIcon />}
    </Picker>
  );
}
