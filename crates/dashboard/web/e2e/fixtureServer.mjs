/**
 * Serves dist/ as the real server does (same headers, same fallback) over made-up answers:
 *   node e2e/fixtureServer.mjs [--port 3000] [--scenario mixed]
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { overview, panel, SCENARIOS } from "./sample.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));

export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The scenario can be changed while it runs; "failing" answers nothing but errors. */
export async function startFixtureServer({ port = 0, scenario = "mixed" } = {}) {
  const state = { scenario };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://fixture");
    const answer = url.pathname.startsWith("/api/") ? api(url, state.scenario) : file(url.pathname);
    answer.then(
      ({ status, type, body }) => {
        response.writeHead(status, {
          "content-type": type,
          "content-security-policy": CONTENT_SECURITY_POLICY,
          "x-content-type-options": "nosniff",
        });
        response.end(body);
      },
      () => response.writeHead(500).end(),
    );
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    setScenario: (next) => {
      state.scenario = next;
    },
    stop: () => server.close(),
  };
}

async function api(url, scenario) {
  const now = Date.now() / 1000;
  const range = url.searchParams.get("range") ?? "1h";
  if (scenario === "failing") {
    return problem(
      504,
      "store-timed-out",
      "the store did not answer within 2 s",
      "ask for a shorter range",
    );
  }
  if (url.pathname === "/api/v1/overview") return json(200, overview(scenario, range, now));
  const [, environment, name] =
    /^\/api\/v1\/environments\/([^/]+)\/panels\/([^/]+)$/.exec(url.pathname) ?? [];
  const width = Number(url.searchParams.get("width") ?? 600);
  if (scenario === "unreachable" && name !== undefined) {
    return problem(
      502,
      "store-unreachable",
      "the store cannot be reached",
      "check that Prometheus is running",
    );
  }
  const found = name && panel(scenario, decodeURIComponent(environment), name, range, width, now);
  return found
    ? json(200, found)
    : problem(404, "unknown-environment", "there is no such environment", "");
}

async function file(path) {
  const wanted = normalize(join(DIST, path));
  if (wanted.startsWith(DIST) && extname(wanted) !== "") {
    try {
      return {
        status: 200,
        type: TYPES[extname(wanted)] ?? "application/octet-stream",
        body: await readFile(wanted),
      };
    } catch {
      return { status: 404, type: "text/plain", body: "not found" };
    }
  }
  return { status: 200, type: TYPES[".html"], body: await readFile(join(DIST, "index.html")) };
}

function json(status, value) {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

function problem(status, code, message, hint) {
  return json(status, { error: { code, message, hint } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "3000" },
      scenario: { type: "string", default: "mixed" },
    },
  });
  if (values.scenario !== "failing" && !(values.scenario in SCENARIOS)) {
    console.error(
      `there is no scenario ${values.scenario}; use one of ${Object.keys(SCENARIOS).join(", ")}, failing`,
    );
    process.exit(64);
  }
  const { url } = await startFixtureServer({
    port: Number(values.port),
    scenario: values.scenario,
  });
  console.log(`serving ${values.scenario} on ${url}`);
}
