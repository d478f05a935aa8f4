/** Every text of the page, in one place. */
import type { Action, FieldValue, Priority, Problem, Role, Status } from "./domain/model";
import type { Sort } from "./domain/listing";
import type { Notice, NoticeType } from "./domain/inbox";
import type { Phase, Transport } from "./live/link";
import type { SeriesName } from "./domain/system";
import type { Theme } from "./page/theme";

const plural = (count: number, one: string, many: string) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

export const statusNames: Readonly<Record<Status, string>> = {
  new: "New",
  open: "Open",
  in_progress: "In progress",
  waiting: "Waiting",
  resolved: "Resolved",
  closed: "Closed",
};

export const priorityNames: Readonly<Record<Priority, string>> = {
  urgent: "Urgent",
  high: "High",
  normal: "Normal",
  low: "Low",
};

export const roleNames: Readonly<Record<Role, string>> = { agent: "Agent", supervisor: "Supervisor", admin: "Admin" };

export const sortNames: Readonly<Record<Sort, string>> = {
  "-updated_at": "Recently changed",
  updated_at: "Longest unchanged",
  name: "Name, A to Z",
  "-name": "Name, Z to A",
};

export const roleHints: Readonly<Record<Role, string>> = {
  agent: "works on customers",
  supervisor: "also sees everybody’s work, hands it over, and edits comments",
  admin: "also adds and changes agents",
};

export const seriesNames: Readonly<Record<SeriesName, string>> = {
  connections: "Connections",
  writes_per_second: "Writes per second",
  conflicts_per_second: "Conflicts per minute",
  healing_lag_seconds: "Healing lag",
  requests_per_second: "Requests per second",
  request_p95_seconds: "Request time",
  pool_busy: "Database connections",
  channels: "Open channels",
};

/** A number as it is said: whole ones whole, small ones with what matters. */
export function amount(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** A time that something took, in seconds, said in the unit that fits. */
export function duration(seconds: number): string {
  const [value, unit] = seconds < 1 ? [seconds * 1000, "millisecond"] : seconds < 120 ? [seconds, "second"] : [seconds / 60, "minute"];
  return value.toLocaleString(undefined, { style: "unit", unit, unitDisplay: "narrow", maximumFractionDigits: value < 10 ? 1 : 0 });
}

const fieldNames: Readonly<Record<string, string>> = {
  name: "Name",
  email: "Email",
  phone: "Phone",
  status: "Status",
  priority: "Priority",
  assigned_to: "Assignee",
  archived: "Archived",
  ref: "Reference",
};

export function fieldName(field: string): string {
  const known = fieldNames[field];
  if (known) return known;
  const bare = field.replace(/^fields\./, "").replaceAll("_", " ");
  return bare.charAt(0).toUpperCase() + bare.slice(1);
}

/** A field's value as people say it. `agentName` knows who an id is. */
export function valueName(field: string, value: FieldValue, agentName: (id: number) => string): string {
  if (field === "assigned_to") return typeof value === "number" ? agentName(value) : texts.nobody;
  if (value === null || value === "") return texts.empty;
  if (field === "status") return statusNames[value as Status] ?? String(value);
  if (field === "priority") return priorityNames[value as Priority] ?? String(value);
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What an action did, to follow the actor's name. */
export function deed(action: Action, agentName: (id: number) => string): string {
  if (action.kind === "created") return "created this customer";
  if (action.kind === "archive") return "archived this customer";
  if (action.kind === "unarchive") return "brought this customer back from the archive";
  if (action.kind === "comment") return "commented";
  const deeds = Object.entries(action.changes).map(([field, { from, to }]) => {
    const name = (value: FieldValue) => valueName(field, value, agentName);
    if (field === "assigned_to") return to === null ? "unassigned this customer" : `assigned this to ${name(to)}`;
    const label = fieldName(field).toLowerCase();
    if (field === "status" || field === "priority") return `set ${label} to ${name(to).toLowerCase()}`;
    if (to === null || to === "") return `cleared ${label}`;
    return from === null || from === "" ? `set ${label} to ${name(to)}` : `changed ${label} from ${name(from)} to ${name(to)}`;
  });
  return deeds.join(", ") || "changed this customer";
}

const noticeTexts: Readonly<Record<NoticeType, string>> = {
  assigned: "gave you this customer",
  unassigned: "took this customer from you",
  mentioned: "mentioned you",
  replied: "replied to you",
};

/** What a notice is about, to follow the actor's name. */
export function noticeText({ type, action }: Notice, agentName: (id: number) => string): string {
  const to = action.changes.assigned_to?.to;
  return type === "unassigned" && typeof to === "number" ? `gave this customer to ${agentName(to)}` : noticeTexts[type];
}

const problemTexts: Readonly<Record<string, string>> = {
  "invalid-credentials": "That username and password do not match.",
  unauthorized: "Your login has ended. Sign in again.",
  "permission-denied": "You are not allowed to do this.",
  "not-found": "This does not exist any more.",
  "invalid-request": "The server did not accept this.",
  "too-many-requests": "That was too much at once. Wait a little and try again.",
  "payload-too-large": "This is too long to be saved.",
  "database-unavailable": "The database is not available right now. Try again in a moment.",
  "internal-error": "Something went wrong on the server.",
  "command-id-reused": "This was already sent in another form.",
  "edit-conflict": "Somebody changed this at the same time.",
  "unseen-actions": "Something arrived that you have not seen.",
  unreachable: "The server cannot be reached.",
};

/** A refusal in words for the agent. */
export function problemText(problem: Problem): string {
  const kind = problem.type.split("/").at(-1) ?? "";
  const text = problemTexts[kind] ?? problem.detail ?? problem.title;
  const rules = problem.errors?.map(({ field, rule }) => `${fieldName(field)}: ${rule}`);
  return rules?.length ? `${text} ${rules.join("; ")}` : text;
}

/** How a live connection travels, where that is not by socket. */
export const transportTexts: Readonly<Record<Transport, string | null>> = {
  websocket: null,
  http_stream: "Sockets are blocked; changes come as a stream over HTTP.",
  sse: "Sockets are blocked; changes come as a stream of events over HTTP.",
};

export const linkTexts: Readonly<Record<Phase, { readonly label: string; readonly hint: string }>> = {
  connecting: { label: "Connecting", hint: "Opening the live connection." },
  live: { label: "Live", hint: "You see changes as they happen." },
  reconnecting: { label: "Reconnecting", hint: "The connection is lost. What you write is kept and sent later." },
  fallback: { label: "Asking for changes", hint: "No live connection can be had. Changes are asked for over HTTP instead, so they come a little later." },
};

type Key = readonly [keys: string, meaning: string];

/** The keys that somebody of that role can use. */
export function keySheet(role: Role): readonly { readonly title: string; readonly keys: readonly Key[] }[] {
  const oversight: readonly Key[] = [["G T", texts.nav.team], ...(role === "admin" ? [["G A", texts.nav.agents] as const] : []), ["G S", texts.nav.system]];
  return [
    { title: texts.keys.moving, keys: [["J ↓", texts.keys.next], ["K ↑", texts.keys.previous], ["/", texts.list.search], ["Esc", texts.keys.leave]] },
    {
      title: texts.keys.selecting,
      keys: [["X", texts.keys.select], ["Shift ↓", texts.keys.range], ["Ctrl A", texts.keys.selectAll], ["Home End", texts.keys.ends]],
    },
    {
      title: texts.keys.customer,
      keys: [["C", texts.keys.comment], ["E", texts.keys.edit], ["S", texts.keys.status], ["P", texts.keys.priority], ["A", texts.keys.assign], ["Ctrl Enter", texts.comment.send]],
    },
    {
      title: texts.keys.going,
      keys: [["G I", texts.nav.inbox], ["G M", texts.nav.myWork], ["G U", texts.nav.unassigned], ["G E", texts.nav.everyone], ...(role === "agent" ? [] : oversight), ["?", texts.keys.title]],
    },
  ];
}

export const themeNames: Readonly<Record<Theme, string>> = { system: "As the system", light: "Light", dark: "Dark" };

export const texts = {
  product: "Casewire",
  tagline: "One customer, many hands, no collisions.",
  nobody: "Nobody",
  empty: "empty",
  yes: "Yes",
  no: "No",
  close: "Close",
  cancel: "Cancel",
  tryAgain: "Try again",
  find: "Find",
  nothingFound: "Nothing found",
  missing: "This part of the page could not be fetched. Try again when the connection is back.",
  unknownAgent: (id: number) => `Agent ${id}`,
  skip: "Skip to content",

  login: {
    title: "Sign in to Casewire",
    username: "Username",
    password: "Password",
    submit: "Sign in",
    submitting: "Signing in…",
    ended: "Your login has ended. Drafts are kept; sign in to go on.",
    resuming: "Opening…",
    unreachable: "The server cannot be reached.",
  },

  nav: {
    label: "Views",
    open: "Open menu",
    myWork: "My work",
    unassigned: "Unassigned",
    everyone: "Everyone",
    status: "Status",
    anyStatus: "All",
    archived: "Archived",
    account: (name: string, role: string) => `${name} ${role}, account`,
    signOut: "Sign out",
    theme: "Appearance",
    inbox: "Inbox",
    oversight: "Oversight",
    team: "Team",
    agents: "Agents",
    system: "System",
    agentWork: (name: string) => `${name}’s work`,
  },

  link: {
    label: "Connection",
    recovered: (count: number) => (count === 0 ? "Back, nothing missed" : `Caught up on ${plural(count, "action", "actions")}`),
    queued: (count: number) => `${plural(count, "change", "changes")} waiting to be sent`,
  },

  inbox: {
    title: "Inbox",
    none: "Nothing here yet",
    noneHint: "Assignments, mentions and answers to your comments come here.",
    failed: "Your notices could not be loaded.",
    older: "Show older",
    unread: "Unread",
    readAll: "Mark all as read",
    someCustomer: "A customer",
    choose: "Choose a notice",
    chooseHint: "It opens where it happened. Move with J and K.",
    desktop: "Notices on the desktop",
    desktopOff: "Show notices on the desktop, too",
    desktopOn: "Notices are shown on the desktop, too",
    desktopDenied: "The browser does not allow notices of this page. Its settings can change that.",
  },

  keys: {
    title: "Keyboard shortcuts",
    intro: "They work wherever you are not typing.",
    moving: "Moving",
    next: "Next one of the list",
    previous: "Previous one of the list",
    leave: "Leave the text field, then the customer",
    selecting: "In the list",
    select: "Select, or not",
    range: "Select on the way down",
    selectAll: "Select all that is loaded",
    ends: "First and last one",
    customer: "Customer",
    comment: "Write a comment",
    edit: "Edit the details",
    status: "Set the status",
    priority: "Set the priority",
    assign: "Assign",
    going: "Going",
  },

  team: {
    summary: (open: number, online: number) => `${open.toLocaleString()} open, ${online.toLocaleString()} online`,
    failed: "The team’s work could not be loaded.",
    notYours: "Only supervisors and admins can see this.",
    orders: { load: "Most work", name: "Name" },
    online: "Online",
    offline: "Offline",
    openWord: "open",
    open: (count: number) => `${count.toLocaleString()} open`,
    nothing: "No customers",
    unassigned: (count: number) => `${plural(count, "customer has", "customers have")} nobody.`,
    seeUnassigned: "See them",
    handOver: "Hand over",
    handOverOf: (name: string) => `Hand over ${name}’s work`,
    intro: "For somebody who is away. It is shared out so that everybody ends up with about as much.",
    which: "Which customers",
    toWhom: "To whom",
    chooseSomebody: "Choose who takes it.",
    plan: (count: number, takers: number) => `${plural(count, "customer", "customers")} to ${plural(takers, "agent", "agents")}`,
    collecting: "Looking up the customers…",
    writing: (done: number, total: number) => `${done.toLocaleString()} of ${total.toLocaleString()}`,
    done: (count: number) => `${plural(count, "customer was", "customers were")} handed over.`,
  },

  agents: {
    summary: (active: number) => `${plural(active, "account", "accounts")} in use`,
    notYours: "Only admins can see this.",
    table: "Accounts",
    add: "Add agent",
    name: "Name",
    username: "Username",
    usernameHint: "Small letters, digits, dot, dash and underscore. It cannot be changed later.",
    taken: "There is already somebody with this username.",
    role: "Role",
    password: "Password",
    passwordHint: "Eight characters or more. Tell it to them; nobody can read it here afterwards.",
    newPassword: "New password",
    newPasswordHint: "Leave it empty to keep the old one. A new one ends every login of this agent.",
    openWork: "Open work",
    state: "State",
    actions: "Actions",
    active: "Active",
    disabled: "Disabled",
    you: "you",
    change: "Change",
    changeOf: (name: string) => `Change ${name}`,
    disable: "Disable",
    disableOf: (name: string) => `Disable ${name}`,
    disableSure: (name: string) => `Disable ${name}?`,
    enable: "Enable",
    enableOf: (name: string) => `Enable ${name}`,
    enableSure: (name: string) => `Enable ${name} again?`,
    ends: (online: boolean, open: number) => [
      online ? "They are online: their page is signed out at once." : "They cannot sign in any more.",
      "Every login and every token of theirs ends, on all devices.",
      "What they wrote stays, under their name.",
      open > 0 ? `${plural(open, "open customer stays", "open customers stay")} assigned to them. Hand them over on the Team page.` : "They have no open customers.",
    ],
    begins: ["They can sign in again with their old password.", "Their customers are still theirs."],
  },

  system: {
    summary: (processes: number, nodes: number, online: number) =>
      `${plural(processes, "process", "processes")} on ${plural(nodes, "node", "nodes")}, ${plural(online, "agent", "agents")} online`,
    failed: "The state of the system could not be loaded.",
    asTable: "Show as table",
    asCharts: "Show as charts",
    fine: (redis: string | null) => (redis === null ? "All is well." : `All is well. Redis answers in ${redis}.`),
    stale: "The server does not answer; these numbers are old.",
    incomplete: "Redis is away: only the process that answered is shown, and others are told of changes a second or two later.",
    unsubscribed: (count: number) => `${plural(count, "process is", "processes are")} not connected to Redis and catch up from the database.`,
    behind: (lag: string) => `What Redis lost has not been looked for since ${lag}: is the database slow?`,
    poolFull: "All database connections are in use; requests wait.",
    nothing: "–",
    before: "5 minutes ago",
    upTo: (top: string) => `top ${top}`,
    chart: (title: string, now: string, low: string, high: string) => `${title}: now ${now}; in the last five minutes from ${low} to ${high}`,
    chartEmpty: (title: string) => `${title}: nothing known yet`,
    chartHints: {
      connections: (agents: number) => `of ${plural(agents, "agent", "agents")}`,
      writes: (waiting: number) => `${waiting.toLocaleString()} waiting`,
      conflicts: "edits met, comments held back",
      lag: "since compared with the database",
      requests: "over HTTP, long polls aside",
      times: (half: string, most: string) => `95 %; half ${half}, 99 % ${most}`,
      pool: (open: number) => `in use of all; ${open.toLocaleString()} open`,
      channels: (connected: number, processes: number) => `Redis: ${connected} of ${processes} connected`,
    },
    tableCaption: "The last five minutes, the newest first",
    time: "Time",
    processes: "Processes",
    process: { node: "Node", started: "Started", redis: "Redis" },
    pid: (pid: number, version: string) => `process ${pid}, ${version}`,
    connected: "Connected",
    away: "Away",
  },

  unsent: {
    refused: (count: number) => `${plural(count, "change was", "changes were")} not accepted`,
    title: "Not sent yet",
    refusedTitle: "Not accepted",
    open: "Open",
    comment: "Comment",
    commentEdit: "Changed comment",
    commentDelete: "Deleted comment",
    update: (fields: readonly string[]) => `Change of ${fields.join(", ")}`,
    customer: (id: number) => `Customer ${id}`,
  },

  list: {
    label: "Customers",
    search: "Search customers",
    searchHint: "Search name, reference, email",
    clearSearch: "Clear search",
    sort: "Sort by",
    count: (count: number) => plural(count, "customer", "customers"),
    none: "No customers here",
    noneHint: "Nothing matches this view. Try another status or clear the search.",
    failed: "The list could not be loaded.",
    loading: "Loading customers",
    loadingMore: "Loading more",
    unread: (count: number) => `${count} unread`,
    pick: (name: string) => `Select ${name}`,
  },

  filter: {
    label: "Filters",
    status: "Status",
    priority: "Priority",
    assignee: "Assignee",
    unread: "Unread",
    me: "Me",
    clear: "Clear",
    several: (label: string, count: number) => `${label} ${count}`,
  },

  views: {
    title: "Saved views",
    keep: "Save this view",
    kept: (name: string) => `Saved as ${name}`,
    name: "Name of the view",
    save: "Save",
    remove: "Remove",
  },

  bulk: {
    label: "Selected customers",
    picked: (count: number) => `${count.toLocaleString()} selected`,
    running: (done: number, total: number) => `${done.toLocaleString()} of ${total.toLocaleString()} …`,
    changed: (count: number, refused: number) =>
      refused === 0 ? `${count.toLocaleString()} changed` : `${count.toLocaleString()} changed, ${refused.toLocaleString()} not`,
    all: (count: number) => `Select ${count.toLocaleString()} loaded`,
    allMatching: "Select all that match",
    close: "Clear selection",
    assign: "Assign",
    status: "Status",
    priority: "Priority",
  },

  customer: {
    none: "Choose a customer",
    noneHint: "Pick one from the list, or move with J and K.",
    gone: "This customer does not exist.",
    revoked: "You cannot see this customer any more.",
    revokedHint: "Your drafts for it are kept in this browser.",
    failed: "This customer could not be loaded.",
    back: "Back to the list",
    activity: "Activity",
    details: "Details",
    viewing: (names: readonly string[]) => `Also viewing: ${names.join(", ")}`,
    loading: "Loading customer",
  },

  feed: {
    label: "Activity",
    older: "Loading older activity",
    beginning: "The beginning",
    unread: "New",
    edited: "edited",
    deleted: "This comment was deleted.",
    reply: "Reply",
    edit: "Edit",
    remove: "Delete",
    removeSure: "Delete this comment?",
    save: "Save",
    replyTo: (name: string) => `Reply to ${name}`,
    replied: (name: string) => `In reply to ${name}`,
    repliedEarlier: "In reply to an earlier comment",
    jumpTo: "Go to this comment",
    saving: "Saving…",
    notChanged: "This change was not saved.",
    notDeleted: "This was not deleted.",
    sending: "Sending…",
    waiting: "Waiting for the connection",
    refused: "Not sent",
    takeBack: "Edit",
    discard: "Discard",
    jump: "Jump to the newest",
    newer: (count: number) => `${count} new`,
    typing: (names: readonly string[]) =>
      names.length === 1
        ? `${names[0]} is typing…`
        : names.length === 2
          ? `${names[0]} and ${names[1]} are typing…`
          : `${names.length} people are typing…`,
  },

  comment: {
    label: "Comment",
    hint: "Write a comment, @ to mention",
    send: "Send",
    sendKeys: "Ctrl+Enter",
    cancelReply: "Cancel reply",
    held: (count: number) => `${plural(count, "action", "actions")} arrived since you looked`,
    heldHint: "Your comment has not been sent.",
    sendAnyway: "Send anyway",
    backToEditing: "Back to editing",
    arrived: (count: number) => `${plural(count, "action", "actions")} arrived while you write`,
    seen: "Seen",
    people: "People to mention",
  },

  form: {
    label: "Details",
    add: "Add field",
    addName: "Name of the new field",
    addHint: "e.g. contract end",
    save: "Save",
    changes: (count: number) => plural(count, "change", "changes"),
    discard: "Discard",
    saving: "Saving",
    editing: (name: string) => `${name} is editing`,
    writeTo: (address: string) => `Write to ${address}`,
    created: "Created",
    updated: "Changed",
    archive: "Archive",
    unarchive: "Bring back",
    reviewConflicts: "Review",
    overtaken: (count: number) => `${plural(count, "field was", "fields were")} changed by somebody else while you edit`,
  },

  conflict: {
    title: "Somebody changed this too",
    intro: "Nothing has been overwritten. Choose per field what it should be, then save again.",
    by: (name: string, when: string) => `${name}, ${when}`,
    bySomebody: "Somebody else",
    was: "Was",
    theirs: "Theirs",
    yours: "Yours",
    keepMine: "Keep mine",
    takeTheirs: "Take theirs",
    merge: "Merge",
    mergedClean: "Both changes are in. Look at it, then use it.",
    mergedClash: "You both changed the same words; they stand side by side. Keep what is right.",
    merged: (field: string) => `Merged text for ${field}`,
    takeMerged: "Use this",
    save: "Save again",
    allTheirs: "Close",
    resolved: (field: string, value: string) => `${field}: ${value}`,
    left: (count: number) => `${plural(count, "field", "fields")} left to decide`,
    ready: "All decided",
    group: (field: string) => `Conflict in ${field}`,
  },
} as const;
