import { isNumber } from "../format/number.ts";

export type Standing = "over" | "within" | "unknown";

/** Where a value stands against the limit that it must not exceed. */
export function standing(value: number | null, limit: number | null): Standing {
  if (!isNumber(value) || !isNumber(limit)) return "unknown";
  return value > limit ? "over" : "within";
}
