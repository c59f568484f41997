import { queryOptions } from "@tanstack/react-query";
import { get } from "./client.ts";
import type { Overview, Panel, PanelName, TimeRange } from "./types.ts";

export interface PanelQuery {
  readonly environment: string;
  readonly panel: PanelName;
  readonly range: TimeRange;
  /** Pixels, from a few fixed widths, so that all viewers ask the same questions. */
  readonly width: number;
}

/** One entry per endpoint: its key and its address cannot drift apart. */
export const queries = {
  overview: (range: TimeRange) =>
    queryOptions({
      queryKey: ["overview", { range }],
      queryFn: ({ signal }) => get<Overview>(`/api/v1/overview?${query({ range })}`, signal),
      placeholderData: (previous) => previous,
    }),

  panel: ({ environment, panel, range, width }: PanelQuery) =>
    queryOptions({
      queryKey: ["panel", { environment, panel, range, width }],
      queryFn: ({ signal }) =>
        get<Panel>(
          `/api/v1/environments/${encodeURIComponent(environment)}/panels/${panel}?${query({ range, width })}`,
          signal,
        ),
      // Keep the old picture while another range loads, but never one environment's under another's title.
      placeholderData: (previous) =>
        previous?.body.environment === environment ? previous : undefined,
    }),
};

function query(parameters: Record<string, string | number>): string {
  const pairs = Object.entries(parameters).map(([key, value]): [string, string] => [
    key,
    `${value}`,
  ]);
  return new URLSearchParams(pairs).toString();
}
