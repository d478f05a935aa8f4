/** The address bar as state: which view, which customer. */
import { useSyncExternalStore } from "react";

export interface Route {
  readonly customerId: number | null;
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

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === location.pathname + location.search) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", to);
  for (const watcher of watchers) watcher();
}

export function useRoute(): Route {
  const address = useSyncExternalStore(watch, () => location.pathname + location.search);
  const [path = "", search = ""] = address.split("?", 2);
  const match = /^\/customers\/(\d+)\/?$/.exec(path);
  return { customerId: match ? Number(match[1]) : null, query: new URLSearchParams(search) };
}

export const customerPath = (id: number, listing: string) => `/customers/${id}${listing}`;
