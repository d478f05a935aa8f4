import { useLayoutEffect, useRef, type RefObject } from "react";
import { shiftOf } from "../domain/place";
import type { Row } from "../domain/model";

/** Nearer to the top than this one looks at the newest, and goes on doing so. */
const AT_TOP_PX = 8;

/**
 * Keeps the rows in sight where they are when others enter or leave above them. At the top nothing is
 * kept: there one wants to see what comes in. A new view starts at its top.
 */
export function usePlace(scroller: RefObject<HTMLElement | null>, items: readonly Row[], height: number, view: string): void {
  const before = useRef({ items, view });
  useLayoutEffect(() => {
    const box = scroller.current;
    const was = before.current;
    before.current = { items, view };
    if (!box || was.items === items) return;
    if (was.view !== view) {
      box.scrollTop = 0;
      return;
    }
    if (box.scrollTop < AT_TOP_PX) return;
    const first = Math.floor(box.scrollTop / height);
    const last = Math.ceil((box.scrollTop + box.clientHeight) / height);
    const visible = new Map(was.items.slice(first, last).map((row, index) => [row.id, first + index]));
    const shift = shiftOf(visible, items.map(({ id }) => id));
    if (shift !== 0) box.scrollTop += shift * height;
  }, [scroller, items, height, view]);
}
