import { useSearchParams } from "react-router";
import { formatScope, parseScope, type Refresh, type Scope, searchOf } from "./parse.ts";

export interface ScopeState extends Scope {
  /** The search part that carries this scope to another page. */
  readonly search: string;
  /** Replaces the address: how often a page refreshes is not worth a step back. */
  readonly setRefresh: (refresh: Refresh) => void;
}

/** The only reader and writer of the scope. A range is chosen by following a link, so that Back undoes it. */
export function useScope(): ScopeState {
  const [parameters, setParameters] = useSearchParams();
  const scope = parseScope(parameters);
  return {
    ...scope,
    search: searchOf(scope),
    setRefresh: (refresh) =>
      setParameters((current) => formatScope({ ...parseScope(current), refresh }, current), {
        replace: true,
      }),
  };
}
