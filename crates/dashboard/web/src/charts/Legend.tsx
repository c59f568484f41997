import { standing } from "../domain/limit.ts";
import { stats, together } from "../domain/series.ts";
import { limitText, quantity } from "../format/measure.ts";
import { isNumber } from "../format/number.ts";
import { QuantityText } from "../ui/QuantityText.tsx";
import { LineSample } from "./LineSample.tsx";
import { indexAt, type Line, type Picture } from "./picture.ts";
import { useMark } from "./sync.ts";
import "./Legend.css";

/** The value of each line at the marked time, or else the last one. */
export function Legend({ picture }: { readonly picture: Picture }) {
  const mark = useMark();
  const index = mark === null ? null : indexAt(picture, mark.time);
  const valueNow = (line: Line) =>
    index === null ? (stats(line.values)?.last ?? null) : (line.values[index] ?? null);
  // What the lines showed before they stopped is not what is now.
  const isPast =
    index === null && !isNumber(together(picture.lines.map((line) => line.values)).at(-1));
  const past = isPast ? " legend--past" : "";
  const [only, ...others] = picture.lines;
  if (only === undefined) return null;
  if (others.length === 0) {
    const value = valueNow(only);
    const judged = standing(value, picture.limit);
    return (
      <p className={`legend legend--single${past}`}>
        <b className="legend__number">
          <QuantityText quantity={quantity(picture.unit, value)} />
        </b>
        {picture.limit !== null && (
          <span className={`legend__limit legend__limit--${judged}`}>
            {judged === "unknown" ? "limit" : judged} {limitText(picture.unit, picture.limit)}
          </span>
        )}
      </p>
    );
  }
  return (
    <ul className={`legend${past}`}>
      {picture.lines.map((line) => (
        <li key={line.name} className="legend__item">
          <LineSample colour={line.colour} look={line.look} />
          {line.name}
          <b className="legend__value">
            <QuantityText quantity={quantity(picture.unit, valueNow(line))} />
          </b>
        </li>
      ))}
    </ul>
  );
}
