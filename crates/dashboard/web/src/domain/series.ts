/** Values at even steps; null where nothing was recorded. */
export type Values = readonly (number | null)[];

export interface Run {
  /** Index of the first missing value. */
  readonly from: number;
  /** Index after the last missing value. */
  readonly to: number;
}

export interface Stats {
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

/** Runs of at least `least` missing values. */
export function gaps(values: Values, least: number): Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (let index = 0; index <= values.length; index++) {
    const isMissing = index < values.length && isNothing(values[index]);
    if (isMissing) continue;
    if (index - from >= least) runs.push({ from, to: index });
    from = index + 1;
  }
  return runs;
}

/** Null when there is no value at all. */
export function stats(values: Values): Stats | null {
  const present = values.filter((value): value is number => !isNothing(value));
  const last = present.at(-1);
  if (last === undefined) return null;
  return { min: Math.min(...present), max: Math.max(...present), last };
}

/** A value between two gaps has no line to belong to, and would be invisible without a dot. */
export function isLone(values: Values, index: number): boolean {
  return !isNothing(values[index]) && isNothing(values[index - 1]) && isNothing(values[index + 1]);
}

/** Missing everywhere: only where every series misses a value is there "no data". */
export function together(series: readonly Values[]): (number | null)[] {
  const length = Math.max(0, ...series.map((values) => values.length));
  return Array.from({ length }, (_, index) => {
    const present = series.map((values) => values[index]).find((value) => !isNothing(value));
    return present ?? null;
  });
}

function isNothing(value: number | null | undefined): boolean {
  return value === null || value === undefined || !Number.isFinite(value);
}
