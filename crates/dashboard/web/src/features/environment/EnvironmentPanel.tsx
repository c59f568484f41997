import { queries } from "../../api/queries.ts";
import type { PanelName } from "../../api/types.ts";
import { Panel, type PanelContent } from "../../charts/Panel.tsx";
import { top } from "../../charts/picture.ts";
import { axisUnit } from "../../format/measure.ts";
import { dateTime, type Zone } from "../../format/time.ts";
import { RANGE_WORDS } from "../../scope/parse.ts";
import { type Live, useLive } from "../../scope/useLive.ts";
import { useScope } from "../../scope/useScope.ts";
import { Button } from "../../ui/Button.tsx";
import { Empty } from "../../ui/Empty.tsx";
import { NextTry } from "../../ui/NextTry.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { useZone } from "../../ui/zone.ts";
import { type PanelView, panelView, UNITS } from "./view.ts";

interface EnvironmentPanelProps {
  readonly environment: string;
  readonly slot: number;
  readonly name: PanelName;
  readonly title: string;
  readonly isBannered: boolean;
  readonly width: number;
}

export function EnvironmentPanel({
  environment,
  slot,
  name,
  title,
  isBannered,
  width,
}: EnvironmentPanelProps) {
  const { range } = useScope();
  const [zone] = useZone();
  const live = useLive(queries.panel({ environment, panel: name, range, width }));
  const view = panelView(live.data, live.failure, slot);
  const hasPicture = view.kind !== "first-load" && view.kind !== "error";
  return (
    <Panel
      title={title}
      unit={axisUnit(UNITS[name], hasPicture ? top(view.picture) : 0).unit}
      content={hasPicture ? content(view, RANGE_WORDS[range], zone) : null}
      placeholder={
        view.kind === "error" ? (
          <Failed live={live} isBannered={isBannered} />
        ) : (
          <Skeleton shape="chart" />
        )
      }
      isDimmed={hasPicture && (live.failure !== null || live.isPrevious)}
      footnote={
        hasPicture && live.failure !== null && !isBannered ? <Footnote live={live} /> : null
      }
    />
  );
}

type Answered = Exclude<PanelView, { kind: "first-load" | "error" }>;

function content(view: Answered, range: string, zone: Zone): PanelContent {
  const { picture, origin } = view;
  switch (view.kind) {
    case "data":
      return { picture, origin };
    case "no-traffic":
      return {
        picture,
        origin,
        instead: <Empty look="plain" title={`No requests in the last ${range}`} />,
      };
    case "no-data":
      return {
        picture,
        origin,
        instead: (
          <Empty look="hatched" title={`No samples in the last ${range}`}>
            {view.newestAt === null
              ? undefined
              : `The newest is of ${dateTime(view.newestAt, zone)}.`}
          </Empty>
        ),
      };
  }
}

interface FailedProps<T> {
  readonly live: Live<T>;
  readonly isBannered: boolean;
}

/** There is nothing to show, and this is why; unless the banner says it already. */
function Failed<T>({ live, isBannered }: FailedProps<T>) {
  if (isBannered) return <Empty look="hatched" title="No answer yet" />;
  return (
    <Empty
      look="plain"
      title={live.failure?.message ?? ""}
      action={<Button label="Retry" icon="refresh" onClick={live.retry} />}
    >
      {live.failure?.hint} <NextTry at={live.nextTryAt} />
    </Empty>
  );
}

/** The old picture stays, and this is why it is old. */
function Footnote<T>({ live }: { readonly live: Live<T> }) {
  return (
    <>
      <span>
        {live.failure?.message} <NextTry at={live.nextTryAt} />
      </span>
      <Button label="Retry" onClick={live.retry} />
    </>
  );
}
