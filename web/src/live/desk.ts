/** The editing of one customer: the draft, its conflicts, and its way to the outbox and back. */
import { changedFields, foreseen, type Pending } from "../domain/command";
import * as drafting from "../domain/draft";
import type { Conflict, Draft } from "../domain/draft";
import type { Customer, FieldValue, Problem } from "../domain/model";
import { Store } from "../domain/store";
import type { Drafts } from "../domain/stored";
import { Lease } from "./lease";
import type { Link } from "./link";
import type { Outbox } from "./outbox";
import type { Room } from "./room";

export interface DeskState {
  readonly draft: Draft;
  /** Fields that are open (a focused input, an opened menu) and the value they were opened with. */
  readonly begun: Readonly<Record<string, FieldValue>>;
  /** The fields the conflict dialog asks about; empty while it is closed. */
  readonly asking: readonly string[];
  /** Why the last write was refused, other than for a conflict. */
  readonly refusal: Problem | null;
}

export class Desk {
  readonly state: Store<DeskState>;
  private readonly lease: Lease;
  private readonly bases = new Map<string, Draft>();
  private unwatch: (() => void)[] = [];
  private leaseBase = 0;

  constructor(
    private readonly room: Room,
    link: Link,
    private readonly outbox: Outbox,
    private readonly drafts: Drafts,
  ) {
    this.lease = new Lease(link, room.id);
    this.state = new Store<DeskState>({ draft: drafts.edit(room.id), begun: {}, asking: [], refusal: null });
  }

  enter(): void {
    this.unwatch = [
      this.outbox.pending.watch(() => this.takeBack()),
      this.room.state.watch(() => this.settle()),
      this.state.watch(() => this.announce()),
    ];
    this.takeBack();
  }

  leave(): void {
    for (const stop of this.unwatch) stop();
    this.patch({ begun: {}, asking: [] });
    this.lease.release();
  }

  /** The agent opens a field: from now on its present value is what the edit starts from. */
  begin(field: string): void {
    const customer = this.customer();
    if (!customer || field in this.state.get().begun) return;
    this.patch({ begun: { ...this.state.get().begun, [field]: drafting.readField(customer, field) } });
  }

  finish(field: string): void {
    const { [field]: _, ...begun } = this.state.get().begun;
    this.patch({ begun });
  }

  /** Writes into the draft, to be saved later. */
  write(field: string, value: FieldValue): void {
    const customer = this.customer();
    if (customer) this.keep(this.wish(customer, field, value));
  }

  /** Writes one field at once, as picking from a menu does. */
  pick(field: string, value: FieldValue): void {
    const customer = this.customer();
    if (!customer) return;
    this.keep(this.wish(customer, field, value));
    this.finish(field);
    if (field in this.state.get().draft) this.save([field]);
  }

  drop(field: string): void {
    this.keep(drafting.dropField(this.state.get().draft, field));
  }

  discard(): void {
    this.keep(drafting.NO_DRAFT);
    this.patch({ refusal: null });
  }

  /** Sends the fields (all of the draft by default), or asks first about those in conflict. */
  save(fields: readonly string[] = Object.keys(this.state.get().draft)): void {
    const customer = this.customer();
    const { draft } = this.state.get();
    const wishes: Draft = Object.fromEntries(Object.entries(draft).filter(([field]) => fields.includes(field)));
    if (!customer || drafting.isEmpty(wishes)) return;
    if (this.conflictsOf(wishes).length > 0) {
      this.patch({ asking: Object.keys(wishes) });
      return;
    }
    const data = { customer_id: customer.id, base_version: customer.version, changes: drafting.toChanges(wishes) };
    this.patch({ refusal: null, asking: [] });
    const rest = Object.entries(draft).filter(([field]) => !(field in wishes));
    // First the outbox, then the draft: at no moment is the wish in neither.
    const { id } = this.outbox.submit({ method: "customer.update", data });
    this.bases.set(id, wishes);
    this.keep(Object.fromEntries(rest));
  }

  conflicts(): readonly Conflict[] {
    return this.conflictsOf(this.state.get().draft);
  }

  keepMine(field: string): void {
    const customer = this.customer();
    if (customer) this.keep(drafting.keepMine(this.state.get().draft, customer, field));
  }

  takeTheirs(field: string): void {
    this.keep(drafting.takeTheirs(this.state.get().draft, field));
  }

  merge(field: string, text: string): void {
    const customer = this.customer();
    if (customer) this.keep(drafting.mergeInto(this.state.get().draft, customer, field, text));
  }

  /** Opens the dialog for the conflicts there are. */
  review(): void {
    this.patch({ asking: Object.keys(this.state.get().draft) });
  }

  stopAsking(): void {
    this.patch({ asking: [] });
  }

  private wish(customer: Customer, field: string, value: FieldValue): Draft {
    const { draft, begun } = this.state.get();
    const base = draft[field]?.base ?? begun[field];
    const live = drafting.readField(customer, field);
    if (base === undefined || base === live) return drafting.setField(draft, customer, field, value);
    // Somebody else changed it while it was open: going back to the old value is a wish, too.
    return value === live ? drafting.dropField(draft, field) : { ...draft, [field]: { base, value } };
  }

  private conflictsOf(draft: Draft): readonly Conflict[] {
    const { items, reported, phase } = this.room.state.get();
    const customer = this.customer();
    // Before the room is loaded, the customer is a line of the list, perhaps an old one.
    return customer && phase === "ready" ? drafting.conflictsIn(draft, customer, items, reported) : [];
  }

  /** A refused update comes back into the draft, whether it was sent now or before a reload. */
  private takeBack(): void {
    for (const pending of this.outbox.pending.get()) {
      if (pending.state === "refused" && this.isOurs(pending)) this.restore(pending);
    }
  }

  private restore(pending: Pending): void {
    const { command, problem, id } = pending;
    const customer = this.customer();
    if (command.method !== "customer.update" || !customer || !problem) return;
    const known = this.bases.get(id) ?? {};
    const wishes: Record<string, drafting.DraftField> = {};
    for (const [field, value] of Object.entries(flat(command.data.changes))) {
      const reported = problem.conflicts?.find((conflict) => conflict.field === field);
      const base = known[field]?.base ?? reported?.base ?? drafting.readField(customer, field);
      wishes[field] = { base, value };
    }
    this.keep({ ...wishes, ...this.state.get().draft });
    this.bases.delete(id);
    this.outbox.discard(id);
    this.room.absorb(problem);
    const isConflict = (problem.conflicts?.length ?? 0) > 0;
    this.patch(isConflict ? { asking: Object.keys(wishes) } : { refusal: problem });
  }

  private isOurs({ command }: Pending): boolean {
    return command.method === "customer.update" && command.data.customer_id === this.room.id;
  }

  private settle(): void {
    if (this.room.state.get().phase !== "ready") return;
    this.takeBack();
    const customer = this.customer();
    if (customer) this.keep(drafting.settle(this.state.get().draft, customer));
  }

  /** Tells the others which fields are in work. */
  private announce(): void {
    const { draft, begun } = this.state.get();
    const fields = [...new Set([...Object.keys(draft), ...Object.keys(begun)])].sort();
    if (fields.length === 0) this.leaseBase = 0;
    else if (this.leaseBase === 0 || this.conflicts().length === 0) this.leaseBase = this.customer()?.version ?? 0;
    this.lease.hold(fields, this.leaseBase);
  }

  /** The customer as it will be when what is already on its way has arrived. */
  private customer(): Customer | null {
    const { customer } = this.room.state.get();
    return customer && foreseen(customer, this.outbox.pending.get());
  }

  private keep(draft: Draft): void {
    if (draft === this.state.get().draft) return;
    this.drafts.keepEdit(this.room.id, draft);
    this.patch({ draft });
  }

  private patch(part: Partial<DeskState>): void {
    this.state.update((state) => ({ ...state, ...part }));
  }
}

function flat(changes: Readonly<Record<string, unknown>>): Record<string, FieldValue> {
  const inner = (changes.fields ?? {}) as Record<string, FieldValue>;
  return Object.fromEntries(
    changedFields(changes).map((field) => [
      field,
      field.startsWith("fields.") ? (inner[field.slice("fields.".length)] ?? null) : (changes[field] as FieldValue),
    ]),
  );
}
