import { useLocation } from "react-router";
import { environmentIn } from "../paths.ts";

/** The environment that the address names; null on pages about all of them. */
export function useEnvironmentName(): string | null {
  return environmentIn(useLocation().pathname);
}
