/** A headless Chromium, and what goes wrong in its pages. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Null when there is none. */
export function findChromium() {
  const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return existsSync(path) ? path : null;
}

export function launch(executablePath) {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A fresh page; everything that it complains of is told to `complain`, content security policy included. */
export async function openPage(browser, complain, options) {
  const context = await browser.newContext({ timezoneId: "UTC", locale: "en-GB", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complain(`the browser's console says: ${message.text()}`);
  });
  page.on("pageerror", (error) => complain(`the page threw: ${error.message}`));
  return page;
}

/** Asks again until the answer is true; false when it never was. */
export async function eventually(ask, seconds) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await ask().catch(() => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return false;
}
