/** Fails when a package, shipped or only used to build, has a licence that the allow list does not name. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../", import.meta.url));
const list = fileURLToPath(new URL("../../../../deny.toml", import.meta.url));

/** The strings of `allow = [ … ]`; all that is read of the file. */
function allowedLicences() {
  const section =
    /^\[licenses\]$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(readFileSync(list, "utf8"))?.[1] ?? "";
  const block = /^allow\s*=\s*\[([^\]]*)\]/m.exec(section)?.[1] ?? "";
  return new Set([...block.matchAll(/"([^"]+)"/g)].map(([, licence]) => licence));
}

/** SPDX expressions as packages write them: "MIT", "(MIT OR CC0-1.0)", "Apache-2.0 AND MIT". */
function isAllowed(expression, allowed) {
  const bare = expression.trim().replace(/^\((.*)\)$/, "$1");
  if (allowed.has(bare)) return true;
  if (bare.includes(" OR ")) return bare.split(" OR ").some((part) => isAllowed(part, allowed));
  if (bare.includes(" AND ")) return bare.split(" AND ").every((part) => isAllowed(part, allowed));
  return false;
}

const allowed = allowedLicences();
if (allowed.size === 0) {
  console.error("deny.toml names no allowed licences in [licenses] allow");
  process.exit(1);
}
const { packageManager } = JSON.parse(readFileSync(`${web}package.json`, "utf8"));
const output = execFileSync("npx", ["--yes", packageManager, "licenses", "list", "--json"], {
  cwd: web,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
const packages = Object.entries(JSON.parse(output)).flatMap(([licence, found]) =>
  found.map(({ name, versions }) => ({ licence, name: `${name} ${versions.join(", ")}` })),
);
if (packages.length === 0) {
  console.error("no packages were found; install them first: pnpm install --frozen-lockfile");
  process.exit(1);
}
const refused = packages.filter(({ licence }) => !isAllowed(licence, allowed));
for (const { name, licence } of refused) {
  console.error(`${name} is under ${licence}, which deny.toml does not allow; use another package`);
}
if (refused.length > 0) process.exit(1);
console.log(`${packages.length} packages, all under allowed licences`);
