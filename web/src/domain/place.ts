/** Keeping the place in a list of equally high rows while rows enter, leave and move. */

/**
 * By how many rows the list must be scrolled so that what one looks at stays where it is: most of the
 * visible rows decide, so a single one that moves away takes nobody along.
 *
 * @param visible - the ids of the rows in sight and their positions before the change.
 * @param after - the ids in their new order.
 */
export function shiftOf(visible: ReadonlyMap<number, number>, after: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const [index, id] of after.entries()) {
    const before = visible.get(id);
    if (before !== undefined) votes.set(index - before, (votes.get(index - before) ?? 0) + 1);
  }
  let shift = 0;
  let most = votes.get(0) ?? 0;
  for (const [by, count] of votes) {
    if (count > most) [shift, most] = [by, count];
  }
  return shift;
}
