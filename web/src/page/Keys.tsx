import { Suspense, useCallback } from "react";
import { useMe, useStore } from "./hooks";
import { goTo, keysOpen, useEscape, useShortcut } from "./keys";
import { later } from "./overlays";
import { mayGo, navigate, routeOf } from "./route";

const KeysModal = later(() => import("./KeysModal"));

/** Where the pairs with `g` lead. */
const PLACES: Readonly<Record<string, string>> = {
  "g i": "/inbox",
  "g m": "/",
  "g u": "/?assigned_to=none",
  "g e": "/?assigned_to=all",
  "g t": "/team",
  "g a": "/agents",
  "g s": "/system",
};
const GOING = Object.keys(PLACES);
const ACTING = ["c", "e", "s", "p", "a"] as const;
const HELP = ["?"] as const;

const showKeys = () => keysOpen.set(true);

interface Props {
  readonly onLeave: () => void;
}

/** The keys that work on the whole page; those of the list are the list's own. */
export function Keys({ onLeave }: Props) {
  const { role } = useMe();
  const open = useStore(keysOpen);
  const go = useCallback(
    (pair: string) => {
      const to = PLACES[pair];
      if (to && mayGo(routeOf(to).place, role)) navigate(to);
    },
    [role],
  );
  useShortcut(GOING, go);
  useShortcut(ACTING, goTo);
  useShortcut(HELP, showKeys);
  useEscape(onLeave);
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <KeysModal onClose={() => keysOpen.set(false)} />
    </Suspense>
  );
}
