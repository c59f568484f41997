import { span } from "../format/duration.ts";
import { useNow } from "./clock.ts";

/** Counts down to the next try; silent for those who listen, since it changes every second. */
export function NextTry({ at }: { readonly at: number | null }) {
  const now = useNow();
  if (at === null) return null;
  const seconds = Math.ceil(at - now);
  return (
    <span aria-hidden="true">
      {seconds > 0 ? `Next try in ${span(seconds)}.` : "Trying again."}
    </span>
  );
}
