/**
 * What opens over the page (menus, dialogs) is made with react-aria, which is larger than the first view
 * itself. It is fetched when the page has nothing else to do, so that it is there before anybody opens
 * something, also if the connection has gone meanwhile.
 */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";

type Loader = () => Promise<unknown>;

const loaders: Loader[] = [];

/** A component that comes with the first idle moment, or earlier when it is shown. */
export function later<Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> {
  loaders.push(load);
  return lazy(load);
}

/** Fetches everything declared with `later`; what fails is fetched again when it is shown. */
export function fetchOverlays(): void {
  for (const load of loaders) load().catch(() => undefined);
}

/** Calls when the browser is idle; returns how to call it off. */
export function whenIdle(act: () => void): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(act, 1_000);
    return () => clearTimeout(timer);
  }
  const request = requestIdleCallback(act, { timeout: 5_000 });
  return () => cancelIdleCallback(request);
}
