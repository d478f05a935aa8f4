/** Every text of the page, in one place. */
import type { Action, FieldValue, Priority, Problem, Role, Status } from "./domain/model";
import type { Sort } from "./domain/listing";
import type { Phase } from "./live/link";

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

export const linkTexts: Readonly<Record<Phase, { readonly label: string; readonly hint: string }>> = {
  connecting: { label: "Connecting", hint: "Opening the live connection." },
  live: { label: "Live", hint: "You see changes as they happen." },
  reconnecting: { label: "Reconnecting", hint: "The connection is lost. What you write is kept and sent later." },
  fallback: { label: "Live over HTTP", hint: "No socket can be had. Changes are fetched over HTTP instead." },
};

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
    agentWork: (name: string) => `${name}’s work`,
  },

  link: {
    label: "Connection",
    signedOut: "Signed out",
    recovered: (count: number) => (count === 0 ? "Back, nothing missed" : `Caught up on ${plural(count, "action", "actions")}`),
    queued: (count: number) => `${plural(count, "change", "changes")} waiting to be sent`,
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
    several: (label: string, count: number) => `${label}: ${count}`,
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
