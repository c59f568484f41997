import { axisUnit, limitText, quantity } from "../format/measure.ts";
import { isNumber } from "../format/number.ts";
import { clockTime, dateTime } from "../format/time.ts";
import { QuantityText } from "../ui/QuantityText.tsx";
import { useZone } from "../ui/zone.ts";
import { LineSample } from "./LineSample.tsx";
import { indexAt, type Line, limitName, type Picture, timeAt, top } from "./picture.ts";
import type { Plot } from "./plot.ts";

interface CrosshairProps {
  readonly picture: Picture;
  readonly plot: Plot;
  readonly time: number;
  /** The chart that is pointed at; the others on the page only mark the same time. */
  readonly isOwner: boolean;
}

export function Crosshair({ picture, plot, time, isOwner }: CrosshairProps) {
  const index = indexAt(picture, time);
  if (index === null) return null;
  const x = plot.xOf(timeAt(picture, index));
  const { factor } = axisUnit(picture.unit, top(picture));
  const values = picture.lines.map((line) => ({ line, value: line.values[index] ?? null }));
  return (
    <>
      <svg className="chart__overlay" width={plot.width} height={plot.bottom} aria-hidden="true">
        <path className="chart__crosshair" d={`M${x} ${plot.top}V${plot.bottom}`} />
        {values.map(
          ({ line, value }) =>
            isNumber(value) && (
              <circle
                key={line.name}
                className="chart__dot"
                cx={x}
                cy={plot.yOf(value * factor)}
                r="3.5"
                fill={`var(${line.colour})`}
              />
            ),
        )}
      </svg>
      {isOwner && (
        <Tooltip picture={picture} index={index} values={values} x={x} width={plot.width} />
      )}
    </>
  );
}

interface TooltipProps {
  readonly picture: Picture;
  readonly index: number;
  readonly values: readonly { readonly line: Line; readonly value: number | null }[];
  readonly x: number;
  readonly width: number;
}

/** Text only: a label's value is never taken for HTML. It keeps to the side of the cursor that has more room. */
function Tooltip({ picture, index, values, x, width }: TooltipProps) {
  const [zone] = useZone();
  const at = timeAt(picture, index);
  const longAgo = picture.end - picture.start > 12 * 3600;
  const rows = values.toSorted((a, b) => (b.value ?? -1) - (a.value ?? -1));
  return (
    <div
      className="tooltip"
      role="status"
      style={x > width / 2 ? { right: width - x + 12 } : { left: x + 12 }}
    >
      <p className="tooltip__time">
        {longAgo ? dateTime(at, zone) : clockTime(at, zone)}{" "}
        <span className="unit">{zone === "utc" ? "UTC" : "local"}</span>
      </p>
      {rows.map(({ line, value }) => (
        <p className="tooltip__row" key={line.name}>
          <LineSample colour={line.colour} look={line.look} />
          <span>{line.name}</span>
          <b>
            <QuantityText quantity={quantity(picture.unit, value)} />
          </b>
        </p>
      ))}
      {picture.limit !== null && (
        <p className="tooltip__row tooltip__row--limit">
          <LineSample colour="--sb-st-down" look="limit" />
          <span>{limitName(picture)}</span>
          <b>{limitText(picture.unit, picture.limit)}</b>
        </p>
      )}
    </div>
  );
}
