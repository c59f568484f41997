import { expect, test } from "vitest";
import { Failure } from "../../api/failure.ts";
import type { Panel } from "../../api/types.ts";
import { panelOf } from "../../testing/fixtures.ts";
import { PANELS, panelView } from "./view.ts";

const nothing = (panel: Panel): Panel => ({
  ...panel,
  series: panel.series.map((series) => ({ ...series, values: series.values.map(() => null) })),
});

test("every golden panel is a picture in the colour of its environment", () => {
  for (const { name } of PANELS) {
    const panel = panelOf(name);
    const view = panelView(panel, null, 3);
    if (view.kind !== "data") throw new Error(`${name} is ${view.kind}`);
    expect(view.picture.lines.map((line) => line.name)).toEqual(
      panel.series.map((series) => series.name),
    );
    expect(new Set(view.picture.lines.map((line) => line.colour))).toEqual(
      new Set(["--sb-slot-3"]),
    );
    expect(view.picture.limit).toBe(panel.limit);
    expect(view.origin.queries.every((query) => query.text.includes('environment="'))).toBe(true);
  }
});

test("percentiles differ by weight, and only active requests fill an area", () => {
  const latency = panelView(panelOf("latency"), null, 1);
  const active = panelView(panelOf("active-requests"), null, 1);
  if (latency.kind !== "data" || active.kind !== "data") throw new Error("expected data");
  expect(latency.picture.lines.map(({ name, look }) => `${name} ${look}`)).toEqual([
    "p50 light",
    "p95 usual",
    "p99 heavy",
  ]);
  expect(latency.picture).toMatchObject({ isArea: false, limitOf: "p95" });
  expect(active.picture).toMatchObject({ isArea: true, limitOf: null });
});

test("no ratio from a live environment means no traffic; no samples mean no data", () => {
  const errors = nothing(panelOf("error-ratio"));
  expect(panelView(errors, null, 1).kind).toBe("no-traffic");
  expect(panelView(nothing(panelOf("request-rate")), null, 1).kind).toBe("no-data");
  expect(panelView({ ...errors, newestSampleAt: null }, null, 1)).toMatchObject({
    kind: "no-data",
    newestAt: null,
  });
  const before = errors.start - 60;
  expect(panelView({ ...errors, newestSampleAt: before }, null, 1)).toMatchObject({
    kind: "no-data",
    newestAt: before,
  });
});

test("without an answer it waits, or says why there is none", () => {
  const failure = new Failure("timed-out", "Too late.");
  expect(panelView(undefined, null, 1).kind).toBe("first-load");
  expect(panelView(undefined, failure, 1)).toEqual({ kind: "error", failure });
  expect(panelView(panelOf("latency"), failure, 1).kind).toBe("data");
});
