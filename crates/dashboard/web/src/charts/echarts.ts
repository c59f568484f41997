/** The one place that knows ECharts' parts: what is not registered here is not in the bundle. */
import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  type GridComponentOption,
  GridSimpleComponent,
  MarkAreaComponent,
  type MarkAreaComponentOption,
  MarkLineComponent,
  type MarkLineComponentOption,
} from "echarts/components";
import { type ComposeOption, type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridSimpleComponent, MarkAreaComponent, MarkLineComponent, CanvasRenderer]);

export type ChartOption = ComposeOption<
  GridComponentOption | LineSeriesOption | MarkAreaComponentOption | MarkLineComponentOption
>;

export type ChartInstance = EChartsType;

export function createChart(host: HTMLElement): ChartInstance {
  return init(host, null, { renderer: "canvas" });
}
