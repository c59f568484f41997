import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { Overview } from "../../api/types.ts";
import { NARROW_SPACE } from "../../format/number.ts";
import { overviewMixed, overviewUnreachable, panelOf } from "../../testing/fixtures.ts";
import { renderApp } from "../../testing/render.tsx";
import { type Answer, stubFetch } from "../../testing/stubFetch.ts";
import { PANELS } from "./view.ts";

// jsdom has no canvas; the drawn charts are looked at in a browser.
vi.mock("../../charts/Chart.tsx", () => ({
  Chart: ({ label }: { readonly label: string }) => <div role="img" aria-label={label} />,
}));

const path = (panel: string) => `/api/v1/environments/qa/panels/${panel}`;

function answers(changed: Record<string, Answer> = {}) {
  const panels = PANELS.map(({ name }): [string, Answer] => [path(name), { body: panelOf(name) }]);
  return {
    "/api/v1/overview": { body: overviewMixed() },
    ...Object.fromEntries(panels),
    ...changed,
  };
}

test("an environment shows its state and four charts, each with a summary in words", async () => {
  const { asked } = stubFetch(answers());
  renderApp("/env/qa?range=15m");

  expect((await screen.findByRole("heading", { level: 1 })).textContent).toBe("qa");
  await waitFor(() => expect(screen.getAllByRole("img")).toHaveLength(4));
  expect(screen.getByRole("status").textContent).toContain("Degraded");
  expect(asked).toContain("/api/v1/environments/qa/panels/latency?range=15m&width=300");
  const latency = screen.getByRole("region", { name: /^Latency/ });
  expect(latency.textContent?.replaceAll(NARROW_SPACE, " ")).toMatch(
    /p95: lowest .+, highest .+, last .+\. .*The p95 limit is 1 s\./,
  );
});

test("each panel has a table with the same numbers, and tells where they come from", async () => {
  stubFetch(answers());
  renderApp("/env/qa");
  await screen.findByRole("img", { name: "Errors" });
  const errors = screen.getByRole("region", { name: /^Errors/ });

  fireEvent.click(within(errors).getByRole("button", { name: "Table" }));
  const rows = within(errors).getAllByRole("row");
  const panel = panelOf("error-ratio");
  expect(rows).toHaveLength(1 + (panel.series[0]?.values.length ?? 0));
  expect(rows[1]?.textContent).toContain("11.6"); // the newest of the golden values, first

  fireEvent.click(within(errors).getByRole("button", { name: "Where the numbers come from" }));
  expect(errors.textContent).toContain(panel.series[0]?.query);
  expect(errors.textContent?.replaceAll(NARROW_SPACE, " ")).toContain("Step10 sWindow40 s");
});

test("one panel that fails leaves the others alone", async () => {
  const body = {
    error: {
      code: "store-timed-out",
      message: "the store did not answer within 2 s",
      hint: "ask for less",
    },
  };
  stubFetch(answers({ [path("latency")]: { status: 504, body } }));
  renderApp("/env/qa");
  await waitFor(() => expect(screen.getAllByRole("img")).toHaveLength(3));
  const latency = screen.getByRole("region", { name: /^Latency/ });
  expect(latency.textContent).toContain("The store did not answer within 2 s.");
  expect(within(latency).getByRole("button", { name: "Retry" })).toBeDefined();
});

test("a navigation puts the focus on the new heading, with the scope carried on", async () => {
  stubFetch(answers());
  const { address } = renderApp("/?range=6h");
  fireEvent.click(await screen.findByRole("link", { name: "qa", current: false }));
  await waitFor(() => expect(document.activeElement?.textContent).toBe("qa"));
  expect(document.activeElement?.tagName).toBe("H1");
  expect(address()).toBe("/env/qa?range=6h");
});

test("an environment that does not exist is named, with those that do, and nothing is asked of it", async () => {
  const overview: Overview = overviewMixed();
  const { asked } = stubFetch({ "/api/v1/overview": { body: overview } });
  renderApp("/env/nowhere");
  await screen.findByRole("heading", { level: 1, name: "There is no environment “nowhere”" });
  const links = within(screen.getByRole("main")).getAllByRole("link");
  expect(links.map((link) => link.textContent)).toEqual(
    overview.environments.map(({ name }) => name),
  );
  expect(asked).toEqual(["/api/v1/overview?range=1h"]);
});

test("the name of an environment is decoded once on its way from the card to the question", async () => {
  const [first, ...others] = overviewMixed().environments;
  if (first === undefined) throw new Error("expected an environment");
  const body: Overview = {
    ...overviewMixed(),
    environments: [{ ...first, name: "a%2Fb" }, ...others],
  };
  const { asked } = stubFetch({ "/api/v1/overview": { body } });
  renderApp("/");
  fireEvent.click(await screen.findByRole("link", { name: "a%2Fb", current: false }));
  await screen.findByRole("heading", { level: 1, name: "a%2Fb" });
  await waitFor(() =>
    expect(asked).toContain("/api/v1/environments/a%252Fb/panels/latency?range=1h&width=300"),
  );
});

test("while the store is away one banner says so, and nothing claims to know of samples", async () => {
  const body = {
    error: { code: "store-unreachable", message: "the store cannot be reached", hint: "see it" },
  };
  const away = PANELS.map(({ name }): [string, Answer] => [path(name), { status: 502, body }]);
  stubFetch({
    "/api/v1/overview": { body: overviewUnreachable() },
    ...Object.fromEntries(away),
  });
  renderApp("/env/qa");
  await waitFor(() => expect(screen.getAllByText("No answer yet")).toHaveLength(4));
  expect(screen.getAllByRole("alert")).toHaveLength(1);
  expect(screen.getAllByRole("button", { name: "Retry" })).toHaveLength(1);
  const main = screen.getByRole("main").textContent;
  expect(main).toContain("newest sample –");
  expect(main).not.toContain("no sample yet");
});
