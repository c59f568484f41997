import type { ChartInstance } from "./echarts.ts";

/** Where a drawn chart puts things, in pixels of its box. */
export interface Plot {
  readonly width: number;
  readonly xOf: (seconds: number) => number;
  /** From an axis value, not from a base unit. */
  readonly yOf: (value: number) => number;
  readonly timeAt: (x: number) => number;
  readonly top: number;
  readonly bottom: number;
}

export function plotOf(chart: ChartInstance): Plot {
  const xOf = (seconds: number) => chart.convertToPixel({ xAxisIndex: 0 }, seconds * 1000);
  const yOf = (value: number) => chart.convertToPixel({ yAxisIndex: 0 }, value);
  const height = chart.getHeight();
  const bottom = yOf(0);
  return {
    width: chart.getWidth(),
    xOf,
    yOf,
    timeAt: (x) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, x)) / 1000,
    top: 10,
    bottom: Number.isFinite(bottom) ? bottom : height,
  };
}
