import { slotColour, slotDash } from "../domain/slot.ts";

/** A short piece of an environment's line: its colour and its dash. */
export function Swatch({ slot }: { readonly slot: number }) {
  return (
    <svg className="swatch" viewBox="0 0 20 8" width="20" height="8" aria-hidden="true">
      <path
        d="M1 4h18"
        stroke={`var(${slotColour(slot)})`}
        strokeWidth="3"
        strokeDasharray={slotDash(slot)}
      />
    </svg>
  );
}
