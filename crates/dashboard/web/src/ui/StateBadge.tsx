import type { State } from "../api/types.ts";
import { STATE_WORDS } from "../domain/state.ts";
import { StateIcon } from "./StateIcon.tsx";
import "./state.css";

export function StateBadge({ state }: { readonly state: State }) {
  return (
    <span className={`badge badge--${state}`}>
      <StateIcon state={state} />
      {STATE_WORDS[state]}
    </span>
  );
}
