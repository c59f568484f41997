import type { RouteObject } from "react-router";
import { OverviewPage } from "./features/overview/OverviewPage.tsx";
import { patterns } from "./paths.ts";
import { AppShell } from "./shell/AppShell.tsx";
import { ErrorPage, NotFoundPage } from "./shell/ErrorPage.tsx";

const environmentPage = () => import("./features/environment/EnvironmentPage.tsx");

/** The next page, charts included, comes while the first one is read. */
export function fetchAhead(): void {
  window.addEventListener("load", () => void environmentPage());
}

/** The first page comes with the app; every other one when it is asked for. */
export const routes: RouteObject[] = [
  {
    Component: AppShell,
    ErrorBoundary: ErrorPage,
    HydrateFallback: () => null,
    children: [
      { path: patterns.overview, Component: OverviewPage },
      {
        path: patterns.environment,
        lazy: async () => ({
          Component: (await environmentPage()).EnvironmentPage,
        }),
      },
      { path: "*", Component: NotFoundPage },
    ],
  },
];
