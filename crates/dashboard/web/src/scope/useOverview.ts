import { queries } from "../api/queries.ts";
import type { Overview } from "../api/types.ts";
import { type Live, useLive } from "./useLive.ts";
import { useScope } from "./useScope.ts";

/** All environments at a glance. The bar and both pages share this one answer. */
export function useOverview(): Live<Overview> {
  const { range } = useScope();
  return useLive(queries.overview(range));
}
