/** The comment box of one customer: its draft, and the guard against answering over a colleague. */
import type { Pending } from "../domain/command";
import { unseenBy } from "../domain/feed";
import type { Action, Person } from "../domain/model";
import { Store } from "../domain/store";
import type { CommentDraft, Drafts } from "../domain/stored";
import type { Outbox } from "./outbox";
import type { Room } from "./room";

export interface PadState extends CommentDraft {
  /** What arrived unseen and keeps the comment back until the agent has decided. */
  readonly held: readonly Action[];
}

export class Pad {
  readonly state: Store<PadState>;
  private unwatch: (() => void) | null = null;

  constructor(
    private readonly room: Room,
    private readonly me: Person,
    private readonly outbox: Outbox,
    private readonly drafts: Drafts,
  ) {
    this.state = new Store<PadState>({ ...drafts.comment(room.id), held: [] });
  }

  enter(): void {
    this.unwatch = this.outbox.pending.watch(() => this.takeHeld());
    this.takeHeld();
  }

  leave(): void {
    this.unwatch?.();
  }

  write(body: string): void {
    if (body !== "") this.room.typing();
    this.keep({ body });
  }

  reply(offset: number | null): void {
    this.keep({ replyTo: offset });
  }

  /** A comment is begun: what arrives now is not seen by itself, for the eyes are on the text. */
  get isWriting(): boolean {
    return this.state.get().body.trim() !== "";
  }

  /** Sends, unless something arrived that the agent has not seen; once that was shown, it is sent. */
  send(): void {
    const unseen = this.unseen();
    const shown = this.state.get().held;
    if (!this.isWriting) return;
    if (unseen.length > 0 && unseen.at(-1)?.offset !== shown.at(-1)?.offset) this.keep({ held: unseen });
    else this.sendAnyway();
  }

  /** What arrived from others since the agent looked. */
  unseen(): readonly Action[] {
    const { items, seen } = this.room.state.get();
    return unseenBy(items, this.me.id, seen);
  }

  /** Sends, knowing what arrived. */
  sendAnyway(): void {
    this.acknowledge();
    this.post();
  }

  /** The agent has read what arrived and goes on writing. */
  acknowledge(): void {
    this.room.see(Math.max(this.newest(), ...this.state.get().held.map(({ offset }) => offset)));
    this.keep({ held: [] });
  }

  /** Puts a comment that was not sent back into the box. */
  takeBack({ id, command }: Pending): void {
    if (command.method !== "comment.add") return;
    const { body, replyTo } = this.state.get();
    const joined = [command.data.body, body].filter((text) => text.trim() !== "").join("\n\n");
    this.keep({ body: joined, replyTo: command.data.reply_to ?? replyTo });
    this.outbox.discard(id);
  }

  private post(): void {
    const { body, replyTo } = this.state.get();
    const data = {
      customer_id: this.room.id,
      body: body.trim(),
      seen_offset: Math.max(this.newest(), this.room.state.get().seen),
      ...(replyTo !== null && { reply_to: replyTo }),
    };
    // First the outbox, then the box: at no moment is the text in neither.
    this.outbox.submit({ method: "comment.add", data });
    this.keep({ body: "", replyTo: null, held: [] });
  }

  /** The server held one back: it returns here together with what its author had not seen. */
  private takeHeld(): void {
    const held = this.outbox.pending.get().find((pending) => this.isHeld(pending));
    if (!held?.problem?.actions) return;
    this.keep({ held: held.problem.actions });
    this.room.absorb(held.problem);
    this.takeBack(held);
  }

  private isHeld({ command, state, problem }: Pending): boolean {
    const isOurs = command.method === "comment.add" && command.data.customer_id === this.room.id;
    return isOurs && state === "refused" && problem?.type.endsWith("/unseen-actions") === true;
  }

  private newest(): number {
    return this.room.state.get().items.at(-1)?.offset ?? 0;
  }

  private keep(part: Partial<PadState>): void {
    this.state.update((state) => ({ ...state, ...part }));
    const { body, replyTo } = this.state.get();
    this.drafts.keepComment(this.room.id, { body, replyTo });
  }
}
