import type { State } from "../api/types.ts";

/** How each state is called on the page. "idle" is a word of programs; people say that there is no traffic. */
export const STATE_WORDS: Readonly<Record<State, string>> = {
  ok: "OK",
  degraded: "Degraded",
  down: "Down",
  stale: "Stale",
  idle: "No traffic",
  unknown: "Unknown",
};

/** Worst first: what needs somebody now, then what cannot be seen, then what is quiet or well. */
const ORDER: readonly State[] = ["down", "degraded", "stale", "unknown", "idle", "ok"];

export function worstFirst(
  a: { state: State; slot: number },
  b: { state: State; slot: number },
): number {
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.slot - b.slot;
}

/**
 * The server judges; the page may only make it worse as the samples it shows grow old. "Down" and "unknown" say
 * more than "stale" does, so they stay.
 */
export function aged(state: State, isOld: boolean): State {
  return isOld && state !== "down" && state !== "unknown" ? "stale" : state;
}
