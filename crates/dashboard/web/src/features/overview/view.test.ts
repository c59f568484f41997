import { expect, test } from "vitest";
import { Failure } from "../../api/failure.ts";
import type { Overview } from "../../api/types.ts";
import { overviewMixed } from "../../testing/fixtures.ts";
import { type OverviewInput, overviewView } from "./view.ts";

const data = overviewMixed();
const receivedAt = 5_000; // the browser's clock is decades off, which must not matter
const fresh: OverviewInput = {
  data,
  receivedAt,
  failure: null,
  now: receivedAt,
  refresh: 10,
  zone: "utc",
};

function cards(input: OverviewInput) {
  const view = overviewView(input);
  if (view.kind !== "data") throw new Error(`expected data, got ${view.kind}`);
  return {
    sentence: view.sentence,
    states: view.cards.map((card) => `${card.environment.name} ${card.state}`),
  };
}

test("nothing yet, nothing at all, and nothing to watch are three different things", () => {
  const failure = new Failure("unreachable", "Signalbox cannot be reached.");
  expect(overviewView({ ...fresh, data: undefined }).kind).toBe("first-load");
  expect(overviewView({ ...fresh, data: undefined, failure })).toEqual({ kind: "error", failure });
  const empty: Overview = { ...data, environments: [] };
  expect(overviewView({ ...fresh, data: empty }).kind).toBe("unconfigured");
});

test("a fresh answer is shown as the server judged it, in its order", () => {
  const shown = cards(fresh);
  expect(shown.sentence).toBe(data.verdict);
  expect(shown.states).toEqual(data.environments.map(({ name, state }) => `${name} ${state}`));
});

test("a failure does not take the data away", () => {
  expect(overviewView({ ...fresh, failure: new Failure("timed-out", "Too late.") }).kind).toBe(
    "data",
  );
});

test("a page that no longer gets answers makes its cards stale, and says since when", () => {
  const shown = cards({ ...fresh, now: receivedAt + 600 });
  expect(shown.sentence).toMatch(/^No new data since \d\d:\d\d:\d\d\. Last known: /);
  expect(shown.states.filter((state) => state.endsWith(" ok"))).toEqual([]);
  expect(shown.states).toContain("prod stale");
  expect(shown.states[0]).toMatch(/ down$/);
});

test("without a sample, what is known is as old as the answer", () => {
  const environments = data.environments.map((environment) => ({
    ...environment,
    newestSampleAt: null,
  }));
  const input = { ...fresh, data: { ...data, environments } };
  expect(cards(input).states).toContain("dev idle");
  expect(cards({ ...input, now: receivedAt + 600 }).states).toContain("dev stale");
});

test("between two refreshes nothing is stale yet", () => {
  expect(cards({ ...fresh, refresh: 60, now: receivedAt + 60 }).states).toContain("prod ok");
});
