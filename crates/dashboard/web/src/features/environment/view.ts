import type { Failure } from "../../api/failure.ts";
import type { Panel, PanelName, Unit } from "../../api/types.ts";
import type { Line, Look, Picture } from "../../charts/picture.ts";
import type { Origin } from "../../charts/QueryCard.tsx";
import { stats } from "../../domain/series.ts";
import { slotColour } from "../../domain/slot.ts";

/** Everything that a panel can have to show. A failure beside data leaves the data where it is. */
export type PanelView =
  | { readonly kind: "first-load" }
  | { readonly kind: "error"; readonly failure: Failure }
  | { readonly kind: "no-traffic"; readonly picture: Picture; readonly origin: Origin }
  | {
      readonly kind: "no-data";
      readonly newestAt: number | null;
      readonly picture: Picture;
      readonly origin: Origin;
    }
  | { readonly kind: "data"; readonly picture: Picture; readonly origin: Origin };

/** In reading order: is there traffic, is it answered, how fast, how much at once. */
export const PANELS: readonly { readonly name: PanelName; readonly title: string }[] = [
  { name: "request-rate", title: "Requests" },
  { name: "error-ratio", title: "Errors" },
  { name: "latency", title: "Latency" },
  { name: "active-requests", title: "Active requests" },
];

export const UNITS: Readonly<Record<PanelName, Unit>> = {
  "request-rate": "requests-per-second",
  "error-ratio": "ratio",
  latency: "seconds",
  "active-requests": "requests",
};

export function panelView(
  panel: Panel | undefined,
  failure: Failure | null,
  slot: number,
): PanelView {
  if (panel === undefined)
    return failure === null ? { kind: "first-load" } : { kind: "error", failure };
  const picture = toPicture(panel, slot);
  const origin = toOrigin(panel);
  if (panel.series.some((series) => stats(series.values) !== null))
    return { kind: "data", picture, origin };
  // There are samples, so the environment was seen; that they make no ratio means that nobody asked.
  const isSeen = panel.newestSampleAt !== null && panel.newestSampleAt >= panel.start;
  if (isSeen && OF_TRAFFIC.has(panel.panel)) return { kind: "no-traffic", picture, origin };
  return { kind: "no-data", newestAt: panel.newestSampleAt, picture, origin };
}

/** What has no value when there are no requests. */
const OF_TRAFFIC: ReadonlySet<PanelName> = new Set(["error-ratio", "latency"]);

function toPicture(panel: Panel, slot: number): Picture {
  return {
    unit: panel.unit,
    start: panel.start,
    end: panel.end,
    step: panel.step,
    limit: panel.limit,
    // The objective is set for the 95th percentile; the others are shown for company.
    limitOf: panel.panel === "latency" ? "p95" : null,
    isArea: panel.panel === "active-requests",
    lines: panel.series.map(
      (series): Line => ({
        name: series.name,
        colour: slotColour(slot),
        look: PERCENTILE_LOOKS[series.name] ?? "usual",
        values: series.values,
      }),
    ),
  };
}

const PERCENTILE_LOOKS: Readonly<Record<string, Look>> = {
  p50: "light",
  p95: "usual",
  p99: "heavy",
};

function toOrigin(panel: Panel): Origin {
  return {
    queries: panel.series.map((series) => ({ name: series.name, text: series.query })),
    step: panel.step,
    window: panel.window,
    source: panel.source,
    warnings: panel.warnings,
  };
}
