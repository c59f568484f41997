import type { LineSeriesOption } from "echarts/charts";
import { gaps, isLone, together } from "../../domain/series.ts";
import { axisUnit, inUnit, limitText } from "../../format/measure.ts";
import { tickTime, type Zone } from "../../format/time.ts";
import type { ChartOption } from "../echarts.ts";
import { type Line, LOOKS, length, limitName, type Picture, timeAt, top } from "../picture.ts";
import type { Tokens } from "../tokens.ts";
import { niceScale } from "./axis.ts";

/** Missing values in a row that are worth a hatched area; fewer only break the line. */
const HATCHED_GAP = 3;

export interface Surroundings {
  readonly tokens: Tokens;
  readonly zone: Zone;
  /** Pixels: a narrow chart has fewer ticks. */
  readonly width: number;
}

/** Room at the right for the limit's name, "limit" or "p95 limit", above its value: seven pixels a letter, in bold. */
const limitRoom = (picture: Picture): number => 20 + 7 * limitName(picture).length;

/** Room for a time and the gap to the next one. */
const PIXELS_PER_TICK = 72;

/** From what is to be shown to how ECharts shows it. Pure: the same picture is the same option. */
export function lineOption(picture: Picture, { tokens, zone, width }: Surroundings): ChartOption {
  const axis = axisUnit(picture.unit, top(picture));
  const scale = niceScale(top(picture) * axis.factor, {
    isWhole: picture.unit === "requests" && axis.factor === 1,
    ...(picture.unit === "ratio" ? { most: axis.factor } : {}),
  });
  return {
    animation: false,
    useUTC: zone === "utc",
    textStyle: { fontFamily: tokens.font, fontSize: 11 },
    grid: {
      left: 8,
      right: picture.limit === null ? 12 : limitRoom(picture),
      top: 10,
      bottom: 4,
      outerBoundsMode: "same",
      outerBoundsContain: "axisLabel",
    },
    xAxis: {
      type: "time",
      splitNumber: Math.min(12, Math.max(2, Math.floor(width / PIXELS_PER_TICK))),
      min: picture.start * 1000,
      max: picture.end * 1000,
      axisLine: { lineStyle: { color: tokens.border } },
      axisTick: { show: false },
      axisLabel: {
        color: tokens.text3,
        hideOverlap: true,
        formatter: (value: number) => {
          const { label, isMidnight } = tickTime(value / 1000, zone);
          return isMidnight ? `{day|${label}}` : label;
        },
        rich: { day: { color: tokens.text2, fontWeight: 600, fontSize: 11 } },
      },
      splitLine: { show: true, lineStyle: { color: tokens.border, opacity: 0.5 } },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: scale.max,
      interval: scale.interval,
      axisLabel: {
        color: tokens.text3,
        formatter: (value: number) => inUnit({ unit: axis.unit, factor: 1 }, value),
      },
      splitLine: { lineStyle: { color: tokens.border } },
    },
    series: picture.lines.map((line, index) => ({
      ...lineSeries(picture, line, axis.factor, tokens),
      // What belongs to the whole picture hangs on its first line.
      ...(index === 0
        ? { markLine: limitLine(picture, axis.factor, tokens), markArea: gapAreas(picture, tokens) }
        : {}),
    })),
  };
}

function lineSeries(
  picture: Picture,
  line: Line,
  factor: number,
  tokens: Tokens,
): LineSeriesOption {
  const look = LOOKS[line.look];
  const color = tokens.slot(line.colour);
  return {
    type: "line",
    name: line.name,
    silent: true,
    connectNulls: false,
    symbol: "none",
    lineStyle: { color, width: look.width, type: look.dash, join: "round" },
    itemStyle: { color },
    ...(picture.isArea ? { areaStyle: { color, opacity: 0.12 } } : {}),
    data: line.values.map((value, index) => {
      const point: [number, number | null] = [
        timeAt(picture, index) * 1000,
        value === null ? null : value * factor,
      ];
      return isLone(line.values, index) ? { value: point, symbol: "circle", symbolSize: 4 } : point;
    }),
  };
}

function limitLine(
  picture: Picture,
  factor: number,
  tokens: Tokens,
): NonNullable<LineSeriesOption["markLine"]> {
  if (picture.limit === null) return { data: [] };
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: tokens.down, width: 1.5, type: [6, 4] },
    label: {
      // Beside the plot, where no line crosses it.
      position: "end",
      color: tokens.down,
      fontSize: 11,
      fontWeight: 600,
      formatter: `${limitName(picture)}\n${limitText(picture.unit, picture.limit)}`,
      lineHeight: 13,
      distance: 6,
    },
    data: [{ yAxis: picture.limit * factor }],
  };
}

function gapAreas(picture: Picture, tokens: Tokens): NonNullable<LineSeriesOption["markArea"]> {
  const count = length(picture);
  const at = (index: number) => timeAt(picture, Math.min(Math.max(index, 0), count - 1)) * 1000;
  const runs = gaps(together(picture.lines.map((line) => line.values)), HATCHED_GAP);
  return {
    silent: true,
    data: runs.map(({ from, to }) => {
      // Before the first sample nothing is missing: it was not recorded yet.
      const isBefore = from === 0;
      return [
        {
          xAxis: at(from - 1),
          itemStyle: { color: isBefore ? "transparent" : tokens.hatch },
          label: {
            show: (to - from) / count > 0.2,
            formatter: isBefore ? "not recorded yet" : "no data",
            position: "inside",
            color: tokens.text3,
            fontSize: 11,
          },
        },
        { xAxis: at(to) },
      ];
    }),
  };
}
