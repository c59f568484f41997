import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let seconds = Math.floor(Date.now() / 1000);
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  seconds = Math.floor(Date.now() / 1000);
  for (const listener of listeners) listener();
}

/** Nobody sees a hidden tab tick. */
function startOrStop(): void {
  clearInterval(timer);
  timer = undefined;
  if (listeners.size === 0 || document.hidden) return;
  tick();
  timer = setInterval(tick, 1000);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    document.addEventListener("visibilitychange", startOrStop);
    startOrStop();
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    document.removeEventListener("visibilitychange", startOrStop);
    startOrStop();
  };
}

/** The time in Unix seconds, once a second: one timer for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => seconds);
}
