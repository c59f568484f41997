/** Clock times are shown in one zone, which is named once, in the bar. */
export type Zone = "utc" | "local";

/** 12:04:15, from Unix seconds. */
export function clockTime(seconds: number, zone: Zone): string {
  const { hour, minute, second } = parts(seconds, zone);
  return `${hour}:${minute}:${second}`;
}

/** 2026-11-20 12:04 */
export function dateTime(seconds: number, zone: Zone): string {
  const { year, month, day, hour, minute } = parts(seconds, zone);
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

/** 2026-11-20 12:04:15 */
export function fullTime(seconds: number, zone: Zone): string {
  const { year, month, day } = parts(seconds, zone);
  return `${year}-${month}-${day} ${clockTime(seconds, zone)}`;
}

/** The label of a tick: 12:04, with seconds where it needs them; at midnight the date takes its place. */
export function tickTime(seconds: number, zone: Zone): { label: string; isMidnight: boolean } {
  const { month, day, hour, minute, second } = parts(seconds, zone);
  if (hour === "00" && minute === "00" && second === "00") {
    return { label: `${month}-${day}`, isMidnight: true };
  }
  return {
    label: second === "00" ? `${hour}:${minute}` : `${hour}:${minute}:${second}`,
    isMidnight: false,
  };
}

interface Parts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

function parts(seconds: number, zone: Zone): Parts {
  const milliseconds = Math.floor(seconds) * 1000;
  // Shifting by the zone's offset lets one set of UTC getters serve both zones.
  const offset = zone === "local" ? new Date(milliseconds).getTimezoneOffset() * 60_000 : 0;
  const iso = new Date(milliseconds - offset).toISOString();
  return {
    year: iso.slice(0, 4),
    month: iso.slice(5, 7),
    day: iso.slice(8, 10),
    hour: iso.slice(11, 13),
    minute: iso.slice(14, 16),
    second: iso.slice(17, 19),
  };
}
