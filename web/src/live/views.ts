/** The agent's named views, the same in all windows of this browser. */
import { Store } from "../domain/store";
import type { Stored } from "../domain/stored";
import { withoutView, withView, type View } from "../domain/views";

const NAME = "views";

export class Views {
  readonly list: Store<readonly View[]>;

  constructor(private readonly stored: Stored) {
    this.list = new Store(this.read());
  }

  /** Follows what other windows keep; returns how to stop. */
  follow(): () => void {
    return this.stored.onChange((name) => {
      if (name === NAME) this.list.set(this.read());
    });
  }

  keep(view: View): void {
    this.write(withView(this.list.get(), view));
  }

  remove(query: string): void {
    this.write(withoutView(this.list.get(), query));
  }

  private read(): readonly View[] {
    return this.stored.read<readonly View[]>(NAME) ?? [];
  }

  private write(views: readonly View[]): void {
    this.stored.write(NAME, views);
    this.list.set(views);
  }
}
