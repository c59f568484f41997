import { ageOf } from "../domain/freshness.ts";
import { newest } from "../domain/judgement.ts";
import { age } from "../format/duration.ts";
import { clockTime } from "../format/time.ts";
import { useOverview } from "../scope/useOverview.ts";
import { useNow } from "../ui/clock.ts";
import { useZone } from "../ui/zone.ts";
import { useEnvironmentName } from "./useEnvironmentName.ts";

/** When the newest sample of the page was taken; not when the page last asked. */
export function Freshness() {
  const name = useEnvironmentName();
  const { data, receivedAt } = useOverview();
  const now = useNow();
  const [zone, setZone] = useZone();
  const shown = data?.environments.filter(
    (environment) => name === null || environment.name === name,
  );
  const sampleAt = newest(shown ?? []);
  const zoneName = zone === "utc" ? "UTC" : "local time";
  return (
    <p className="freshness">
      {data === undefined || sampleAt === null ? (
        <span>no data</span>
      ) : (
        <>
          <span className="freshness__time">data {clockTime(sampleAt, zone)}, </span>
          <span className="freshness__age">
            {age(ageOf(sampleAt, now, { generatedAt: data.generatedAt, receivedAt }))} ago
          </span>
        </>
      )}
      <span className="freshness__zone">
        {" · "}
        <button
          type="button"
          className="freshness__button"
          aria-label={`Times are in ${zoneName}; change`}
          onClick={() => setZone(zone === "utc" ? "local" : "utc")}
        >
          {zoneName}
        </button>
      </span>
    </p>
  );
}
