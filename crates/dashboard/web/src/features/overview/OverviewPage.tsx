import type { ReactNode } from "react";
import { useOverview } from "../../scope/useOverview.ts";
import { useScope } from "../../scope/useScope.ts";
import { Button } from "../../ui/Button.tsx";
import { useNow } from "../../ui/clock.ts";
import { NextTry } from "../../ui/NextTry.tsx";
import { useZone } from "../../ui/zone.ts";
import { EnvironmentCard } from "./EnvironmentCard.tsx";
import { OverviewSkeleton } from "./OverviewSkeleton.tsx";
import { overviewView } from "./view.ts";
import "./OverviewPage.css";

/** Which environment needs somebody, in one sentence and one card each. */
export function OverviewPage() {
  const overview = useOverview();
  const { refresh } = useScope();
  const now = useNow();
  const [zone] = useZone();
  const view = overviewView({ ...overview, now, refresh, zone });

  switch (view.kind) {
    case "first-load":
      return <OverviewSkeleton />;
    case "error":
      return (
        <Statement title={view.failure.message}>
          <p>{view.failure.hint}</p>
          <p>
            <NextTry at={overview.nextTryAt} />
          </p>
          <Button label="Retry" icon="refresh" onClick={overview.retry} />
        </Statement>
      );
    case "unconfigured":
      return (
        <Statement title="No environment is known yet">
          <p>
            Add a data plane to the deployment file, or a target to{" "}
            <code>targets/dataplanes.json</code> of Prometheus; it appears here with its first
            scrape.
          </p>
        </Statement>
      );
    case "data":
      return (
        <>
          <title>Overview · Signalbox</title>
          <div role="status">
            <h1 className="verdict" tabIndex={-1}>
              {view.sentence}
            </h1>
          </div>
          <ul className="cards">
            {view.cards.map((card) => (
              <li key={card.environment.name}>
                <EnvironmentCard judged={card} range={view.overview.range} />
              </li>
            ))}
          </ul>
        </>
      );
  }
}

function Statement({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="statement">
      <title>Overview · Signalbox</title>
      <div role="status">
        <h1 className="verdict" tabIndex={-1}>
          {title}
        </h1>
      </div>
      {children}
    </div>
  );
}
