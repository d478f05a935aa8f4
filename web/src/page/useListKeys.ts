/** The keyboard in the list: the focus moves from row to row, also to rows that are not there yet. */
import { useLayoutEffect, useRef, type KeyboardEvent, type RefObject } from "react";
import type { Row } from "../domain/model";
import type { Pick } from "./CustomerRow";

interface List {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly order: readonly number[];
  /** The position of the row that has, or had, the focus; -1 for none. */
  readonly at: number;
  readonly rowHeight: number;
  readonly show: (index: number) => void;
  readonly setCursor: (id: number) => void;
  /** Loads the rest; null when everything is there. */
  readonly loadAll: (() => Promise<readonly Row[]>) | null;
  readonly onVisit: (id: number) => void;
  readonly onPick: Pick;
  readonly onAll: () => void;
}

/**
 * Arrows, Page Up and Down, Home and End move; with Shift they pick the rows on the way. Space picks,
 * Ctrl+A picks all that is loaded. Enter opens, as links do by themselves.
 */
export function useListKeys(list: List): (event: KeyboardEvent) => void {
  const wanted = useRef<number | null>(null);
  const lastAt = useRef(-1);
  const { scroller, order, at } = list;

  // The row may need a render, or a page, to exist; and when the focused one leaves, its neighbour follows.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    if (wanted.current !== null && focusRow(box, wanted.current)) wanted.current = null;
    else if (at < 0 && lastAt.current >= 0 && document.activeElement === document.body) {
      const next = order[Math.min(lastAt.current, order.length - 1)];
      if (next !== undefined) focusRow(box, next);
    }
    lastAt.current = at >= 0 && box.contains(document.activeElement) ? at : -1;
  });

  function go(index: number, ids: readonly number[] = order): void {
    const id = ids[index];
    if (id === undefined) return;
    wanted.current = id;
    list.setCursor(id);
    list.show(index);
    list.onVisit(id);
  }

  /** A screenful, less the row that one was on. */
  function pageSize(): number {
    return Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / list.rowHeight) - 1);
  }

  function move(index: number, range: boolean): void {
    const to = Math.max(0, Math.min(order.length - 1, index));
    const [from, id] = [order[at], order[to]];
    if (range && from !== undefined && id !== undefined) {
      list.onPick(from, "anchor");
      list.onPick(id, "range");
    }
    go(to);
  }

  return (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "a") list.onAll();
    else if (control || event.altKey) return;
    else if (event.key === "ArrowDown") move(at + 1, event.shiftKey);
    else if (event.key === "ArrowUp") move(at - 1, event.shiftKey);
    else if (event.key === "PageDown") move(at + pageSize(), event.shiftKey);
    else if (event.key === "PageUp") move(at - pageSize(), event.shiftKey);
    else if (event.key === "Home") move(0, event.shiftKey);
    else if (event.key === "End") {
      if (list.loadAll) void list.loadAll().then((rows) => go(rows.length - 1, rows.map(({ id }) => id)));
      else move(order.length - 1, event.shiftKey);
    } else if (event.key === " " && order[at] !== undefined && !isCheckbox(event)) list.onPick(order[at], "one");
    else return;
    event.preventDefault();
  };
}

/** Space on a checkbox is the browser's. */
function isCheckbox({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLInputElement;
}

function focusRow(box: HTMLElement, id: number): boolean {
  const link = box.querySelector<HTMLElement>(`[data-customer-id="${id}"] a`);
  link?.focus({ preventScroll: true });
  return link !== null;
}
