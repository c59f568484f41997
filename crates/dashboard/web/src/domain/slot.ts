/** Six colours are told apart well enough; after them they repeat, with new dashes. */
export const SLOT_COLOURS = 6;

/** SVG dash arrays by slot, so that environments differ without colour too. */
const DASHES: readonly string[] = ["", "4 2", "8 3", "2 2", "8 2 2 2", "12 3", "6 2 1 2", "1 2"];

/** The name of the CSS variable that holds the colour of an environment. Slots count from 1. */
export function slotColour(slot: number): `--sb-slot-${number}` {
  return `--sb-slot-${((Math.max(1, slot) - 1) % SLOT_COLOURS) + 1}`;
}

export function slotDash(slot: number): string {
  return DASHES[(Math.max(1, slot) - 1) % DASHES.length] ?? "";
}
