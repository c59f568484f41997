import { describe, expect, test } from "vitest";
import { NARROW_SPACE } from "../format/number.ts";
import { niceScale } from "./option/axis.ts";
import { lineOption } from "./option/line.ts";
import { indexAt, type Picture, top } from "./picture.ts";
import { sparklinePaths } from "./Sparkline.tsx";
import { summary } from "./summary.ts";
import type { Tokens } from "./tokens.ts";

const picture: Picture = {
  unit: "seconds",
  start: 1000,
  end: 1070,
  step: 10,
  limit: 1,
  limitOf: "p95",
  isArea: false,
  lines: [
    {
      name: "p50",
      colour: "--sb-slot-1",
      look: "light",
      values: [null, null, null, 0.1, null, 0.2, 0.3, 0.2],
    },
    {
      name: "p95",
      colour: "--sb-slot-1",
      look: "usual",
      values: [null, null, null, 0.4, null, 0.5, 0.6, 0.5],
    },
  ],
};

const tokens: Tokens = {
  text2: "text-2",
  text3: "text-3",
  border: "border",
  down: "down",
  font: "sans",
  hatch: "hatch",
  slot: (variable) => variable,
};

const option = (changed: Partial<Picture> = {}) =>
  lineOption({ ...picture, ...changed }, { tokens, zone: "utc", width: 600 });

describe("the scale of an axis", () => {
  test.each([
    [0, { max: 1, interval: 0.5 }],
    [0.3, { max: 0.4, interval: 0.1 }],
    [50, { max: 60, interval: 20 }],
    [20, { max: 30, interval: 10 }],
    [1000, { max: 1500, interval: 500 }],
    [97, { max: 150, interval: 50 }],
  ])("up to %d", (highest, scale) => {
    expect(niceScale(highest)).toEqual(scale);
  });

  test("has three to five gridlines and room at the top, whatever it shows", () => {
    for (let exponent = -4; exponent < 8; exponent += 0.13) {
      const highest = 10 ** exponent;
      const { max, interval } = niceScale(highest);
      expect(max).toBeGreaterThan(highest);
      expect(Math.round(max / interval)).toBeGreaterThanOrEqual(3);
      expect(Math.round(max / interval)).toBeLessThanOrEqual(5);
    }
  });

  test("does not go beyond all there is", () => {
    expect(niceScale(97, { most: 100 })).toEqual({ max: 100, interval: 25 });
    expect(niceScale(20, { most: 100 })).toEqual({ max: 30, interval: 10 });
  });

  test("counts whole things in whole steps", () => {
    for (let highest = 0; highest < 50; highest++) {
      expect(Number.isInteger(niceScale(highest, { isWhole: true }).interval)).toBe(true);
    }
  });
});

describe("the option of a line chart", () => {
  test("breaks lines where values are missing, and dots a lone value", () => {
    const [first] = option().series as { connectNulls: boolean; data: unknown[] }[];
    expect(first).toMatchObject({ connectNulls: false, symbol: "none", name: "p50" });
    expect(first?.data[2]).toEqual([1_020_000, null]);
    expect(first?.data[3]).toEqual({ value: [1_030_000, 100], symbol: "circle", symbolSize: 4 });
    expect(first?.data[5]).toEqual([1_050_000, 200]);
  });

  test("is in one unit, with the limit in the picture", () => {
    expect(option().yAxis).toMatchObject({ min: 0, max: 1500, interval: 500 });
    expect(option().series).toMatchObject([
      {
        markLine: {
          lineStyle: { color: "down", type: [6, 4] },
          label: { formatter: `p95 limit\n1${NARROW_SPACE}s` },
          data: [{ yAxis: 1000 }],
        },
      },
      {},
    ]);
  });

  test("has no limit where there is none", () => {
    expect(option({ limit: null }).series).toMatchObject([{ markLine: { data: [] } }, {}]);
    expect(option({ limit: null }).yAxis).toMatchObject({ max: 800 });
  });

  test("hatches long gaps, but not what was before the first sample", () => {
    const line = { name: "rate", colour: "--sb-slot-1", look: "usual" } as const;
    const areas = option({
      lines: [{ ...line, values: [null, null, null, 1, null, null, null, null] }],
    }).series as {
      markArea: { data: [{ xAxis: number; itemStyle: { color: string } }, { xAxis: number }][] };
    }[];
    expect(
      areas[0]?.markArea.data.map(([from, to]) => [from.xAxis, to.xAxis, from.itemStyle.color]),
    ).toEqual([
      [1_000_000, 1_030_000, "transparent"],
      [1_030_000, 1_070_000, "hatch"],
    ]);
  });

  test("fills an area only where it is asked for", () => {
    expect(option({ isArea: true }).series).toMatchObject([{ areaStyle: { opacity: 0.12 } }, {}]);
    expect(JSON.stringify(option())).not.toContain("areaStyle");
  });
});

test("a time is the nearest value, or none outside of the picture", () => {
  expect(indexAt(picture, 1034)).toBe(3);
  expect(indexAt(picture, 1036)).toBe(4);
  expect(indexAt(picture, 990)).toBeNull();
  expect(indexAt(picture, 1080)).toBeNull();
});

test("the top of a picture includes its limit", () => {
  expect(top(picture)).toBe(1);
  expect(top({ ...picture, limit: null })).toBe(0.6);
});

test("a chart says what it shows", () => {
  expect(summary(picture).replaceAll(NARROW_SPACE, " ")).toBe(
    "p50: lowest 100 ms, highest 300 ms, last 200 ms. p95: lowest 400 ms, highest 600 ms, last 500 ms. " +
      "The p95 limit is 1 s. 2 gaps without data.",
  );
});

describe("a sparkline", () => {
  test("starts anew after a gap and dots a lone value", () => {
    const { line, area } = sparklinePaths([1, 2, null, 2, null], null);
    expect(line).toBe("M0 16.8L100 2.3M300 2.3h0");
    expect(area).toBe("M0 32L0 16.8L100 2.3L100 32Z");
  });

  test("keeps its limit in the picture", () => {
    const { limitY } = sparklinePaths([0.01, 0.02], 0.2);
    expect(limitY).toBeGreaterThan(0);
    expect(limitY).toBeLessThan(10);
  });

  test("of nothing is nothing", () => {
    expect(sparklinePaths([null, null], null)).toEqual({ line: "", area: "", limitY: null });
    expect(sparklinePaths([], null).line).toBe("");
    expect(sparklinePaths([0, 0], null).line).toBe("M0 31.3L400 31.3");
  });
});
