import { expect, test } from "vitest";
import { environmentIn, paths } from "./paths.ts";

test("every address, with and without a scope", () => {
  const usual = { range: "1h", refresh: 10 } as const;
  const other = { range: "6h", refresh: 0 } as const;
  expect(paths.overview(usual)).toBe("/");
  expect(paths.overview(other)).toBe("/?range=6h&refresh=off");
  expect(paths.environment("prod", usual)).toBe("/env/prod");
  expect(paths.environment("eu/west", other)).toBe("/env/eu%2Fwest?range=6h&refresh=off");
});

test("whatever an environment is called, its address leads back to it", () => {
  const scope = { range: "6h", refresh: 10 } as const;
  for (const name of ["prod", "eu/west", "a%2Fb", "100%", "a b?c#d", "süd", "a%252Fb"]) {
    const { pathname } = new URL(paths.environment(name, scope), "http://signalbox");
    expect(environmentIn(pathname)).toBe(name);
  }
  expect(environmentIn("/env/100%")).toBe("100%");
  expect(environmentIn("/")).toBeNull();
  expect(environmentIn("/env/prod/more")).toBeNull();
});
