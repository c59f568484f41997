/** Values that wander like a real service's, the same for the same time, so that a refresh does not redraw the past. */

const SCRAPE = 10;
const NICE_STEPS = [5, 10, 15, 20, 30, 60, 120, 300];
const RANGES = { "5m": 300, "15m": 900, "1h": 3600, "6h": 21_600, "24h": 86_400 };

/** How far values stray from their mean, as a share of it. */
const SPREADS = {
  "request-rate": 0.06,
  "error-ratio": 0.25,
  latency: 0.18,
  "active-requests": 0.4,
};
const MEANS = {
  "request-rate": "rate",
  "error-ratio": "errors",
  latency: "p95",
  "active-requests": "active",
};

export function resolve(range, width, now) {
  const seconds = RANGES[range] ?? 3600;
  const least = Math.max(SCRAPE, seconds / Math.min(Math.ceil(width / 2), 300));
  const step = NICE_STEPS.find((nice) => nice >= least) ?? 600;
  const end = Math.floor((now - SCRAPE) / step) * step;
  return { start: end - Math.ceil(seconds / step) * step, end, step };
}

export function values(environment, panelName, { start, end, step }, now) {
  const count = (end - start) / step + 1;
  return Array.from({ length: count }, (_, index) =>
    valueAt(environment, panelName, start + index * step, step, now),
  );
}

function valueAt(environment, panelName, time, step, now) {
  if (isMissing(environment, time, now)) return null;
  const isRatio = panelName === "error-ratio" || panelName === "latency";
  if (environment.state === "idle") return isRatio ? null : 0;
  const wave = 1 + 0.08 * Math.sin(time / 700 + environment.slot);
  const stray =
    SPREADS[panelName] * (noise(time / step + environment.slot * 1000 + panelName.length) * 2 - 1);
  const value = environment[MEANS[panelName]] * wave * (1 + stray);
  return panelName === "active-requests" ? Math.round(value) : value;
}

function isMissing(
  { silentFor = 0, gap = false, youngerThan = Number.POSITIVE_INFINITY },
  time,
  now,
) {
  const age = now - time;
  return age < silentFor || age > youngerThan || (gap && age > 1300 && age < 1900);
}

/** 0 to 1, the same for the same place. */
function noise(place) {
  const value = Math.sin(Math.floor(place) * 127.1) * 43_758.5453;
  return value - Math.floor(value);
}
