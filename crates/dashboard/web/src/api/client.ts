import { Failure, refusal, toFailure } from "./failure.ts";

/**
 * The server itself gives up on its store: it asks at most two things in a row, each of which waits 2 s for its turn
 * and 2 s for an answer. This only bounds a network that swallows packets.
 */
const TIMEOUT_MS = 10_000;

/** What came, and when: ages are reckoned from both. */
export interface Answer<T> {
  readonly body: T;
  /** Seconds, by the browser's clock. */
  readonly receivedAt: number;
}

/** The one place that fetches. The type is the API's promise, kept by the schema that both sides are built from. */
export async function get<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      headers: { accept: "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const body: unknown = await readJson(response);
    if (!response.ok) throw refusal(response.status, body);
    // The one cast at the edge: generated types describe what the server's own tests hold it to.
    return { body: body as T, receivedAt: Date.now() / 1000 };
  } catch (error) {
    // A request that nobody waits for any more has not failed.
    if (signal.aborted) throw error;
    throw toFailure(error);
  }
}

async function readJson(response: Response): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) return response.json();
  if (!response.ok) return null;
  throw new Failure(
    "refused",
    "The answer is not from Signalbox.",
    "A proxy or a login page may stand in between; open this address in a new tab to see it.",
  );
}
