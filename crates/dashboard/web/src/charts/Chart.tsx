import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTheme } from "../ui/theme.ts";
import { useZone } from "../ui/zone.ts";
import { Crosshair } from "./Crosshair.tsx";
import { type ChartInstance, createChart } from "./echarts.ts";
import { lineOption } from "./option/line.ts";
import { indexAt, length, type Picture, timeAt } from "./picture.ts";
import { type Plot, plotOf } from "./plot.ts";
import { setMark, useMark } from "./sync.ts";
import { readTokens } from "./tokens.ts";
import "./Chart.css";

interface ChartProps {
  readonly picture: Picture;
  readonly label: string;
  /** Id of the text that says what it shows, for those who do not see it. */
  readonly describedBy: string;
}

/** The only owner of a chart instance: one per mount, given a new option when anything changes. */
export function Chart({ picture, label, describedBy }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ChartInstance | null>(null);
  const [width, setWidth] = useState(0);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [theme] = useTheme();
  const [zone] = useZone();
  const owner = useId();
  const mark = useMark();

  useLayoutEffect(() => {
    if (host.current === null) return;
    const created = createChart(host.current);
    setChart(created);
    return () => created.dispose();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the tokens are read from the page, whose colours the theme decides
  useLayoutEffect(() => {
    if (chart === null || host.current === null) return;
    const tokens = readTokens(host.current);
    chart.setOption(lineOption(picture, { tokens, zone, width: chart.getWidth() }), {
      notMerge: true,
    });
    setPlot(plotOf(chart));
  }, [chart, picture, theme, zone, width]);

  useEffect(() => {
    if (chart === null || host.current === null) return;
    const observer = new ResizeObserver(() => {
      chart.resize();
      setWidth(chart.getWidth());
    });
    observer.observe(host.current);
    return () => observer.disconnect();
  }, [chart]);

  useEffect(() => () => setMark(null), []);

  const markIndex = (index: number | null) =>
    setMark(index === null ? null : { time: timeAt(picture, index), owner });

  const point = (event: PointerEvent<HTMLDivElement>) => {
    if (plot === null) return;
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    markIndex(indexAt(picture, plot.timeAt(x)));
  };

  const press = (event: KeyboardEvent) => {
    const last = length(picture) - 1;
    const at = mark === null ? last + 1 : (indexAt(picture, mark.time) ?? last + 1);
    const next = KEYS[event.key]?.(at, last);
    if (next === undefined) return;
    event.preventDefault();
    markIndex(next === null ? null : Math.min(Math.max(next, 0), last));
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: no element is a chart
    <div
      className="chart"
      role="group"
      aria-label={`${label}: chart. Arrow keys read its values.`}
      aria-describedby={describedBy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move its crosshair
      tabIndex={0}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={(event) => event.pointerType === "mouse" && setMark(null)}
      onKeyDown={press}
      onBlur={() => setMark(null)}
    >
      <div ref={host} className="chart__canvas" aria-hidden="true" />
      {mark !== null && plot !== null && (
        <Crosshair picture={picture} plot={plot} time={mark.time} isOwner={mark.owner === owner} />
      )}
    </div>
  );
}

const KEYS: Readonly<Record<string, (at: number, last: number) => number | null>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  PageUp: (at) => at - 10,
  PageDown: (at) => at + 10,
  Home: () => 0,
  End: (_, last) => last,
  Escape: () => null,
};
