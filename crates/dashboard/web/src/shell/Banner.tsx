import type { Overview } from "../api/types.ts";
import type { Live } from "../scope/useLive.ts";
import { useOverview } from "../scope/useOverview.ts";
import { Button } from "../ui/Button.tsx";
import { NextTry } from "../ui/NextTry.tsx";
import { Notice } from "../ui/Notice.tsx";

/** What is wrong with the whole view, above every page. One at a time: the nearest cause first. */
export function Banner() {
  const overview = useOverview();
  if (overview.data === undefined) return null;
  if (overview.failure !== null)
    return <Unanswered overview={overview} failure={overview.failure} />;
  const { store, warnings } = overview.data;
  if (!store.reachable) {
    return (
      <Notice
        state="unknown"
        title="Signalbox cannot reach its store."
        action={<Retry overview={overview} />}
      >
        Nothing is known about the environments until it answers. {store.error}
      </Notice>
    );
  }
  if (warnings.length > 0) {
    return (
      <Notice state="degraded" title="The store warns that its answer may be incomplete.">
        {warnings.join(" ")}
      </Notice>
    );
  }
  return null;
}

interface UnansweredProps {
  readonly overview: Live<Overview>;
  readonly failure: NonNullable<Live<Overview>["failure"]>;
}

function Unanswered({ overview, failure }: UnansweredProps) {
  return (
    <Notice state="stale" title={failure.message} action={<Retry overview={overview} />}>
      What you see is the last known. {failure.hint} <NextTry at={overview.nextTryAt} />
    </Notice>
  );
}

function Retry({ overview }: { readonly overview: Live<Overview> }) {
  return <Button label="Retry" icon="refresh" onClick={overview.retry} />;
}
