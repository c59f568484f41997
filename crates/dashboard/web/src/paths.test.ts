import { expect, test } from "vitest";
import { paths } from "./paths.ts";

test("every address, with and without a scope", () => {
  const usual = { range: "1h", refresh: 10 } as const;
  const other = { range: "6h", refresh: 0 } as const;
  expect(paths.overview(usual)).toBe("/");
  expect(paths.overview(other)).toBe("/?range=6h&refresh=off");
  expect(paths.environment("prod", usual)).toBe("/env/prod");
  expect(paths.environment("eu/west", other)).toBe("/env/eu%2Fwest?range=6h&refresh=off");
});
