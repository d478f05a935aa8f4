/** The rows that are picked for being changed together; another view begins with none. */
import { useCallback, useEffect, useRef, useState } from "react";
import { anchored, extended, NOTHING_SELECTED, released, selected, toggled } from "../domain/selection";
import type { Bulk } from "../live/bulk";
import type { Pick } from "./CustomerRow";

export interface Picked {
  readonly ids: ReadonlySet<number>;
  readonly pick: Pick;
  /** Picks these and no others. */
  readonly set: (ids: readonly number[]) => void;
  /** Lets go of what is done. */
  readonly release: (ids: readonly number[]) => void;
}

/**
 * @param order - the loaded rows, for ranges.
 * @param view - what the list shows; the outcome of the last change goes with it.
 */
export function useSelection(order: readonly number[], view: string, bulk: Bulk): Picked {
  const [selection, setSelection] = useState(NOTHING_SELECTED);
  const [of, setOf] = useState(view);
  if (of !== view) {
    setOf(view);
    setSelection(NOTHING_SELECTED);
  }
  const written = useRef(view);
  useEffect(() => {
    if (written.current !== view) bulk.forget();
    written.current = view;
  }, [bulk, view]);
  useEffect(() => () => bulk.forget(), [bulk]);
  const pick = useCallback<Pick>(
    (id, how) => {
      bulk.acknowledge();
      setSelection((now) => {
        if (how === "range") return extended(now, order, id);
        return how === "anchor" ? anchored(now, id) : toggled(now, id);
      });
    },
    [order, bulk],
  );
  const set = useCallback(
    (ids: readonly number[]) => {
      bulk.acknowledge();
      setSelection(selected(ids));
    },
    [bulk],
  );
  const release = useCallback((ids: readonly number[]) => setSelection((now) => released(now, ids)), []);
  return { ids: selection.ids, pick, set, release };
}
