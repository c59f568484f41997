import type { Quantity } from "./number.ts";

/**
 * A ratio of 0.084 is 8.4 %. What is too small to print is said to be small, not to be nothing. The server writes the
 * same number into its reasons, with as many decimals.
 */
export function percent(ratio: number): Quantity {
  const percentage = ratio * 100;
  if (percentage > 0 && percentage < 0.01) return { value: "<0.01", unit: "%" };
  const factor = percentage < 10 ? 100 : 10;
  return { value: String(Math.round(percentage * factor) / factor), unit: "%" };
}
