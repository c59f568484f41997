import { Link, useLocation } from "react-router";
import { RANGE_WORDS, RANGES, searchOf } from "../scope/parse.ts";
import { useScope } from "../scope/useScope.ts";
import "../ui/Segments.css";

/** Each range is an address: it can be opened in a tab, shared, and undone with Back. */
export function RangePicker() {
  const { pathname } = useLocation();
  const scope = useScope();
  return (
    <nav aria-label="Time range">
      <ul className="segments">
        {RANGES.map((range) => (
          <li key={range}>
            <Link
              className="segments__item"
              to={{ pathname, search: searchOf({ ...scope, range }) }}
              replace={range === scope.range}
              aria-current={range === scope.range ? "true" : undefined}
              aria-label={`Last ${RANGE_WORDS[range]}`}
            >
              <span className="segments__word" data-word={range}>
                {range}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
