import type { Unit } from "../api/types.ts";
import type { Values } from "../domain/series.ts";

/** Everything that a line chart shows, in base units; how it looks in detail is the option's business. */
export interface Picture {
  readonly unit: Unit;
  /** Unix seconds of the first and the last value of every line. */
  readonly start: number;
  readonly end: number;
  /** Seconds between two values. */
  readonly step: number;
  readonly lines: readonly Line[];
  /** What no value should exceed. */
  readonly limit: number | null;
  /** The one line that the limit is for, where it is not for all of them. */
  readonly limitOf: string | null;
  /** Fills what is below the line; only where there is one line, or areas would hide each other. */
  readonly isArea: boolean;
}

export interface Line {
  readonly name: string;
  /** Name of the CSS variable of its colour. */
  readonly colour: `--sb-slot-${number}`;
  readonly look: Look;
  readonly values: Values;
}

/** Percentiles share a hue and differ in weight: the rarer, the heavier. */
export type Look = "light" | "usual" | "heavy";

export const LOOKS: Readonly<Record<Look, { width: number; dash: "solid" | "dotted" }>> = {
  light: { width: 1.25, dash: "dotted" },
  usual: { width: 1.5, dash: "solid" },
  heavy: { width: 2.5, dash: "solid" },
};

export function timeAt(picture: Picture, index: number): number {
  return picture.start + index * picture.step;
}

export function length(picture: Picture): number {
  return Math.max(0, ...picture.lines.map((line) => line.values.length));
}

/** The value that is nearest to a time, or null outside of the picture. */
export function indexAt(picture: Picture, time: number): number | null {
  const index = Math.round((time - picture.start) / picture.step);
  return index >= 0 && index < length(picture) ? index : null;
}

/** The largest thing to be shown, the limit included: it must be seen even where nothing comes near it. */
export function top(picture: Picture): number {
  const values = picture.lines.flatMap((line) => line.values.filter((value) => value !== null));
  return Math.max(0, ...values.filter(Number.isFinite), picture.limit ?? 0);
}

/** "limit", or "p95 limit" where it is for one line only. */
export function limitName({ limitOf }: Picture): string {
  return limitOf === null ? "limit" : `${limitOf} limit`;
}
