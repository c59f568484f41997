import type { Failure } from "../../api/failure.ts";
import type { Overview } from "../../api/types.ts";
import { type Judged, judge, newest } from "../../domain/judgement.ts";
import { worstFirst } from "../../domain/state.ts";
import { verdict } from "../../domain/verdict.ts";
import { clockTime, type Zone } from "../../format/time.ts";

/** Everything that the page can have to show. */
export type OverviewView =
  | { readonly kind: "first-load" }
  | { readonly kind: "error"; readonly failure: Failure }
  | { readonly kind: "unconfigured" }
  | {
      readonly kind: "data";
      readonly sentence: string;
      readonly cards: readonly Judged[];
      readonly overview: Overview;
    };

export interface OverviewInput {
  readonly data: Overview | undefined;
  readonly receivedAt: number;
  readonly failure: Failure | null;
  readonly now: number;
  readonly refresh: number;
  readonly zone: Zone;
}

export function overviewView({
  data,
  receivedAt,
  failure,
  now,
  refresh,
  zone,
}: OverviewInput): OverviewView {
  if (data === undefined)
    return failure === null ? { kind: "first-load" } : { kind: "error", failure };
  if (data.environments.length === 0) return { kind: "unconfigured" };
  const cards = data.environments
    .map((environment) => judge(environment, data, { now, receivedAt, refresh }))
    .toSorted((a, b) =>
      worstFirst({ ...a.environment, state: a.state }, { ...b.environment, state: b.state }),
    );
  const newestAt = newest(data.environments);
  // One environment that stopped is that card's news; when all have aged on this page, it is the page that is old.
  const isOld =
    cards.every((card) => card.isOld) &&
    cards.some((card) => card.state !== card.environment.state);
  return {
    kind: "data",
    sentence: verdict(data.verdict, isOld && newestAt !== null ? clockTime(newestAt, zone) : null),
    cards,
    overview: data,
  };
}
