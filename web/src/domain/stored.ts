/** What must survive a reload, kept in the browser's storage under the agent it belongs to. */
import { isEmpty, type Draft } from "./draft";

/** The part of `Storage` that is used, so that tests can pass a map. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Named JSON values of one agent. A full or forbidden storage costs the survival, not the work. */
export class Stored {
  constructor(
    private readonly shelf: Shelf,
    private readonly agentId: number,
  ) {}

  read<T>(name: string): T | null {
    try {
      const text = this.shelf.getItem(this.key(name));
      return text === null ? null : (JSON.parse(text) as T);
    } catch {
      return null;
    }
  }

  /** Whether it is kept: if not, the quota is used up or storage is switched off, and it lives on in memory. */
  write(name: string, value: unknown): boolean {
    try {
      this.shelf.setItem(this.key(name), JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  /** Calls with the name of a value that another window wrote or removed. */
  onChange(listener: (name: string) => void): () => void {
    const start = this.key("");
    const listen = ({ key }: StorageEvent) => {
      if (key?.startsWith(start)) listener(key.slice(start.length));
    };
    addEventListener("storage", listen);
    return () => removeEventListener("storage", listen);
  }

  remove(name: string): void {
    try {
      this.shelf.removeItem(this.key(name));
    } catch {
      // As above.
    }
  }

  /** The names that begin with `prefix`. */
  names(prefix: string): readonly string[] {
    const start = this.key(prefix);
    const found: string[] = [];
    try {
      for (let i = 0; i < this.shelf.length; i += 1) {
        const key = this.shelf.key(i);
        if (key?.startsWith(start)) found.push(prefix + key.slice(start.length));
      }
    } catch {
      // As above.
    }
    return found;
  }

  /** The name that a value has in this browser, among everybody's. */
  key(name: string): string {
    return `casewire:${this.agentId}:${name}`;
  }
}

/** A comment that was begun. */
export interface CommentDraft {
  readonly body: string;
  readonly replyTo: number | null;
}

export const NO_COMMENT: CommentDraft = { body: "", replyTo: null };

/** The drafts of one agent: comments and edits, per customer. */
export class Drafts {
  constructor(private readonly stored: Stored) {}

  comment(customerId: number): CommentDraft {
    return this.stored.read<CommentDraft>(`comment:${customerId}`) ?? NO_COMMENT;
  }

  keepComment(customerId: number, draft: CommentDraft): void {
    const name = `comment:${customerId}`;
    if (draft.body.trim() === "" && draft.replyTo === null) this.stored.remove(name);
    else this.stored.write(name, draft);
  }

  /** A comment that is being written anew; null where it is not. */
  rewrite(customerId: number, offset: number): string | null {
    return this.stored.read<string>(`rewrite:${customerId}:${offset}`);
  }

  keepRewrite(customerId: number, offset: number, body: string | null): void {
    const name = `rewrite:${customerId}:${offset}`;
    if (body === null) this.stored.remove(name);
    else this.stored.write(name, body);
  }

  edit(customerId: number): Draft {
    return this.stored.read<Draft>(`edit:${customerId}`) ?? {};
  }

  keepEdit(customerId: number, draft: Draft): void {
    const name = `edit:${customerId}`;
    if (isEmpty(draft)) this.stored.remove(name);
    else this.stored.write(name, draft);
  }
}
