/** Where an axis from zero ends, and the distance of its gridlines. */
export interface Scale {
  readonly max: number;
  readonly interval: number;
}

const STEPS = [1, 2, 2.5, 5, 10];

/**
 * Three to five gridlines at numbers that people count in, and a little room above the highest value. What is
 * counted in whole things has no gridline between two of them; no more than `most` exists of anything.
 */
export function niceScale(
  highest: number,
  { isWhole = false, most = Number.POSITIVE_INFINITY }: { isWhole?: boolean; most?: number } = {},
): Scale {
  if (!(highest > 0)) return isWhole ? { max: 2, interval: 1 } : { max: 1, interval: 0.5 };
  const wanted = (highest * 1.05) / 4;
  const magnitude = 10 ** Math.floor(Math.log10(wanted));
  const factor = STEPS.find((step) => step * magnitude >= wanted * 0.999) ?? 10;
  // Rounded, because 3 × 0.1 is not 0.3.
  const nice = Number((factor * magnitude).toPrecision(2));
  const interval = isWhole ? Math.ceil(nice) : nice;
  const count = Math.ceil((highest * 1.05) / interval - 1e-9);
  const max = Number((interval * count).toPrecision(6));
  return max > most && highest <= most ? { max: most, interval: most / 4 } : { max, interval };
}
