import type { Environment, Overview, State } from "../api/types.ts";
import { age } from "../format/duration.ts";
import { ageOf, staleAfter } from "./freshness.ts";
import { aged } from "./state.ts";

/** An environment as the page shows it at this second. */
export interface Judged {
  readonly environment: Environment;
  /** The server's judgement, made worse by age. */
  readonly state: State;
  readonly reason: string;
  /** Seconds since the newest sample; null when there is none. */
  readonly age: number | null;
  /** Its numbers are of the past and are shown so. */
  readonly isOld: boolean;
}

export interface Moment {
  /** Seconds, by the browser's clock. */
  readonly now: number;
  /** When the overview arrived, by the same clock. */
  readonly receivedAt: number;
  /** Seconds between refreshes; 0 for none. */
  readonly refresh: number;
}

export function judge(environment: Environment, overview: Overview, moment: Moment): Judged {
  const { newestSampleAt } = environment;
  const receipt = { generatedAt: overview.generatedAt, receivedAt: moment.receivedAt };
  const seconds = newestSampleAt === null ? null : ageOf(newestSampleAt, moment.now, receipt);
  // Where there is no sample, what is known is as old as the answer.
  const since = seconds ?? ageOf(overview.generatedAt, moment.now, receipt);
  const isOverdue = since > staleAfter(overview.scrapeInterval, moment.refresh);
  const state = aged(environment.state, isOverdue);
  const isWorse = state !== environment.state;
  return {
    environment,
    state,
    reason: isWorse ? `No new data for ${age(since)}` : environment.reason,
    age: seconds,
    isOld: isOverdue || state === "stale" || state === "unknown",
  };
}

/** The newest sample of all, in Unix seconds. */
export function newest(environments: readonly Environment[]): number | null {
  const times = environments.flatMap(({ newestSampleAt }) => newestSampleAt ?? []);
  return times.length === 0 ? null : Math.max(...times);
}
