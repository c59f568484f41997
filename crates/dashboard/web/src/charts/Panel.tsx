import { lazy, type ReactNode, Suspense, useId, useState } from "react";
import { Button } from "../ui/Button.tsx";
import type { IconName } from "../ui/Icon.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { DataTable } from "./DataTable.tsx";
import { Legend } from "./Legend.tsx";
import type { Picture } from "./picture.ts";
import { type Origin, QueryCard } from "./QueryCard.tsx";
import { summary } from "./summary.ts";
import "./Panel.css";

/** The chart library is not part of this chunk; it is on its way while the first panel asks for its data. */
const chart = import("./Chart.tsx");
const Chart = lazy(async () => ({ default: (await chart).Chart }));

export interface PanelContent {
  readonly picture: Picture;
  readonly origin: Origin;
  /** Says why there is no picture although there is an answer; stands where the chart would. */
  readonly instead?: ReactNode;
}

interface PanelProps {
  readonly title: string;
  /** Of the whole axis: "ms". */
  readonly unit: string;
  /** Null until there is an answer. */
  readonly content: PanelContent | null;
  /** Shown while there is no content. */
  readonly placeholder: ReactNode;
  /** The content is not what was asked for, or older than it should be. */
  readonly isDimmed: boolean;
  /** What went wrong while the old picture stays. */
  readonly footnote: ReactNode;
}

/** A panel has three sides: the picture, the same as a table, and where it comes from. All have one size. */
type Side = "chart" | "table" | "origin";

export function Panel({ title, unit, content, placeholder, isDimmed, footnote }: PanelProps) {
  const [side, setSide] = useState<Side>("chart");
  const heading = useId();
  return (
    <section className="panel" aria-labelledby={heading}>
      <header className="panel__head">
        <h2 id={heading}>
          {title}
          <span className="unit">, {unit}</span>
        </h2>
        <fieldset className="panel__sides" aria-label={`${title}: view`}>
          {SIDES.map(({ name, icon, label }) => (
            <Button
              key={name}
              iconOnly
              icon={icon}
              label={label}
              aria-pressed={side === name}
              disabled={content === null}
              onClick={() => setSide(name)}
            />
          ))}
        </fieldset>
        {content === null || content.instead !== undefined ? (
          <div className="panel__gap" />
        ) : (
          <Legend picture={content.picture} />
        )}
      </header>
      <div className={isDimmed ? "panel__body panel__body--dimmed" : "panel__body"}>
        {content === null ? placeholder : <Face side={side} title={title} content={content} />}
      </div>
      {footnote !== null && <div className="panel__footnote">{footnote}</div>}
    </section>
  );
}

const SIDES: readonly { name: Side; icon: IconName; label: string }[] = [
  { name: "chart", icon: "chart", label: "Chart" },
  { name: "table", icon: "table", label: "Table" },
  { name: "origin", icon: "info", label: "Where the numbers come from" },
];

interface FaceProps {
  readonly side: Side;
  readonly title: string;
  readonly content: PanelContent;
}

function Face({ side, title, content }: FaceProps) {
  const said = useId();
  if (side === "origin") return <QueryCard origin={content.origin} />;
  if (content.instead !== undefined) return content.instead;
  if (side === "table") return <DataTable picture={content.picture} caption={title} />;
  return (
    <Suspense fallback={<Skeleton shape="chart" />}>
      <Chart picture={content.picture} label={title} describedBy={said} />
      <p id={said} className="visually-hidden">
        {summary(content.picture)}
      </p>
    </Suspense>
  );
}
