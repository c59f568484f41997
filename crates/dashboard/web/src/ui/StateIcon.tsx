import type { ReactNode } from "react";
import type { State } from "../api/types.ts";

/** Six silhouettes that differ without colour: circle, triangle, octagon, clock, bar, diamond. */
export function StateIcon({ state }: { readonly state: State }) {
  return (
    <svg
      className={`state-icon state-icon--${state}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SILHOUETTES[state]}
    </svg>
  );
}

const SILHOUETTES: Readonly<Record<State, ReactNode>> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="6.25" />
      <path d="M5.2 8.3l2 2 3.7-4.3" />
    </>
  ),
  degraded: (
    <>
      <path d="M8 1.9l6.4 11.6H1.6z" fill="currentColor" />
      <path className="state-icon__mark" d="M8 6.3v3.4M8 11.6v.01" />
    </>
  ),
  down: (
    <>
      <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" fill="currentColor" />
      <path className="state-icon__mark" d="M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" />
    </>
  ),
  stale: (
    <>
      <circle cx="8" cy="8" r="6.25" strokeDasharray="2.6 2.3" />
      <path d="M8 4.6V8l2.4 1.6" />
    </>
  ),
  idle: <path d="M3 8h10" strokeWidth="2.5" />,
  unknown: (
    <>
      <path d="M8 1.2L14.8 8 8 14.8 1.2 8z" />
      <path d="M6.4 6.5a1.6 1.6 0 1 1 2.3 1.5c-.5.2-.7.5-.7 1M8 10.9v.01" />
    </>
  ),
};
