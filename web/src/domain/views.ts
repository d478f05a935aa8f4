/** Views that an agent has given a name: an address of the list, kept in this browser. */

export interface View {
  readonly name: string;
  /** The query of the address bar, `?…`, or nothing for the plain list. */
  readonly query: string;
}

export const MAX_VIEWS = 30;

/** Keeps a view; one of the same name, or of the same address, is replaced. */
export function withView(views: readonly View[], view: View): readonly View[] {
  const others = views.filter(({ name, query }) => name !== view.name && query !== view.query);
  return [...others, view].slice(-MAX_VIEWS);
}

export function withoutView(views: readonly View[], query: string): readonly View[] {
  return views.filter((view) => view.query !== query);
}
