import { gaps, stats, together } from "../domain/series.ts";
import { limitText, quantity } from "../format/measure.ts";
import { text } from "../format/number.ts";
import { limitName, type Picture } from "./picture.ts";

/** What a chart says to those who cannot see it: lowest, highest and last value of each line, and the gaps. */
export function summary(picture: Picture): string {
  const say = (value: number) => text(quantity(picture.unit, value));
  const lines = picture.lines.map((line) => {
    const found = stats(line.values);
    if (found === null) return `${line.name}: no values.`;
    return `${line.name}: lowest ${say(found.min)}, highest ${say(found.max)}, last ${say(found.last)}.`;
  });
  const missing = gaps(together(picture.lines.map((line) => line.values)), 1).length;
  const limit =
    picture.limit === null
      ? []
      : [`The ${limitName(picture)} is ${limitText(picture.unit, picture.limit)}.`];
  const gapsText =
    missing === 0 ? [] : [`${missing} ${missing === 1 ? "gap" : "gaps"} without data.`];
  return [...lines, ...limit, ...gapsText].join(" ");
}
