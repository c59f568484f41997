/**
 * Opens every kind of page in a browser, under the content security policy, over made-up answers:
 *   pnpm run build && pnpm run e2e
 */
import { eventually, findChromium, launch, openPage } from "./browser.mjs";
import { startFixtureServer } from "./fixtureServer.mjs";

/** What each scenario must say somewhere on a page. */
const PAGES = [
  ["healthy", "/", "3 of 3 environments are healthy."],
  ["mixed", "/", "qa: 23.1 % errors, over 20 %."],
  ["mixed", "/env/dev", "No requests in the last hour"],
  ["bad", "/", "its collector does not answer: connection refused"],
  ["bad", "/env/dev?range=5m", "Stale"],
  ["young", "/env/prod", "all objectives are met"],
  ["many", "/", "line-of-business-9"],
  ["unreachable", "/", "Signalbox cannot reach its store."],
  ["unreachable", "/env/prod", "Signalbox cannot reach its store."],
  ["odd", "/env/a%252Fb", "all objectives are met"],
  ["empty", "/", "No environment is known yet"],
  ["failing", "/", "The store did not answer within 2 s."],
  ["failing", "/env/prod", "The store did not answer within 2 s."],
  ["healthy", "/env/nowhere", "There is no environment “nowhere”"],
  ["healthy", "/nowhere", "There is no such page"],
];

const failures = [];
const expect = (isMet, sentence) => {
  if (!isMet) failures.push(sentence);
};

async function open(scenario, path, options = {}) {
  server.setScenario(scenario);
  const complain = (sentence) => {
    // Chromium reports each answer of 4xx or 5xx; those are what these scenarios are about.
    if (!sentence.includes("Failed to load resource"))
      failures.push(`${scenario} ${path}: ${sentence}`);
  };
  const page = await openPage(browser, complain, {
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  await page.goto(server.url + path);
  return page;
}

async function everyPageSaysWhatItMust() {
  for (const [scenario, path, words] of PAGES) {
    for (const width of [1440, 390]) {
      const page = await open(scenario, path, { viewport: { width, height: 900 } });
      const found = page.getByText(words).first();
      const isThere = await eventually(() => found.isVisible(), 10);
      expect(isThere, `${scenario} ${path} does not say “${words}” at ${width} px`);
      const spill = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth,
      );
      expect(spill <= 0, `${scenario} ${path} is ${spill} px wider than a screen of ${width} px`);
      await page.context().close();
    }
  }
}

async function keysReadAChart() {
  const page = await open("healthy", "/env/prod");
  const chart = page.getByRole("group", { name: /^Latency: chart/ });
  await chart.focus();
  await chart.press("End");
  const tooltip = chart.getByRole("status");
  const newest = await tooltip.innerText();
  expect(
    /p99[\s\S]*p95[\s\S]*p50[\s\S]*p95 limit/.test(newest),
    `the tooltip reads “${newest}”, not p99, p95, p50 and the limit`,
  );
  await chart.press("ArrowLeft");
  expect((await tooltip.innerText()) !== newest, "the left arrow does not move the crosshair");
  // the other charts follow when their own data is there
  const crosshairs = page.locator(".chart__crosshair");
  const areAll = await eventually(async () => (await crosshairs.count()) === 4, 10);
  expect(areAll, "the crosshair is not on all four charts");
  await chart.press("Escape");
  expect((await tooltip.count()) === 0, "Escape does not close the tooltip");
  await page.context().close();
}

async function aFailureKeepsTheOldPicture() {
  const page = await open("healthy", "/env/prod");
  await page
    .getByRole("group", { name: /: chart/ })
    .nth(3)
    .waitFor();
  server.setScenario("failing");
  await page.getByRole("button", { name: "Refresh now" }).click();
  await page.getByRole("alert").waitFor();
  expect(
    (await page.getByRole("group", { name: /: chart/ }).count()) === 4,
    "a failed refresh takes the charts away",
  );
  server.setScenario("healthy");
  await page.getByRole("button", { name: "Retry" }).first().click();
  const isMended = await eventually(async () => (await page.getByRole("alert").count()) === 0, 10);
  expect(isMended, "the banner stays after a refresh that succeeded");
  await page.context().close();
}

async function aChosenThemeStays() {
  const page = await open("healthy", "/", { colorScheme: "light" });
  const ground = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(
    (await ground()) === "rgb(244, 246, 248)",
    `the light theme's ground is ${await ground()}`,
  );
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await page.reload();
  await page.getByRole("button", { name: "Use the light theme" }).waitFor();
  expect(
    (await ground()) === "rgb(13, 17, 21)",
    `the dark theme's ground is ${await ground()} after a reload`,
  );
  await page.context().close();
}

async function aHiddenTabAsksNothing() {
  const page = await open("healthy", "/?refresh=10s");
  await page.getByRole("article").first().waitFor();
  await page.clock.install();
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/")) asked++;
  });
  const setHidden = (isHidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "visibilityState", {
        value: hidden ? "hidden" : "visible",
        configurable: true,
      });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, isHidden);
  await setHidden(true);
  await page.clock.runFor(60_000);
  expect(asked === 0, `a hidden tab asked ${asked} times in a minute`);
  await setHidden(false);
  expect(await eventually(async () => asked > 0, 5), "a tab that is shown again does not refresh");
  await page.context().close();
}

const chromium = findChromium();
if (chromium === null) {
  console.error(
    "Chromium is missing: install it with `apt-get install chromium`, or name one with CHROMIUM=path",
  );
  process.exit(1);
}
const server = await startFixtureServer();
const browser = await launch(chromium);
try {
  await everyPageSaysWhatItMust();
  await keysReadAChart();
  await aFailureKeepsTheOldPicture();
  await aChosenThemeStays();
  await aHiddenTabAsksNothing();
} finally {
  await browser.close();
  server.stop();
}
for (const sentence of failures) console.error(sentence);
if (failures.length > 0) process.exit(1);
console.log(
  `${PAGES.length} pages at two widths, keys, failures, theme and hidden tabs are as they should be`,
);
