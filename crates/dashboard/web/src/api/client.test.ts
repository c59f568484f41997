import { afterEach, expect, test, vi } from "vitest";
import { unknownEnvironment } from "../testing/fixtures.ts";
import { get } from "./client.ts";
import { Failure } from "./failure.ts";

afterEach(() => vi.unstubAllGlobals());

const idle = () => new AbortController().signal;

function answerWith(answer: () => Promise<Response>) {
  vi.stubGlobal("fetch", answer);
}

const json = (status: number, body: unknown) =>
  Promise.resolve(
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } }),
  );

async function failureOf(signal = idle()): Promise<Failure> {
  const error: unknown = await get("/api/v1/overview", signal).catch((thrown: unknown) => thrown);
  if (!(error instanceof Failure)) throw new Error(`expected a failure, got ${error}`);
  return error;
}

test("an answer comes with the time of its arrival", async () => {
  answerWith(() => json(200, { verdict: "fine" }));
  const before = Date.now() / 1000;
  const { body, receivedAt } = await get<{ verdict: string }>("/api/v1/overview", idle());
  expect(body).toEqual({ verdict: "fine" });
  expect(receivedAt).toBeGreaterThanOrEqual(before);
});

test("a refusal says what the server says, as sentences", async () => {
  answerWith(() => json(404, unknownEnvironment()));
  expect(await failureOf()).toMatchObject({
    kind: "not-found",
    message: 'There is no environment named "nowhere".',
    hint: "Use one of prod, dev, qa, canary, staging.",
  });
});

test("a refusal of somebody else still has a cause", async () => {
  answerWith(() => json(500, ["not", "ours"]));
  expect(await failureOf()).toMatchObject({
    kind: "refused",
    message: "Signalbox answered with status 500.",
    hint: "",
  });
  answerWith(
    async () =>
      new Response("<h1>Bad gateway</h1>", {
        status: 502,
        headers: { "content-type": "text/html" },
      }),
  );
  expect(await failureOf()).toMatchObject({ message: "Signalbox answered with status 502." });
});

test("a login page in between is not taken for an answer", async () => {
  answerWith(async () => new Response("<form>", { headers: { "content-type": "text/html" } }));
  expect(await failureOf()).toMatchObject({
    kind: "refused",
    message: "The answer is not from Signalbox.",
  });
});

test("silence and distance are told apart", async () => {
  answerWith(() => Promise.reject(new DOMException("too late", "TimeoutError")));
  expect((await failureOf()).kind).toBe("timed-out");
  answerWith(() => Promise.reject(new TypeError("failed to fetch")));
  expect((await failureOf()).kind).toBe("unreachable");
});

test("a request that nobody waits for has not failed", async () => {
  const abort = new AbortController();
  answerWith(() => Promise.reject(abort.signal.reason));
  abort.abort();
  await expect(get("/api/v1/overview", abort.signal)).rejects.toMatchObject({ name: "AbortError" });
});
