import { useSyncExternalStore } from "react";
import { preference, usePreference } from "./preference.ts";

export type Theme = "light" | "dark";

/** public/theme.js reads the same key before the first paint. */
const chosen = preference<Theme>("theme", ["light", "dark"]);

const system = () => window.matchMedia("(prefers-color-scheme: dark)");

function subscribe(listener: () => void): () => void {
  const query = system();
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/** The theme in force, and the switch to the other one. Choosing what the system has means following it again. */
export function useTheme(): readonly [Theme, () => void] {
  const ofSystem: Theme = useSyncExternalStore(subscribe, () => system().matches)
    ? "dark"
    : "light";
  const theme = usePreference(chosen) ?? ofSystem;
  const toggle = () => {
    const other = theme === "dark" ? "light" : "dark";
    const choice = other === ofSystem ? null : other;
    chosen.set(choice);
    if (choice === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  };
  return [theme, toggle];
}
