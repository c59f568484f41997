/** Why there is no answer, in words for the person who waits for it. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly kind: "unreachable" | "timed-out" | "refused" | "not-found",
    /** What happened; a whole sentence. */
    message: string,
    /** What to do about it; empty when there is nothing to say. */
    readonly hint = "",
  ) {
    super(message);
  }
}

/** Everything that can be thrown while asking becomes a failure; nothing is hidden. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new Failure("timed-out", "Signalbox did not answer in time.");
  }
  return new Failure(
    "unreachable",
    "Signalbox cannot be reached from this browser.",
    "Check the network, and that signalbox-dashboard is running.",
  );
}

/** The body of a refusal, as far as it is what the API promises; a proxy in between may answer anything. */
export function refusal(status: number, body: unknown): Failure {
  const kind = status === 404 ? "not-found" : "refused";
  const error = field(body, "error");
  const message = field(error, "message");
  const hint = field(error, "hint");
  return new Failure(
    kind,
    typeof message === "string" ? sentence(message) : `Signalbox answered with status ${status}.`,
    typeof hint === "string" ? sentence(hint) : "",
  );
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const start = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
