import { expect, test } from "vitest";
import { DEFAULT_SCOPE, formatScope, parseScope, RANGES, REFRESHES, searchOf } from "./parse.ts";

const scopes = RANGES.flatMap((range) => REFRESHES.map((refresh) => ({ range, refresh })));

/** Enough randomness to be unkind, from a fixed seed, so that a failure comes again. */
function* noise(count: number): Generator<string> {
  const letters = "0159mhs off=&%#?+-é\u0000range refresh";
  let seed = 42;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (let index = 0; index < count; index++) {
    yield Array.from({ length: next(40) }, () => letters[next(letters.length)]).join("");
  }
}

test("every scope comes back from its address", () => {
  expect(scopes).toHaveLength(20);
  for (const scope of scopes) {
    expect(parseScope(new URLSearchParams(searchOf(scope)))).toEqual(scope);
  }
});

test("formatting is stable: an address parsed and formatted twice is the same address", () => {
  for (const scope of scopes) {
    const once = searchOf(scope);
    expect(searchOf(parseScope(new URLSearchParams(once)))).toBe(once);
  }
});

test("any address has a scope", () => {
  for (const text of noise(2000)) {
    for (const search of [text, `range=${text}`, `refresh=${text}&range=${text}`]) {
      const scope = parseScope(new URLSearchParams(search));
      expect(scopes).toContainEqual(scope);
      expect(parseScope(new URLSearchParams(searchOf(scope)))).toEqual(scope);
    }
  }
});

test("the default needs no parameters, and parameters of others survive", () => {
  expect(searchOf(DEFAULT_SCOPE)).toBe("");
  const others = new URLSearchParams("panel=latency&range=5m&refresh=off");
  expect(formatScope(DEFAULT_SCOPE, others).toString()).toBe("panel=latency");
  expect(formatScope({ range: "6h", refresh: 0 }, others).toString()).toBe(
    "panel=latency&range=6h&refresh=off",
  );
});
