import { SLOT_COLOURS, slotColour } from "../domain/slot.ts";

/** Colours as a canvas needs them, read from the style sheet: there is no second palette. */
export interface Tokens {
  readonly text2: string;
  readonly text3: string;
  readonly border: string;
  readonly down: string;
  readonly font: string;
  readonly hatch: { image: HTMLCanvasElement; repeat: "repeat" } | string;
  readonly slot: (variable: `--sb-slot-${number}`) => string;
}

/** Reads them as they are now; read again when the theme changes. */
export function readTokens(host: HTMLElement): Tokens {
  const probe = host.ownerDocument.createElement("span");
  probe.hidden = true;
  host.append(probe);
  // A custom property is only text; as a colour it is resolved, light-dark() and all.
  const colour = (variable: string) => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const slots = new Map(
    Array.from({ length: SLOT_COLOURS }, (_, index) => slotColour(index + 1)).map((name) => [
      name,
      colour(name),
    ]),
  );
  const tokens: Tokens = {
    text2: colour("--sb-text-2"),
    text3: colour("--sb-text-3"),
    border: colour("--sb-border"),
    down: colour("--sb-st-down"),
    font: getComputedStyle(host).fontFamily,
    hatch: hatch(host.ownerDocument, colour("--sb-border")),
    slot: (variable) => slots.get(variable) ?? "",
  };
  probe.remove();
  return tokens;
}

/** Diagonal lines, as a tile that repeats without a seam. */
function hatch(document: Document, colour: string): Tokens["hatch"] {
  const size = 8;
  const image = document.createElement("canvas");
  image.width = size;
  image.height = size;
  const context = image.getContext("2d");
  if (context === null) return colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  for (const offset of [-size, 0, size]) {
    context.moveTo(offset, size);
    context.lineTo(offset + size, 0);
  }
  context.stroke();
  return { image, repeat: "repeat" };
}
