import { describe, expect, test } from "vitest";
import type { State } from "../api/types.ts";
import { ageOf, serverNow, staleAfter } from "./freshness.ts";
import { standing } from "./limit.ts";
import { gaps, isLone, stats, together } from "./series.ts";
import { slotColour, slotDash } from "./slot.ts";
import { aged, worstFirst } from "./state.ts";
import { verdict } from "./verdict.ts";

describe("states", () => {
  test("sort worst first, and then by slot", () => {
    const states: State[] = ["ok", "idle", "unknown", "stale", "degraded", "down"];
    const cards = states.map((state, index) => ({ state, slot: index + 1 }));
    cards.push({ state: "down", slot: 1 });
    expect(cards.sort(worstFirst).map((card) => `${card.state} ${card.slot}`)).toEqual([
      "down 1",
      "down 6",
      "degraded 5",
      "stale 4",
      "unknown 3",
      "idle 2",
      "ok 1",
    ]);
  });

  test("are only made worse by age", () => {
    expect(aged("ok", true)).toBe("stale");
    expect(aged("degraded", true)).toBe("stale");
    expect(aged("idle", true)).toBe("stale");
    expect(aged("down", true)).toBe("down");
    expect(aged("unknown", true)).toBe("unknown");
    expect(aged("ok", false)).toBe("ok");
  });
});

describe("freshness", () => {
  test("is measured on the server's clock, however wrong the browser's is", () => {
    const receipt = { generatedAt: 1000, receivedAt: 5000 };
    expect(serverNow(5007, receipt)).toBe(1007);
    expect(ageOf(995, 5007, receipt)).toBe(12);
    expect(ageOf(1010, 5000, receipt)).toBe(0);
  });

  test("allows for three scrapes and one refresh", () => {
    expect(staleAfter(10, 30)).toBe(60);
  });
});

describe("series", () => {
  const values = [null, null, null, 4, null, 2, 8, null];

  test("name their gaps", () => {
    expect(gaps(values, 1)).toEqual([
      { from: 0, to: 3 },
      { from: 4, to: 5 },
      { from: 7, to: 8 },
    ]);
    expect(gaps(values, 3)).toEqual([{ from: 0, to: 3 }]);
    expect(gaps([1, 2], 1)).toEqual([]);
    expect(gaps([], 1)).toEqual([]);
  });

  test("have a minimum, a maximum and a last value, or nothing", () => {
    expect(stats(values)).toEqual({ min: 2, max: 8, last: 8 });
    expect(stats([null, Number.NaN])).toBeNull();
  });

  test("know the values that stand alone", () => {
    expect(values.map((_, index) => isLone(values, index))).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("have no data only where none of them has", () => {
    expect(
      together([
        [null, 1, null],
        [2, null, null],
      ]),
    ).toEqual([2, 1, null]);
  });
});

test("a limit is exceeded, kept or not known", () => {
  expect(standing(0.23, 0.2)).toBe("over");
  expect(standing(0.2, 0.2)).toBe("within");
  expect(standing(null, 0.2)).toBe("unknown");
  expect(standing(0.1, null)).toBe("unknown");
});

test("slots repeat their colours after six, with other dashes", () => {
  expect(slotColour(1)).toBe("--sb-slot-1");
  expect(slotColour(7)).toBe("--sb-slot-1");
  expect(slotDash(7)).not.toBe(slotDash(1));
});

test("an old verdict says so first", () => {
  expect(verdict("All is well.", null)).toBe("All is well.");
  expect(verdict("All is well.", "12:04:15")).toBe(
    "No new data since 12:04:15. Last known: All is well.",
  );
});
