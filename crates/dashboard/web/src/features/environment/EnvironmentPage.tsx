import { Link } from "react-router";
import type { Overview } from "../../api/types.ts";
import { judge } from "../../domain/judgement.ts";
import { paths } from "../../paths.ts";
import type { Live } from "../../scope/useLive.ts";
import { useOverview } from "../../scope/useOverview.ts";
import { useScope } from "../../scope/useScope.ts";
import { useEnvironmentName } from "../../shell/useEnvironmentName.ts";
import { Button } from "../../ui/Button.tsx";
import { useNow } from "../../ui/clock.ts";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { StateBadge } from "../../ui/StateBadge.tsx";
import { EnvironmentHeader } from "./EnvironmentHeader.tsx";
import { EnvironmentPanels, PanelSkeletons } from "./EnvironmentPanels.tsx";
import "./EnvironmentPage.css";

/** One environment: its state, and the four signals of its requests. */
export function EnvironmentPage() {
  const name = useEnvironmentName() ?? "";
  const overview = useOverview();
  const { refresh } = useScope();
  const now = useNow();
  const environment = overview.data?.environments.find((known) => known.name === name);
  if (overview.data !== undefined && environment === undefined)
    return <Missing name={name} overview={overview.data} />;

  const judged =
    overview.data && environment
      ? judge(environment, overview.data, { now, receivedAt: overview.receivedAt, refresh })
      : null;
  return (
    <>
      <title>{`${name} · Signalbox`}</title>
      <EnvironmentHeader name={name} judged={judged} instead={<Waiting overview={overview} />} />
      {environment !== undefined && (
        <EnvironmentPanels
          // Another environment is another set of panels: none may show this one's picture for a moment.
          key={name}
          environment={name}
          slot={environment.slot}
          isBannered={overview.failure !== null || overview.data?.store.reachable === false}
        />
      )}
      {overview.data === undefined && overview.failure === null && <PanelSkeletons />}
    </>
  );
}

function Waiting({ overview }: { readonly overview: Live<Overview> }) {
  if (overview.failure === null) return <Skeleton shape="word" />;
  return (
    <div className="environment__state" role="status">
      <StateBadge state="unknown" />
      <span>{overview.failure.message}</span>
      <Button label="Retry" icon="refresh" onClick={overview.retry} />
    </div>
  );
}

function Missing({ name, overview }: { readonly name: string; readonly overview: Overview }) {
  const scope = useScope();
  return (
    <div className="environment__missing">
      <title>No such environment · Signalbox</title>
      <h1 tabIndex={-1}>There is no environment “{name}”</h1>
      <p>Signalbox watches these:</p>
      <ul>
        {overview.environments.map((known) => (
          <li key={known.name}>
            <Link to={paths.environment(known.name, scope)}>{known.name}</Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
