import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { NARROW_SPACE } from "../../format/number.ts";
import { overviewMixed, overviewUnreachable } from "../../testing/fixtures.ts";
import { renderApp } from "../../testing/render.tsx";
import { type Answer, stubFetch } from "../../testing/stubFetch.ts";

const OVERVIEW = "/api/v1/overview";
const textOf = (element: HTMLElement) => (element.textContent ?? "").replaceAll(NARROW_SPACE, " ");

test("the verdict comes first, then a card per environment, worst first", async () => {
  const overview = overviewMixed();
  stubFetch({ [OVERVIEW]: { body: overview } });
  renderApp("/");

  const heading = await screen.findByRole("heading", { level: 1, name: overview.verdict });
  expect(heading.closest('[role="status"]')).not.toBeNull();
  const cards = screen.getAllByRole("article");
  expect(cards.map((card) => within(card).getByRole("heading").textContent)).toEqual(
    overview.environments.map(({ name }) => name),
  );
  const qa = textOf(cards[1] as HTMLElement);
  for (const part of [
    "Degraded",
    "quality-assurance",
    "20 req/s",
    "23.1 %",
    "over 20 %",
    "840 ms",
    "within 1 s",
    "3 alerts",
  ]) {
    expect(qa).toContain(part);
  }
});

test("what rounds to its limit and is over it is just over, with as many decimals as the reason has", async () => {
  const overview = overviewMixed();
  const numbers = [
    { errorRatio: 0.200001, errorLimit: 0.2 },
    { errorRatio: 0.0504, errorLimit: 0.05 },
    { errorRatio: 0.01, errorLimit: 0 },
  ];
  const environments = overview.environments
    .slice(0, numbers.length)
    .map((environment, index) => ({ ...environment, ...numbers[index] }));
  stubFetch({ [OVERVIEW]: { body: { ...overview, environments } } });
  renderApp("/");

  const [close, over, nothing] = await screen.findAllByRole("article");
  expect(textOf(close as HTMLElement)).toContain("Errors20 %just over 20 %");
  expect(textOf(over as HTMLElement)).toContain("Errors5.04 %over 5 %");
  expect(textOf(nothing as HTMLElement)).toContain("Errors1 %over 0 %");
  const bar = nothing?.querySelector(".limit-bar--over .limit-bar__value");
  expect(bar?.getAttribute("width")).toBe("100");
});

test("what is not known is a dash, never a zero", async () => {
  stubFetch({ [OVERVIEW]: { body: overviewUnreachable() } });
  renderApp("/");

  const [card] = await screen.findAllByRole("article");
  expect(screen.getByRole("alert").textContent).toContain("Signalbox cannot reach its store.");
  const text = textOf(card as HTMLElement);
  expect(text).toContain("Unknown");
  expect(text).toContain("Errors–");
  expect(text).toContain("alerts –");
  expect(text).not.toMatch(/NaN|\b0 %|null|undefined/);
});

test("the first load shows its skeleton, a first failure its cause and a way out", async () => {
  let answer: Answer = "unreachable";
  stubFetch({ [OVERVIEW]: () => answer });
  renderApp("/");
  expect(screen.getByRole("list", { name: "Environments are loading" })).toBeDefined();

  await screen.findByRole("heading", {
    level: 1,
    name: "Signalbox cannot be reached from this browser.",
  });
  answer = { body: overviewMixed() };
  fireEvent.click(screen.getByRole("button", { name: "Retry" }));
  await screen.findByRole("heading", { level: 1, name: overviewMixed().verdict });
});

test("old data stays when a refresh fails", async () => {
  const overview = overviewMixed();
  let answer: Answer = { body: overview };
  stubFetch({ [OVERVIEW]: () => answer });
  renderApp("/");
  await screen.findByRole("heading", { level: 1, name: overview.verdict });

  answer = {
    status: 504,
    body: { error: { code: "store-timed-out", message: "the store did not answer", hint: "" } },
  };
  fireEvent.click(screen.getByRole("button", { name: "Refresh now" }));
  expect((await screen.findByRole("alert")).textContent).toContain("The store did not answer.");
  expect(screen.getAllByRole("article")).toHaveLength(overview.environments.length);
});

test("a range is an address: following it asks anew, and going back undoes it", async () => {
  const { asked } = stubFetch({ [OVERVIEW]: { body: overviewMixed() } });
  const { router, address } = renderApp("/?refresh=off");
  await screen.findAllByRole("article");

  fireEvent.click(screen.getByRole("link", { name: "Last 6 hours" }));
  await waitFor(() => expect(asked).toContain("/api/v1/overview?range=6h"));
  expect(address()).toBe("/?range=6h&refresh=off");
  expect(screen.getByRole("link", { name: "Last 6 hours" }).getAttribute("aria-current")).toBe(
    "true",
  );
  await router.navigate(-1);
  expect(address()).toBe("/?refresh=off");
});

test("the refresh interval is kept in the address, without a step back", async () => {
  stubFetch({ [OVERVIEW]: { body: overviewMixed() } });
  const { address } = renderApp("/");
  await screen.findAllByRole("article");
  fireEvent.change(screen.getByRole("combobox", { name: "Refresh every" }), {
    target: { value: "60" },
  });
  await waitFor(() => expect(address()).toBe("/?refresh=60s"));
});

test("an address that leads nowhere says so", async () => {
  stubFetch({ [OVERVIEW]: { body: overviewMixed() } });
  renderApp("/nowhere");
  await screen.findByRole("heading", { level: 1, name: "There is no such page" });
});
