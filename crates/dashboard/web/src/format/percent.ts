import { type Quantity, significant } from "./number.ts";

/** A ratio of 0.084 is 8.4 %. What is too small to print is said to be small, not to be nothing. */
export function percent(ratio: number): Quantity {
  const percentage = ratio * 100;
  if (percentage > 0 && percentage < 0.01) return { value: "<0.01", unit: "%" };
  const decimals = Math.abs(percentage) < 1 ? 2 : 1;
  return { value: significant(Number(percentage.toFixed(decimals)), 6), unit: "%" };
}
