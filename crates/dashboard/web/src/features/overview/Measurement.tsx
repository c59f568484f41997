import type { Unit } from "../../api/types.ts";
import { type Standing, standing } from "../../domain/limit.ts";
import { limitText, quantity } from "../../format/measure.ts";
import { text } from "../../format/number.ts";
import { LimitBar } from "../../ui/LimitBar.tsx";
import { QuantityText } from "../../ui/QuantityText.tsx";

interface MeasurementProps {
  readonly term: string;
  readonly unit: Unit;
  readonly value: number | null;
  readonly limit?: number | null;
}

/** One line of a card: what, how much, and where it stands against its limit. */
export function Measurement({ term, unit, value, limit = null }: MeasurementProps) {
  const judged = standing(value, limit);
  // Rounded to the same text, "20 % over 20 %" would read like a mistake.
  const isClose = text(quantity(unit, value)) === text(quantity(unit, limit));
  return (
    <div className="measurement">
      <dt>{term}</dt>
      <dd className="measurement__value">
        <QuantityText quantity={quantity(unit, value)} />
      </dd>
      {limit !== null && (
        <>
          <dd className="measurement__bar">
            <LimitBar value={value} limit={limit} />
          </dd>
          <dd className={`measurement__limit measurement__limit--${judged}`}>
            {judged === "over" && isClose ? "just over" : WORDS[judged]} {limitText(unit, limit)}
          </dd>
        </>
      )}
    </div>
  );
}

const WORDS: Readonly<Record<Standing, string>> = {
  over: "over",
  within: "within",
  unknown: "limit",
};
