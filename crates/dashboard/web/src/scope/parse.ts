import type { TimeRange } from "../api/types.ts";

/** What the pages look at: kept in the address, so that a link shows what its sender saw. */
export interface Scope {
  /** Always relative: "the last hour" stays the last hour in a link. */
  readonly range: TimeRange;
  /** Seconds between refreshes; 0 is off. */
  readonly refresh: Refresh;
}

export const RANGES = ["5m", "15m", "1h", "6h", "24h"] as const satisfies readonly TimeRange[];

export const REFRESHES = [0, 10, 30, 60] as const;
export type Refresh = (typeof REFRESHES)[number];

export const DEFAULT_SCOPE: Scope = { range: "1h", refresh: 10 };

export const RANGE_WORDS: Readonly<Record<TimeRange, string>> = {
  "5m": "5 minutes",
  "15m": "15 minutes",
  "1h": "hour",
  "6h": "6 hours",
  "24h": "24 hours",
};

/** Total: whatever stands in the address, there is a scope. */
export function parseScope(parameters: URLSearchParams): Scope {
  const range = parameters.get("range");
  const refresh = parameters.get("refresh");
  return {
    range: RANGES.find((known) => known === range) ?? DEFAULT_SCOPE.range,
    refresh: REFRESHES.find((known) => refreshText(known) === refresh) ?? DEFAULT_SCOPE.refresh,
  };
}

/** The shortest parameters that parse to this scope: defaults are left out, parameters of others are kept. */
export function formatScope(
  scope: Scope,
  others: URLSearchParams = new URLSearchParams(),
): URLSearchParams {
  const parameters = new URLSearchParams(others);
  set(parameters, "range", scope.range === DEFAULT_SCOPE.range ? null : scope.range);
  set(
    parameters,
    "refresh",
    scope.refresh === DEFAULT_SCOPE.refresh ? null : refreshText(scope.refresh),
  );
  return parameters;
}

/** "?range=6h", or nothing. */
export function searchOf(scope: Scope): string {
  const text = formatScope(scope).toString();
  return text === "" ? "" : `?${text}`;
}

function refreshText(refresh: Refresh): string {
  return refresh === 0 ? "off" : `${refresh}s`;
}

function set(parameters: URLSearchParams, name: string, value: string | null): void {
  if (value === null) parameters.delete(name);
  else parameters.set(name, value);
}
