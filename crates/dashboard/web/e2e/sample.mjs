/** Answers of the API as a box with three environments would give them now. Made up, but shaped like the real ones. */
import { resolve, values } from "./series.mjs";

const PROD = {
  name: "prod",
  dataPlane: "production",
  slot: 1,
  rate: 50.1,
  errors: 0.001,
  p95: 0.19,
  active: 5,
};
const DEV = {
  name: "dev",
  dataPlane: "development",
  slot: 2,
  rate: 12,
  errors: 0.0012,
  p95: 0.24,
  active: 2,
};
const QA = {
  name: "qa",
  dataPlane: "quality-assurance",
  slot: 3,
  rate: 20,
  errors: 0.105,
  p95: 0.42,
  active: 3,
};

const REASONS = {
  ok: "all objectives are met",
  degraded: "errors over their limit",
  down: "its collector does not answer: connection refused",
  stale: "no sample for 3 m 10 s",
  idle: "no requests",
  unknown: "the store does not answer",
};

/** Each scenario says what is otherwise than well. */
export const SCENARIOS = {
  healthy: [PROD, DEV, QA],
  mixed: [
    PROD,
    { ...DEV, state: "idle" },
    { ...QA, errors: 0.231, state: "degraded", reason: "23.1 % errors, over 20 %", alerts: 2 },
  ],
  bad: [
    { ...PROD, state: "down", alerts: 3, silentFor: 260 },
    { ...DEV, state: "stale", silentFor: 190 },
    { ...QA, gap: true },
  ],
  young: [PROD, DEV, QA].map((environment) => ({ ...environment, youngerThan: 150 })),
  many: ["ok", "ok", "degraded", "ok", "idle", "down", "ok", "stale", "ok"].map((state, index) => ({
    ...PROD,
    name: `line-of-business-${index + 1}`,
    slot: index + 1,
    rate: 50 * 3 ** index,
    state,
  })),
  unreachable: [PROD, DEV, QA].map((environment) => ({ ...environment, state: "unknown" })),
  odd: [{ ...PROD, name: "a%2Fb" }],
  empty: [],
};

export function overview(scenario, range, now) {
  const environments = SCENARIOS[scenario].map((environment) => card(environment, range, now));
  const troubled = environments.filter(({ state }) => state !== "ok" && state !== "idle");
  const isReachable = scenario !== "unreachable";
  const details = troubled.map(({ name, reason }) => ` ${name}: ${reason}.`).join("");
  return {
    generatedAt: now,
    range,
    scrapeInterval: 10,
    window: 40,
    store: {
      reachable: isReachable,
      error: isReachable ? null : "connection refused by 127.0.0.1:9090",
    },
    verdict: isReachable
      ? `${environments.length - troubled.length} of ${environments.length} environments are healthy.${details}`
      : "The state of all environments is unknown: the store does not answer.",
    warnings: [],
    environments,
  };
}

function card(environment, range, now) {
  const { name, dataPlane, slot, state = "ok", alerts = 0, silentFor = 0 } = environment;
  const resolution = resolve(range, 160, now);
  const series = state === "unknown" ? [] : values(environment, "error-ratio", resolution, now);
  return {
    name,
    dataPlane,
    slot,
    state,
    reason: environment.reason ?? REASONS[state],
    ...numbers(environment),
    newestSampleAt: state === "unknown" ? null : now - 3 - slot - silentFor,
    firingAlerts: alerts,
    sparkline: {
      panel: "error-ratio",
      start: resolution.start,
      step: resolution.step,
      values: series,
    },
  };
}

function numbers({ name, state, rate, errors, p95, active }) {
  const limits = { errorLimit: name === "qa" ? 0.2 : 0.05, latencyLimit: 1 };
  if (state === "idle")
    return { ...limits, requestRate: 0, errorRatio: null, latencyP95: null, activeRequests: 0 };
  if (state !== "unknown") {
    return {
      ...limits,
      requestRate: rate,
      errorRatio: errors,
      latencyP95: p95,
      activeRequests: active,
    };
  }
  const nothing = { requestRate: null, errorRatio: null, latencyP95: null, activeRequests: null };
  return { ...nothing, errorLimit: null, latencyLimit: null };
}

export function panel(scenario, name, panelName, range, width, now) {
  const environment = SCENARIOS[scenario].find((known) => known.name === name);
  if (environment === undefined || PANELS[panelName] === undefined) return null;
  const resolution = resolve(range, width, now);
  const { unit, limit, series } = PANELS[panelName](name);
  const line = values(environment, panelName, resolution, now);
  return {
    panel: panelName,
    environment: name,
    unit,
    ...resolution,
    window: panelName === "active-requests" ? 0 : Math.max(40, resolution.step + 10),
    newestSampleAt: now - 3 - (environment.silentFor ?? 0),
    limit,
    source: "http://127.0.0.1:9090/",
    warnings: [],
    series: series.map(({ scale = 1, ...rest }) => ({
      ...rest,
      values: line.map((value) => (value === null ? null : value * scale)),
    })),
  };
}

const count = (name, more = "") =>
  `sum(rate(http_server_request_duration_seconds_count{environment="${name}"${more}}[40s]))`;

const PANELS = {
  "request-rate": (name) => ({
    unit: "requests-per-second",
    limit: null,
    series: [{ name: "requests", query: count(name) }],
  }),
  "error-ratio": (name) => ({
    unit: "ratio",
    limit: name === "qa" ? 0.2 : 0.05,
    series: [
      {
        name: "errors",
        query: `${count(name, ',http_response_status_code=~"5.."')}\n  / (${count(name)} > 0)`,
      },
    ],
  }),
  latency: (name) => ({
    unit: "seconds",
    limit: 1,
    series: [50, 95, 99].map((percentile, index) => ({
      name: `p${percentile}`,
      scale: [0.12, 1, 2.7][index],
      query: `histogram_quantile(0.${percentile}, sum by (le) (environment_le:http_request_duration_seconds_bucket:rate40s{environment="${name}"}))`,
    })),
  }),
  "active-requests": (name) => ({
    unit: "requests",
    limit: null,
    series: [{ name: "active", query: `sum(http_server_active_requests{environment="${name}"})` }],
  }),
};
