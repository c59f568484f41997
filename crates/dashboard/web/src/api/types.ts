import type { components } from "./schema.gen.ts";

type Schemas = components["schemas"];

export type Overview = Schemas["Overview"];
export type Environment = Schemas["Card"];
export type State = Schemas["State"];
export type Panel = Schemas["Panel"];
export type PanelName = Schemas["PanelName"];
export type TimeRange = Schemas["TimeRange"];
export type Unit = Schemas["Unit"];
