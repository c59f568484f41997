import { NARROW_SPACE, type Quantity, significant } from "./number.ts";

/** How long a request takes, from seconds: 0.42 ms, 86 ms, 1.90 s, 1 m 04 s. */
export function latency(seconds: number): Quantity {
  const milliseconds = seconds * 1000;
  if (milliseconds < 999.5) {
    return {
      value: milliseconds < 1 ? significant(milliseconds, 2) : significant(milliseconds),
      unit: "ms",
    };
  }
  if (seconds < 59.995) return { value: seconds.toPrecision(3), unit: "s" };
  const whole = Math.round(seconds);
  return { value: `${Math.floor(whole / 60)}${NARROW_SPACE}m ${pad(whole % 60)}`, unit: "s" };
}

/** How old something is: 4 s, 2 m 10 s, 3 h 05 m, 26 h, 3 d. Its width barely changes while it ticks. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return join([whole, "s"]);
  if (whole < HOUR) return join([Math.floor(whole / 60), "m"], [pad(whole % 60), "s"]);
  if (whole < 10 * HOUR)
    return join([Math.floor(whole / HOUR), "h"], [pad(Math.floor((whole % HOUR) / 60)), "m"]);
  if (whole < 2 * DAY) return join([Math.floor(whole / HOUR), "h"]);
  return join([Math.floor(whole / DAY), "d"]);
}

/** A length of time as it was configured: 15 s, 2 m 15 s, 5 m, 1 h. Parts of nothing are left out. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / HOUR), "h"],
    [Math.floor((whole % HOUR) / 60), "m"],
    [whole % 60, "s"],
  ];
  const present = parts.filter(([amount]) => amount > 0);
  return present.length === 0 ? join([0, "s"]) : join(...present);
}

const HOUR = 3600;
const DAY = 86_400;

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function join(...parts: [number | string, string][]): string {
  return parts.map(([amount, unit]) => `${amount}${NARROW_SPACE}${unit}`).join(" ");
}
