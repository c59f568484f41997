import { standing } from "../domain/limit.ts";
import "./LimitBar.css";

interface LimitBarProps {
  readonly value: number | null;
  readonly limit: number | null;
}

/** The limit stands at two thirds of the bar, so that "over" has room to be seen. */
const LIMIT_AT = 66;

/** A value against the limit that it must not exceed. The words beside it say the same, so it is silent. */
export function LimitBar({ value, limit }: LimitBarProps) {
  const filled = value === null || limit === null ? 0 : filling(value, limit);
  return (
    <svg
      className={`limit-bar limit-bar--${standing(value, limit)}`}
      viewBox="0 0 100 8"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect className="limit-bar__track" y="2" width="100" height="4" />
      {filled > 0 && (
        <rect className="limit-bar__value" y="2" width={Math.max(filled, 0.75)} height="4" />
      )}
      {limit !== null && (
        <path
          className="limit-bar__limit"
          d={`M${LIMIT_AT} 0V8`}
          vectorEffect="non-scaling-stroke"
        />
      )}
    </svg>
  );
}

/** Percent of the bar. Whatever is more than a limit of nothing fills it. */
function filling(value: number, limit: number): number {
  if (limit > 0) return Math.min(100, (value / limit) * LIMIT_AT);
  return value > limit ? 100 : 0;
}
