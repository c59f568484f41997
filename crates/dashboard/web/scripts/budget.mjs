/** Fails when what the first page needs has grown too heavy: the budget is what a slow link carries in a second. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT = 185 * 1024;
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
if (!existsSync(`${dist}index.html`)) {
  console.error("dist/index.html is missing; build the app first: pnpm run build");
  process.exit(1);
}

const page = readFileSync(`${dist}index.html`, "utf8");
const needed = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, path]) => path);
const sizes = needed.map((path) => [
  path,
  gzipSync(readFileSync(dist + path), { level: 9 }).length,
]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
const kilobytes = (size) => `${(size / 1024).toFixed(1)} KB`;
const list = sizes.map(([path, size]) => `${path} ${kilobytes(size)}`).join(", ");

if (!needed.some((path) => path.endsWith(".js"))) {
  console.error("dist/index.html names no script; the size of the first page cannot be judged");
  process.exit(1);
}
if (total > LIMIT) {
  console.error(
    `the first page needs ${kilobytes(total)} of JS and CSS, over ${kilobytes(LIMIT)}: ${list}`,
  );
  process.exit(1);
}
console.log(
  `the first page needs ${kilobytes(total)} of JS and CSS, of ${kilobytes(LIMIT)} allowed: ${list}`,
);
