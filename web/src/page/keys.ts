/** Keys that work wherever one is not typing: single ones, and pairs such as `g i`. */
import { useEffect } from "react";
import { Store } from "../domain/store";

/** Whether the sheet of all keys is shown. */
export const keysOpen = new Store(false);

const LEADER = "g";
/** The second key of a pair comes within this time. */
const PAIR_MS = 1_500;

/** Where keys have a meaning of their own. */
const TYPING = "input, textarea, select, [contenteditable], [role=dialog], [role=listbox], [role=menu]";

let before = { key: "", at: 0 };
/** What a key press means, asked by several listeners and decided once. */
const strokes = new WeakMap<KeyboardEvent, string | null>();

function strokeOf(event: KeyboardEvent): string | null {
  const known = strokes.get(event);
  if (known !== undefined) return known;
  const stroke = read(event);
  strokes.set(event, stroke);
  return stroke;
}

function read(event: KeyboardEvent): string | null {
  const isTyping = event.target instanceof Element && event.target.closest(TYPING) !== null;
  if (isTyping || event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Shift") return null;
  const isSecond = before.key === LEADER && event.timeStamp - before.at < PAIR_MS;
  before = { key: isSecond ? "" : event.key, at: event.timeStamp };
  return isSecond ? `${LEADER} ${event.key}` : event.key;
}

/** Calls back on one of the keys or pairs, outside of text fields and overlays. */
export function useShortcut(keys: readonly string[], act: (key: string) => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const stroke = strokeOf(event);
      if (stroke === null || !keys.includes(stroke)) return;
      event.preventDefault();
      act(stroke);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [keys, act]);
}

/** Escape, where nobody else wants it (the window hears last): first out of the text field, then `leave`. */
export function useEscape(leave: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (target.closest("[role=dialog], [role=listbox], [role=menu]")) return;
      if (target.closest("input, textarea")) target.blur();
      else leave();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [leave]);
}

/**
 * Goes to what a key stands for, marked with `aria-keyshortcuts`: text fields get the caret, everything
 * else is pressed. On narrow screens that may be a tab which has to be opened first.
 */
export function goTo(key: string): void {
  const found = [...document.querySelectorAll<HTMLElement>(`[aria-keyshortcuts~="${key}"]`)].find((one) => one.offsetParent);
  if (!found) return;
  // With the focus first: what opens gives it back to where it was.
  found.focus();
  if (!found.matches("input, textarea")) found.click();
  if (found.matches(".tab")) requestAnimationFrame(() => goTo(key));
}
