import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Overview, Panel, PanelName } from "../api/types.ts";

/** The golden answers of the server's own tests, so that the two sides cannot drift apart. */
function golden(name: string): unknown {
  return JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../tests/golden", `${name}.json`), "utf8"),
  );
}

// Casts at the edge: the server's tests hold these files to the schema that the types are made from.
export const overviewMixed = () => golden("overview-mixed") as Overview;
export const overviewUnreachable = () => golden("overview-store-unreachable") as Overview;
export const panelOf = (name: PanelName) => golden(`panel-${name}`) as Panel;
type Rows = readonly (readonly [number, string])[];
/** Numbers as both sides write them, with plain spaces. */
export const formatted = () =>
  golden("format") as Readonly<Record<"age" | "latency" | "latencyLimit" | "percent", Rows>>;
export const unknownEnvironment = () => golden("error-unknown-environment");
