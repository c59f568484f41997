/** A number ready to print: the digits, and the unit that is set beside them in a quieter colour. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** Between a number and its unit: a space that neither wraps nor gapes. */
export const NARROW_SPACE = "\u202f";

/** Nothing was measured. Never "0", never "NaN". */
export const NOTHING: Quantity = { value: "–", unit: "" };

export function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** At most `digits` significant digits, without trailing zeros: 42, 42.1, 0.12. */
export function significant(value: number, digits = 3): string {
  const rounded = Number(value.toPrecision(digits));
  const decimals = rounded === 0 ? 0 : digits - 1 - Math.floor(Math.log10(Math.abs(rounded)));
  return trimZeros(rounded.toFixed(Math.min(Math.max(decimals, 0), 12)));
}

/** SI prefixes from a thousand up: 1240 is 1.24 k. */
export function scaled(value: number, unit = ""): Quantity {
  for (const [factor, prefix] of PREFIXES) {
    // 999.6 would print as "1000", so it moves up already.
    if (Math.abs(value) >= factor * 0.9995) {
      return {
        value: significant(value / factor),
        unit: unit === "" ? prefix : `${prefix} ${unit}`,
      };
    }
  }
  return { value: significant(value), unit };
}

export function text(quantity: Quantity): string {
  return quantity.unit === "" ? quantity.value : `${quantity.value}${NARROW_SPACE}${quantity.unit}`;
}

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

function trimZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
