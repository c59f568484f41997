import { EnvironmentPanel } from "./EnvironmentPanel.tsx";
import { usePanelWidth } from "./usePanelWidth.ts";
import { PANELS } from "./view.ts";

interface EnvironmentPanelsProps {
  readonly environment: string;
  readonly slot: number | null;
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
