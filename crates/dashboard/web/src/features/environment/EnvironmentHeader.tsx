import type { ReactNode } from "react";
import type { Judged } from "../../domain/judgement.ts";
import { age } from "../../format/duration.ts";
import { Icon } from "../../ui/Icon.tsx";
import { StateBadge } from "../../ui/StateBadge.tsx";
import { Swatch } from "../../ui/Swatch.tsx";

interface EnvironmentHeaderProps {
  readonly name: string;
  /** Null until the first answer. */
  readonly judged: Judged | null;
  /** Stands where the state would when there is none to show. */
  readonly instead: ReactNode;
}

export function EnvironmentHeader({ name, judged, instead }: EnvironmentHeaderProps) {
  return (
    <header className="environment">
      <h1 className="environment__name" tabIndex={-1}>
        {judged !== null && <Swatch slot={judged.environment.slot} />}
        {name}
      </h1>
      {judged === null ? instead : <Facts judged={judged} />}
    </header>
  );
}

function Facts({ judged }: { readonly judged: Judged }) {
  const { environment, state, reason } = judged;
  return (
    <>
      <div className="environment__state" role="status">
        <StateBadge state={state} />
        {/* An age that ticks is not worth being read out each second. */}
        <span aria-live="off" className={`environment__reason environment__reason--${state}`}>
          {reason}
        </span>
      </div>
      <p className="environment__facts">
        {environment.dataPlane !== null && <span>data plane {environment.dataPlane}</span>}
        {environment.firingAlerts > 0 && (
          <span className="environment__alerts">
            <Icon name="bell" />
            {environment.firingAlerts}{" "}
            {environment.firingAlerts === 1 ? "alert fires" : "alerts fire"}
          </span>
        )}
        <span>
          {judged.age === null ? "newest sample –" : `newest sample ${age(judged.age)} ago`}
        </span>
      </p>
    </>
  );
}
