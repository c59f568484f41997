import { useSyncExternalStore } from "react";

/** A choice of this browser's user, kept beyond the page; null where none was made. */
export interface Preference<T extends string> {
  readonly get: () => T | null;
  readonly set: (value: T | null) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function preference<T extends string>(name: string, values: readonly T[]): Preference<T> {
  const key = `signalbox.${name}`;
  const listeners = new Set<() => void>();
  // Storage may be forbidden; the choice then lasts as long as the page.
  let current = values.find((value) => value === attempt(() => localStorage.getItem(key))) ?? null;
  return {
    get: () => current,
    set: (value) => {
      current = value;
      attempt(() =>
        value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value),
      );
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function usePreference<T extends string>(kept: Preference<T>): T | null {
  return useSyncExternalStore(kept.subscribe, kept.get);
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
