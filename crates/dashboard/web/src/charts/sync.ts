import { useSyncExternalStore } from "react";

/** A time that is looked at: all charts of a page mark it, and the one that is pointed at names its values. */
export interface Mark {
  readonly time: number;
  /** The chart that is pointed at. */
  readonly owner: string;
}

let current: Mark | null = null;
const listeners = new Set<() => void>();

export function setMark(mark: Mark | null): void {
  if (current?.time === mark?.time && current?.owner === mark?.owner) return;
  current = mark;
  for (const listener of listeners) listener();
}

export function useMark(): Mark | null {
  return useSyncExternalStore(subscribe, () => current);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
