import { axisUnit, inUnit } from "../format/measure.ts";
import { dateTime, fullTime } from "../format/time.ts";
import { useZone } from "../ui/zone.ts";
import { length, type Picture, timeAt, top } from "./picture.ts";
import "./DataTable.css";

interface DataTableProps {
  readonly picture: Picture;
  readonly caption: string;
}

/** The same numbers as the chart, newest first. */
export function DataTable({ picture, caption }: DataTableProps) {
  const [zone] = useZone();
  const axis = axisUnit(picture.unit, top(picture));
  const rows = Array.from({ length: length(picture) }, (_, index) => index).reverse();
  const write = picture.step % 60 === 0 ? dateTime : fullTime;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls, so it must be reachable by keyboard
    <section className="data-table" aria-label={caption} tabIndex={0}>
      <table>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Time, {zone === "utc" ? "UTC" : "local"}</th>
            {picture.lines.map((line) => (
              <th key={line.name} scope="col">
                {line.name}, <span className="unit">{axis.unit}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={timeAt(picture, index)}>
              <th scope="row">{write(timeAt(picture, index), zone)}</th>
              {picture.lines.map((line) => (
                <td key={line.name}>{inUnit(axis, line.values[index])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
