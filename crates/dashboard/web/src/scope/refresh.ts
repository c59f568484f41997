/** What the next refresh depends on; times in milliseconds since the epoch, 0 for never. */
export interface History {
  readonly dataAt: number;
  readonly errorAt: number;
  readonly isFailing: boolean;
}

const SECOND = 1000;
const LONGEST = 120 * SECOND;

/**
 * Milliseconds until the next refresh, or false for never. While it fails, the pause grows with the time since
 * the last answer, which doubles it each time, up to two minutes.
 */
export function nextDelay(
  refresh: number,
  { dataAt, errorAt, isFailing }: History,
): number | false {
  if (refresh === 0) return false;
  const usual = refresh * SECOND;
  const backedOff = isFailing && dataAt > 0 ? Math.max(usual, errorAt - dataAt) : usual;
  return Math.round(
    Math.min(backedOff, Math.max(LONGEST, usual)) * jitter(isFailing ? errorAt : dataAt),
  );
}

/** 0.9 to 1.1, so that ten wall screens do not ask in step. Taken from the time, so that it can be foretold. */
function jitter(at: number): number {
  return 0.9 + (0.2 * (at % SECOND)) / SECOND;
}
