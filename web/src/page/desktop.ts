/** Notices on the desktop: only after the agent has asked for them, by a click. */
import { Store } from "../domain/store";

/** `denied`: the browser was told no, and only the browser can be told otherwise. */
export type Bell = "unsupported" | "denied" | "off" | "on";

const KEY = "casewire:desktop-notices";

export const bell = new Store<Bell>(now());

function now(): Bell {
  if (typeof Notification !== "function") return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && isWanted() ? "on" : "off";
}

export async function switchBell(on: boolean): Promise<void> {
  if (on && Notification.permission !== "granted") await Notification.requestPermission();
  try {
    if (on) localStorage.setItem(KEY, "on");
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is switched off: it stays as it was.
  }
  bell.set(now());
}

/** Shows a notice outside the page; one with the same tag is shown once, whichever window has it. */
export function ring(title: string, body: string, tag: string, onClick: () => void): void {
  if (now() !== "on") return;
  const shown = new Notification(title, { body, tag, icon: "/assets/favicon.svg" });
  shown.addEventListener("click", () => {
    window.focus();
    onClick();
    shown.close();
  });
}

function isWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
