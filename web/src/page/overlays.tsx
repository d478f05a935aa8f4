/**
 * What opens over the page (menus, dialogs) is made with react-aria, which is larger than the first view
 * itself. It is fetched when the page has nothing else to do, so that it is there before anybody opens
 * something, also if the connection has gone meanwhile.
 */
import { lazy, useState, type ComponentType } from "react";
import { texts } from "../texts";

type Loader = () => Promise<unknown>;

const loaders: Loader[] = [];

/** After a failure, the next one who wants it tries again, but not within the same breath. */
const AGAIN_MS = 1_000;

/** A component that comes with the first idle moment, or earlier when it is shown; needs a Suspense around it. */
export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  let waiting: ComponentType<Props> | null = null;
  const fetchNow = async () => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const begin = () =>
    lazy(() =>
      fetchNow().catch((): { default: ComponentType<Props> } => {
        setTimeout(() => (waiting = null), AGAIN_MS);
        return { default: Missing };
      }),
    );
  loaders.push(fetchNow);
  return function Later(props: Props) {
    // What is there is shown at once: React lets a lazy component, however quickly it comes, wait for a third of a second.
    const [Component] = useState<ComponentType<Props>>(() => loaded ?? (waiting ??= begin()));
    return <Component {...props} />;
  };
}

/** In place of what could not be fetched. */
function Missing() {
  return (
    <p className="missing" role="alert">
      {texts.missing}
    </p>
  );
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
