import type { Zone } from "../format/time.ts";
import { preference, usePreference } from "./preference.ts";

const chosen = preference<Zone>("zone", ["utc", "local"]);

/** UTC unless chosen otherwise: people in several places talk about the same incident. */
export function useZone(): readonly [Zone, (zone: Zone) => void] {
  const zone = usePreference(chosen) ?? "utc";
  return [zone, (next) => chosen.set(next === "utc" ? null : next)];
}
