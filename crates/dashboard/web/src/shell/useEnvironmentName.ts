import { useMatch } from "react-router";
import { patterns } from "../paths.ts";

/** The environment that the address names; null on pages about all of them. */
export function useEnvironmentName(): string | null {
  return useMatch(patterns.environment)?.params.name ?? null;
}
