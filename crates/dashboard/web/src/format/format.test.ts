import { describe, expect, test } from "vitest";
import { formatted } from "../testing/fixtures.ts";
import { age, latency, span } from "./duration.ts";
import { axisUnit, inUnit, limitText, quantity } from "./measure.ts";
import { NARROW_SPACE, scaled, significant, text } from "./number.ts";
import { percent } from "./percent.ts";
import { clockTime, dateTime, tickTime } from "./time.ts";

/** Expectations are written with plain spaces. */
const plain = (value: string) => value.replaceAll(NARROW_SPACE, " ");

test.each([
  [0, "0"],
  [42, "42"],
  [42.06, "42.1"],
  [0.1234, "0.123"],
  [118.4, "118"],
  [0.00012, "0.00012"],
  [1234, "1230"],
  [-5.25, "-5.25"],
])("%d has the significant digits %s", (value, expected) => {
  expect(significant(value)).toBe(expected);
});

test.each([
  [0, "0 req/s"],
  [42, "42 req/s"],
  [999.4, "999 req/s"],
  [999.7, "1 k req/s"],
  [1240, "1.24 k req/s"],
  [3_456_000, "3.46 M req/s"],
])("%d requests per second is %s", (value, expected) => {
  expect(plain(text(scaled(value, "req/s")))).toBe(expected);
});

test.each([
  [0, "0 %"],
  [0.00005, "<0.01 %"],
  [0.0012, "0.12 %"],
  [0.084, "8.4 %"],
  [0.2304, "23 %"],
  [0.2314, "23.1 %"],
  [1, "100 %"],
])("a ratio of %d is %s", (ratio, expected) => {
  expect(plain(text(percent(ratio)))).toBe(expected);
});

test.each([
  [0.00042, "0.42 ms"],
  [0.0861, "86.1 ms"],
  [0.086, "86 ms"],
  [0.9996, "1.00 s"],
  [1.9, "1.90 s"],
  [64, "1 m 04 s"],
])("a latency of %d s is %s", (seconds, expected) => {
  expect(plain(text(latency(seconds)))).toBe(expected);
});

test.each([
  [-3, "0 s"],
  [4.9, "4 s"],
  [130, "2 m 10 s"],
  [3 * 3600 + 300, "3 h 05 m"],
  [26 * 3600, "26 h"],
  [3 * 86_400, "3 d"],
])("an age of %d s is %s", (seconds, expected) => {
  expect(plain(age(seconds))).toBe(expected);
});

test("the server writes the same numbers alike", () => {
  const expected = formatted();
  const written = (
    format: (value: number) => string,
    rows: readonly (readonly [number, string])[],
  ) => rows.map(([value]) => [value, plain(format(value))]);
  expect(written(age, expected.age)).toEqual(expected.age);
  expect(written((value) => text(latency(value)), expected.latency)).toEqual(expected.latency);
  expect(written((value) => limitText("seconds", value), expected.latencyLimit)).toEqual(
    expected.latencyLimit,
  );
  expect(written((value) => text(percent(value)), expected.percent)).toEqual(expected.percent);
});

test.each([
  [15, "15 s"],
  [135, "2 m 15 s"],
  [300, "5 m"],
  [3600, "1 h"],
])("a span of %d s is %s", (seconds, expected) => {
  expect(plain(span(seconds))).toBe(expected);
});

describe("measures", () => {
  test("nothing measured is a dash, whatever it would have measured", () => {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(text(quantity("ratio", value))).toBe("–");
    }
  });

  test("an axis has one unit, chosen from its maximum", () => {
    expect(axisUnit("seconds", 0.4)).toEqual({ unit: "ms", factor: 1000 });
    expect(axisUnit("seconds", 2.4)).toEqual({ unit: "s", factor: 1 });
    expect(inUnit(axisUnit("seconds", 0.4), 0.25)).toBe("250");
    expect(inUnit(axisUnit("ratio", 1), 0.2)).toBe("20");
    expect(inUnit(axisUnit("ratio", 1), null)).toBe("–");
  });
});

describe("times", () => {
  const noon = Date.UTC(2026, 10, 20, 12, 4, 15) / 1000;

  test("are written in the zone that is asked for", () => {
    expect(clockTime(noon, "utc")).toBe("12:04:15");
    expect(clockTime(noon, "local")).toBe("13:04:15"); // the tests run in Berlin, where it is winter
    expect(dateTime(noon, "utc")).toBe("2026-11-20 12:04");
  });

  test("ticks show seconds where they have them, and the date at midnight", () => {
    expect(tickTime(noon, "utc").label).toBe("12:04:15");
    expect(tickTime(noon - 15, "utc").label).toBe("12:04");
    expect(tickTime(Date.UTC(2026, 10, 20) / 1000, "utc")).toEqual({
      label: "11-20",
      isMidnight: true,
    });
  });
});
