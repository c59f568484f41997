import type { Unit } from "../api/types.ts";
import { latency } from "./duration.ts";
import { isNumber, NOTHING, type Quantity, scaled, significant, text } from "./number.ts";
import { percent } from "./percent.ts";

/** The unit that the server measures in decides how a number is written and how its axis is scaled. */
export function quantity(measured: Unit, value: number | null | undefined): Quantity {
  if (!isNumber(value)) return NOTHING;
  switch (measured) {
    case "requests-per-second":
      return scaled(value, "req/s");
    case "seconds":
      return latency(value);
    case "ratio":
      return percent(value);
    case "requests":
      return scaled(value);
  }
}

/** A limit was chosen, not measured: 1 s, where a measurement would be 1.00 s. */
export function limitText(measured: Unit, limit: number): string {
  const exact = measured === "seconds" && limit >= 1 && limit < 60;
  return text(exact ? { value: significant(limit), unit: "s" } : quantity(measured, limit));
}

/** One unit for a whole axis, chosen from its largest value. */
export interface AxisUnit {
  readonly unit: string;
  /** Multiplies a base value (seconds, ratio, …) into the axis' unit. */
  readonly factor: number;
}

export function axisUnit(measured: Unit, max: number): AxisUnit {
  switch (measured) {
    case "seconds":
      return max < 1.5 ? { unit: "ms", factor: 1000 } : { unit: "s", factor: 1 };
    case "ratio":
      return { unit: "% of requests", factor: 100 };
    case "requests-per-second":
      return max >= 10_000 ? { unit: "k req/s", factor: 0.001 } : { unit: "req/s", factor: 1 };
    case "requests":
      return max >= 10_000
        ? { unit: "thousands at once", factor: 0.001 }
        : { unit: "at once", factor: 1 };
  }
}

/** The number of an axis label or a table cell, its unit being in the header. */
export function inUnit(axis: AxisUnit, value: number | null | undefined): string {
  return isNumber(value) ? significant(value * axis.factor) : NOTHING.value;
}
