import type { Environment, PanelName, TimeRange } from "../../api/types.ts";
import { Sparkline } from "../../charts/Sparkline.tsx";
import { stats } from "../../domain/series.ts";
import { RANGE_WORDS } from "../../scope/parse.ts";

interface CardSparklineProps {
  readonly environment: Environment;
  readonly range: TimeRange;
}

/** The server chooses which of the panels a card shows small; the caption says which. */
export function CardSparkline({ environment, range }: CardSparklineProps) {
  const { panel, values } = environment.sparkline;
  const isEmpty = stats(values) === null;
  return (
    <figure className="card__sparkline">
      <Sparkline
        values={values}
        slot={environment.slot}
        limit={isEmpty ? null : limitOf(environment, panel)}
      />
      <figcaption>
        {isEmpty ? `no ${WORDS[panel]} to show` : `${WORDS[panel]}, last ${RANGE_WORDS[range]}`}
      </figcaption>
    </figure>
  );
}

function limitOf(environment: Environment, panel: PanelName): number | null {
  if (panel === "error-ratio") return environment.errorLimit;
  return panel === "latency" ? environment.latencyLimit : null;
}

const WORDS: Readonly<Record<PanelName, string>> = {
  "request-rate": "requests",
  "error-ratio": "errors",
  latency: "latency",
  "active-requests": "active requests",
};
