/** Light, dark, or as the system is; kept in this browser, for whoever signs in. */
import { Store } from "../domain/store";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "casewire:theme";

export const theme = new Store<Theme>(kept());

/** Shows the chosen theme, and every later choice. */
export function followTheme(): void {
  const show = () => {
    const now = theme.get();
    if (now === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = now;
  };
  show();
  theme.watch(show);
  addEventListener("storage", ({ key }) => key === KEY && theme.set(kept()));
}

export function chooseTheme(chosen: Theme): void {
  theme.set(chosen);
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}

function kept(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return THEMES.find((known) => known === text) ?? "system";
  } catch {
    return "system";
  }
}
