import { useMemo } from "react";
import { isLone, type Values } from "../domain/series.ts";
import { slotColour } from "../domain/slot.ts";
import "./Sparkline.css";

interface SparklineProps {
  readonly values: Values;
  readonly slot: number;
  /** What no value should exceed; drawn where it is given. */
  readonly limit: number | null;
}

/** Units of its own: the box is stretched to whatever width there is. */
const WIDTH = 400;
const HEIGHT = 32;
const STROKE = 1.5;

/** The shape of a series, without axes. Drawn by hand: the first page needs no chart library. */
export function Sparkline({ values, slot, limit }: SparklineProps) {
  const { line, area, limitY } = useMemo(() => sparklinePaths(values, limit), [values, limit]);
  const colour = `var(${slotColour(slot)})`;
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path
        className="sparkline__base"
        d={`M0 ${HEIGHT - 0.5}H${WIDTH}`}
        vectorEffect="non-scaling-stroke"
      />
      <path d={area} fill={colour} fillOpacity="0.08" />
      <path
        d={line}
        fill="none"
        stroke={colour}
        strokeWidth={STROKE}
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
      {limitY !== null && (
        <path
          className="sparkline__limit"
          d={`M0 ${limitY}H${WIDTH}`}
          vectorEffect="non-scaling-stroke"
        />
      )}
    </svg>
  );
}

interface SparklinePaths {
  readonly line: string;
  readonly area: string;
  readonly limitY: number | null;
}

/** From zero up, broken where values are missing; a value that stands alone is a dot. */
export function sparklinePaths(values: Values, limit: number | null): SparklinePaths {
  // The limit is always in the picture, with a little room above it.
  const highest = Math.max((limit ?? 0) * 1.25, ...values.filter((value) => value !== null));
  const x = (index: number) => round((index / Math.max(1, values.length - 1)) * WIDTH);
  const y = (value: number) => {
    const share = highest > 0 ? value / highest : 0;
    return round(HEIGHT - STROKE / 2 - share * (HEIGHT - 2 * STROKE));
  };
  let line = "";
  let area = "";
  values.forEach((value, index) => {
    if (value === null) return;
    if (isLone(values, index)) {
      line += `M${x(index)} ${y(value)}h0`;
      return;
    }
    const begins = (values[index - 1] ?? null) === null;
    line += `${begins ? "M" : "L"}${x(index)} ${y(value)}`;
    area += begins ? `M${x(index)} ${HEIGHT}L${x(index)} ${y(value)}` : `L${x(index)} ${y(value)}`;
    const ends = (values[index + 1] ?? null) === null;
    if (ends) area += `L${x(index)} ${HEIGHT}Z`;
  });
  return { line, area, limitY: limit === null ? null : y(limit) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
