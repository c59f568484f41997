/** What a user of a healthy box may expect. Each check tells `expect` one sentence per thing that is missing. */
import { eventually } from "./browser.mjs";

const ENVIRONMENTS = ["prod", "dev", "qa"];
const PANELS = ["Requests", "Errors", "Latency", "Active requests"];

/** A box that is up answers within seconds; rates need a few scrapes more. */
const PATIENCE = 45;

/** Values in a chart that make it more than a few dots. */
const ENOUGH = 10;

export async function checkLanding(page, expect, isEarly) {
  const verdict = page.getByRole("status").getByRole("heading", { level: 1 });
  const hasVerdict = await eventually(
    async () => /\d|all|none/i.test(await verdict.innerText()),
    PATIENCE,
  );
  expect(hasVerdict, "the landing page has no verdict as its heading");
  for (const name of ENVIRONMENTS) {
    const card = page
      .getByRole("article")
      .filter({ has: page.getByRole("heading", { name, exact: true }) });
    const isThere = await eventually(async () => (await card.count()) === 1, PATIENCE);
    if (!expect(isThere, `the landing page has no card for ${name}`)) continue;
    const missing = async () => missingNumbers(await card.innerText(), isEarly);
    await eventually(async () => (await missing()).length === 0, PATIENCE);
    for (const number of await missing()) expect(false, `the card of ${name} shows no ${number}`);
  }
}

function missingNumbers(text, isEarly) {
  const plain = text.replace(/\s+/g, " ");
  const always = {
    "request rate": /\d\S* (k |M )?req\/s/,
    "age of the newest sample": /newest sample \d/,
  };
  const later = {
    "error percentage": /Errors <?\d\S* %/,
    "95th percentile": /p95 \d\S* (ms|s|m)/,
    "active requests": /Active \d/,
  };
  const wanted = Object.entries(isEarly ? always : { ...always, ...later });
  return wanted.filter(([, pattern]) => !pattern.test(plain)).map(([name]) => name);
}

/** Goes there as a user does, by the card. */
export async function checkEnvironment(page, expect, isEarly) {
  await page.getByRole("article").getByRole("link", { name: "prod", exact: true }).click();
  await page.waitForURL(/\/env\/prod/);
  const heading = page.getByRole("heading", { level: 1, name: "prod" });
  await heading.waitFor();
  const hasFocus = await eventually(
    () => heading.evaluate((element) => element === document.activeElement),
    5,
  );
  expect(hasFocus, "the focus is not on the heading of the environment page");
  for (const title of PANELS) await checkPanel(page, title, expect, isEarly);
}

async function checkPanel(page, title, expect, isEarly) {
  const panel = page.getByRole("region", { name: new RegExp(`^${title},`) });
  const chart = panel.getByRole("group", { name: `${title}: chart` });
  const isDrawn = async () =>
    (await chart.locator("canvas").count()) > 0 && (await chart.locator("canvas").evaluate(hasInk));
  const isThere = await eventually(isDrawn, PATIENCE);
  if (!expect(isThere, `the environment page shows no chart of ${title.toLowerCase()}`)) return;

  const view = panel.getByRole("group", { name: `${title}: view` });
  await view.getByRole("button", { name: "Table" }).click();
  // A line of the table without a number ends in a dash.
  const values = await panel
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name: /\d/ }) })
    .count();
  const least = isEarly ? 1 : ENOUGH;
  expect(
    values >= least,
    `the chart of ${title.toLowerCase()} has ${values} values, fewer than ${least}`,
  );
  await view.getByRole("button", { name: "Chart" }).click();
  await chart.waitFor();
}

/** Runs in the page: whether anything has been drawn. */
function hasInk(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value > 0);
}

/** From five minutes to fifteen, and back. */
export async function checkRange(page, expect) {
  const before = page.url();
  await page.getByRole("link", { name: "Last 15 minutes" }).click();
  const isChanged = await eventually(async () => page.url().endsWith("/env/prod?range=15m"), 5);
  expect(isChanged, `choosing 15 minutes leads to ${page.url()}, not to an address with range=15m`);
  await page.goBack();
  const isBack = await eventually(async () => page.url() === before, 5);
  expect(isBack, `Back after choosing a range leads to ${page.url()}, not to ${before}`);
  const current = page
    .getByRole("navigation", { name: "Time range" })
    .locator('[aria-current="true"]');
  expect(
    (await current.innerText()) === "5m",
    "Back does not restore the range that was shown before",
  );
}
