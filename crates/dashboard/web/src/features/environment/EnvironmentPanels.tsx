import { Panel } from "../../charts/Panel.tsx";
import { axisUnit } from "../../format/measure.ts";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { EnvironmentPanel } from "./EnvironmentPanel.tsx";
import { usePanelWidth } from "./usePanelWidth.ts";
import { PANELS, UNITS } from "./view.ts";

interface EnvironmentPanelsProps {
  readonly environment: string;
  readonly slot: number;
  /** The banner says already that nothing answers; four panels need not repeat it. */
  readonly isBannered: boolean;
}

/** The four signals. They ask only once their width is known, since it decides the step. */
export function EnvironmentPanels({ environment, slot, isBannered }: EnvironmentPanelsProps) {
  const [grid, width] = usePanelWidth<HTMLDivElement>();
  return (
    <div ref={grid} className="panels">
      {width !== null &&
        PANELS.map(({ name, title }) => (
          <EnvironmentPanel
            key={name}
            environment={environment}
            slot={slot}
            name={name}
            title={title}
            isBannered={isBannered}
            width={width}
          />
        ))}
    </div>
  );
}

/** Their places, while it is not known yet whether there is such an environment to ask for. */
export function PanelSkeletons() {
  return (
    <div className="panels" aria-busy="true">
      {PANELS.map(({ name, title }) => (
        <Panel
          key={name}
          title={title}
          unit={axisUnit(UNITS[name], 0).unit}
          content={null}
          placeholder={<Skeleton shape="chart" />}
          isDimmed={false}
          footnote={null}
        />
      ))}
    </div>
  );
}
