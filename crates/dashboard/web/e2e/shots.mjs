/** Looks at a running box as its user does, and takes pictures of what it sees. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findChromium, launch, openPage } from "./browser.mjs";
import { checkEnvironment, checkLanding, checkRange } from "./checks.mjs";

const HELP = `usage: node e2e/shots.mjs --url http://127.0.0.1:3000 --out DIR [--allow-early]

Checks the landing page and the environment page of prod on a running box, and writes
landing.png, landing-dark.png, landing-phone.png, environment.png, environment-dark.png to DIR.
Exits with 1, and a sentence per failed expectation, when one of them fails.

  --url URL       the dashboard
  --out DIR       where the pictures go; made when it does not exist
  --allow-early   the box has only just started: ratios and percentiles may still be missing,
                  and a chart may have a single value
`;

/** The shortest range: a box that has run for a few minutes fills it. */
const START = "/?range=5m";

/** Low, so that a picture ends where its page does. */
const DESKTOP = { viewport: { width: 1440, height: 480 }, deviceScaleFactor: 2 };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: "string" },
        out: { type: "string" },
        "allow-early": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    if (values.url && values.out) return values;
    give(64, "--url and --out are needed; see --help");
  } catch (error) {
    give(64, `${error.message}; see --help`);
  }
}

function give(code, sentence) {
  console.error(sentence);
  process.exit(code);
}

const { url, out, "allow-early": isEarly } = readOptions();
const base = url.replace(/\/+$/, "");
const chromium = findChromium();
if (chromium === null) {
  give(
    1,
    "Chromium is missing: install it with `apt-get install chromium`, or name one with CHROMIUM=path",
  );
}
await fetch(`${base}/`).catch(() => give(1, `${base} does not answer; start the box first`));
mkdirSync(out, { recursive: true });

const failures = new Set();
const expect = (isMet, sentence) => {
  if (!isMet) failures.add(sentence);
  return isMet;
};
const complain = (sentence) => failures.add(sentence);
const shoot = (page, name) =>
  page.screenshot({ path: join(out, name), fullPage: true, animations: "disabled" });

const browser = await launch(chromium);
try {
  const page = await openPage(browser, complain, { ...DESKTOP, colorScheme: "light" });
  await page.goto(`${base}${START}`);
  await checkLanding(page, expect, isEarly);
  await shoot(page, "landing.png");
  await checkEnvironment(page, expect, isEarly);
  await shoot(page, "environment.png");
  await checkRange(page, expect);

  const dark = await openPage(browser, complain, { ...DESKTOP, colorScheme: "dark" });
  await dark.goto(`${base}${START}`);
  await checkLanding(dark, expect, isEarly);
  await shoot(dark, "landing-dark.png");
  await checkEnvironment(dark, expect, isEarly);
  await shoot(dark, "environment-dark.png");

  const phone = await openPage(browser, complain, { ...PHONE, colorScheme: "light" });
  await phone.goto(`${base}${START}`);
  await checkLanding(phone, expect, isEarly);
  const isNarrow = await phone.evaluate(
    () => document.documentElement.scrollWidth <= window.innerWidth,
  );
  expect(isNarrow, "the landing page is wider than a phone");
  await shoot(phone, "landing-phone.png");
} catch (error) {
  failures.add(`the browser gave up: ${error.message.split("\n")[0]}`);
} finally {
  await browser.close();
}

for (const sentence of failures) console.error(sentence);
if (failures.size > 0) process.exit(1);
console.log(`all expectations are met; the pictures are in ${out}`);
