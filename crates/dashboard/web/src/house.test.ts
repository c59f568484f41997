/** The rules of the house that no linter knows: imports go one way, files stay small, two files agree on a key. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { preference } from "./ui/preference.ts";

const SRC = import.meta.dirname;

/** Each folder may use those before it, and itself where that is said. Features never use each other. */
const RANKS: readonly (readonly string[])[] = [
  ["api"],
  ["format", "domain"],
  ["ui"],
  ["scope"],
  ["paths.ts"],
  ["shell", "charts"],
  ["features"],
  ["routes.tsx", "outdated.ts"],
  ["main.tsx"],
];

const OWNERS: Readonly<Record<string, string>> = {
  echarts: "charts",
  "@tanstack/react-query": "api scope shell main.tsx testing",
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(ts|tsx|css)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), "utf8") }));

const sources = files.filter(
  ({ path }) =>
    !path.endsWith(".css") &&
    !path.includes(".test.") &&
    !path.startsWith("testing") &&
    !path.includes(".gen."),
);

function importsOf({ path, text }: { path: string; text: string }): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target = ""]) =>
    target.startsWith(".") ? relative(SRC, resolve(SRC, dirname(path), target)) : target,
  );
}

const place = (path: string) => path.split("/")[0] ?? "";
const rank = (path: string) => RANKS.findIndex((places) => places.includes(place(path)));

test("imports go one way", () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((target) => rank(target) >= 0)
      .filter(
        (target) =>
          rank(target) > rank(file.path) ||
          (rank(target) === rank(file.path) && isForeign(file.path, target)),
      )
      .map((target) => `${file.path} must not use ${target}`),
  );
  expect(wrong).toEqual([]);
  expect(sources.filter(({ path }) => rank(path) < 0)).toEqual([]);
});

/** Equals stay apart, except for the two pure ones, which are one vocabulary. */
function isForeign(from: string, to: string): boolean {
  if (place(from) === "features") return from.split("/")[1] !== to.split("/")[1];
  return place(from) !== place(to) && rank(from) > 1;
}

test("libraries and browser interfaces have one owner", () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .flatMap((target) =>
        Object.entries(OWNERS).filter(([name]) => target === name || target.startsWith(`${name}/`)),
      )
      .filter(([, owner]) => !owner.split(" ").includes(place(file.path)))
      .map(([name]) => `${file.path} must not use ${name}`),
  );
  expect(wrong).toEqual([]);
  const using = (call: RegExp) =>
    sources.filter(({ text }) => call.test(text)).map(({ path }) => path);
  expect(using(/\bfetch\(/)).toEqual(["api/client.ts"]);
  expect(using(/useSearchParams\(/)).toEqual(["scope/useScope.ts"]);
});

test("files are short, names are exported, and nobody re-exports", () => {
  const long = files.filter(
    ({ path, text }) => !path.includes(".gen.") && text.split("\n").length > 201,
  );
  expect(long.map(({ path }) => path)).toEqual([]);
  const shaped = sources.filter(({ text }) =>
    /export default|export \*|export \{[^}]*\} from/.test(text),
  );
  expect(shaped.map(({ path }) => path)).toEqual([]);
});

test("the script before the first paint reads the key that the theme's owner writes", () => {
  const key = /getItem\("signalbox\.(\w+)"\)/.exec(
    readFileSync(join(SRC, "../public/theme.js"), "utf8"),
  )?.[1];
  expect(key).toBe("theme");
  expect(readFileSync(join(SRC, "ui/theme.ts"), "utf8")).toContain(`preference<Theme>("${key}"`);
  preference("theme", ["dark"]).set("dark");
  expect(localStorage.getItem("signalbox.theme")).toBe("dark");
});
