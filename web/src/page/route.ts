/** The address bar as state: which place of the page, which customer, which action. */
import { useSyncExternalStore, type MouseEvent } from "react";
import type { Role } from "../domain/model";

/** `work` and `inbox` are lists with a customer beside them; the others have the whole width. */
export type Place = "work" | "inbox" | "team" | "agents" | "system";

/** Whether somebody of that role is shown a place; what it shows is the server's to refuse. */
export function mayGo(place: Place, role: Role): boolean {
  if (place === "agents") return role === "admin";
  return role !== "agent" || (place !== "team" && place !== "system");
}

export interface Route {
  readonly place: Place;
  readonly customerId: number | null;
  /** The offset of the action that the address points at (`#a31`). */
  readonly action: number | null;
  readonly query: URLSearchParams;
}

const watchers = new Set<() => void>();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  addEventListener("popstate", watcher);
  return () => {
    watchers.delete(watcher);
    removeEventListener("popstate", watcher);
  };
}

const address = () => location.pathname + location.search + location.hash;

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === address()) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", to);
  for (const watcher of watchers) watcher();
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(watch, address));
}

export function routeOf(to: string): Route {
  const { pathname, searchParams: query, hash } = new URL(to, "http://page");
  const [, first = "", second = ""] = pathname.split("/");
  const id = /^\d{1,15}$/.test(second) ? Number(second) : null;
  const action = /^#a(\d{1,15})$/.exec(hash);
  return {
    place: first === "inbox" || first === "team" || first === "agents" || first === "system" ? first : "work",
    customerId: first === "customers" || first === "inbox" ? id : null,
    action: action ? Number(action[1]) : null,
    query,
  };
}

export const customerPath = (id: number, listing: string) => `/customers/${id}${listing}`;

export const noticePath = (customerId: number, action: number) => `/inbox/${customerId}#a${action}`;

/** Ordinary clicks stay in the page; those for a new tab or window are the browser's. */
export function followLink(event: MouseEvent, go: () => void): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
  event.preventDefault();
  go();
}
