/** Which rows of a list are picked for doing something with all of them. */

export interface Selection {
  readonly ids: ReadonlySet<number>;
  /** Where a range starts: the row that was picked last without one. */
  readonly anchor: number | null;
}

export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: null };

export function toggled({ ids }: Selection, id: number): Selection {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return { ids: next, anchor: id };
}

/** Picks a row, if it is not picked yet, and starts ranges from it unless there is a start already. */
export function anchored({ ids, anchor }: Selection, id: number): Selection {
  return { ids: new Set(ids).add(id), anchor: anchor ?? id };
}

/** Adds everything from the anchor to `id`, in the order of the list; the anchor stays. */
export function extended({ ids, anchor }: Selection, order: readonly number[], id: number): Selection {
  const from = anchor === null ? -1 : order.indexOf(anchor);
  const to = order.indexOf(id);
  if (from < 0 || to < 0) return toggled({ ids: without(ids, id), anchor }, id);
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set([...ids, ...range]), anchor };
}

export function selected(ids: Iterable<number>): Selection {
  return { ids: new Set(ids), anchor: null };
}

/** Lets go of these, for example because they are done. */
export function released(selection: Selection, done: Iterable<number>): Selection {
  const rest = new Set(selection.ids);
  for (const id of done) rest.delete(id);
  return rest.size === selection.ids.size ? selection : { ...selection, ids: rest };
}

function without(ids: ReadonlySet<number>, id: number): ReadonlySet<number> {
  const rest = new Set(ids);
  rest.delete(id);
  return rest;
}
