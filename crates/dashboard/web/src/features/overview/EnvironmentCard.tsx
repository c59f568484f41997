import { Link } from "react-router";
import type { TimeRange } from "../../api/types.ts";
import type { Judged } from "../../domain/judgement.ts";
import { age } from "../../format/duration.ts";
import { quantity } from "../../format/measure.ts";
import { paths } from "../../paths.ts";
import { useScope } from "../../scope/useScope.ts";
import { Icon } from "../../ui/Icon.tsx";
import { QuantityText } from "../../ui/QuantityText.tsx";
import { StateBadge } from "../../ui/StateBadge.tsx";
import { Swatch } from "../../ui/Swatch.tsx";
import { CardSparkline } from "./CardSparkline.tsx";
import { Measurement } from "./Measurement.tsx";
import "./EnvironmentCard.css";

interface EnvironmentCardProps {
  readonly judged: Judged;
  readonly range: TimeRange;
}

export function EnvironmentCard({ judged, range }: EnvironmentCardProps) {
  const { environment, state, reason, isOld } = judged;
  const scope = useScope();
  return (
    <article className={`card card--${state}${isOld ? " card--old" : ""}`}>
      <header className="card__head">
        <h2 className="card__name">
          <Link className="card__link" to={paths.environment(environment.name, scope)}>
            <Swatch slot={environment.slot} />
            {environment.name}
          </Link>
        </h2>
        {environment.dataPlane !== null && (
          <span className="card__data-plane">{environment.dataPlane}</span>
        )}
        <StateBadge state={state} />
      </header>
      <p className="card__reason">{reason}</p>
      <div className="card__traffic">
        <p className="card__rate">
          <QuantityText quantity={quantity("requests-per-second", environment.requestRate)} />
        </p>
        <CardSparkline environment={environment} range={range} />
      </div>
      <dl className="card__measurements">
        <Measurement
          term="Errors"
          unit="ratio"
          value={environment.errorRatio}
          limit={environment.errorLimit}
        />
        <Measurement
          term="p95"
          unit="seconds"
          value={environment.latencyP95}
          limit={environment.latencyLimit}
        />
        <Measurement term="Active" unit="requests" value={environment.activeRequests} />
      </dl>
      <footer className="card__foot">
        <span>
          {judged.age === null ? "newest sample –" : `newest sample ${age(judged.age)} ago`}
        </span>
        <Alerts count={state === "unknown" ? null : environment.firingAlerts} />
      </footer>
    </article>
  );
}

/** Not knowing of an alert is not the same as there being none. */
function Alerts({ count }: { readonly count: number | null }) {
  if (count === null) return <span className="card__alerts">alerts –</span>;
  if (count === 0) return <span className="card__alerts">no alerts</span>;
  return (
    <span className="card__alerts card__alerts--firing">
      <Icon name="bell" />
      {count} {count === 1 ? "alert" : "alerts"}
    </span>
  );
}
