import { Link } from "react-router";
import { STATE_WORDS } from "../domain/state.ts";
import { paths } from "../paths.ts";
import { useOverview } from "../scope/useOverview.ts";
import { useScope } from "../scope/useScope.ts";
import { StateIcon } from "../ui/StateIcon.tsx";
import { Swatch } from "../ui/Swatch.tsx";
import { useEnvironmentName } from "./useEnvironmentName.ts";
import "../ui/Segments.css";

/** All environments, or one. In the order of their slots, so that none moves while one looks for it. */
export function EnvironmentTabs() {
  const shown = useEnvironmentName();
  const scope = useScope();
  const { data } = useOverview();
  const environments = (data?.environments ?? []).toSorted((a, b) => a.slot - b.slot);
  return (
    <nav aria-label="Environments">
      <ul className="segments">
        <li>
          <Link
            className="segments__item"
            to={paths.overview(scope)}
            aria-current={shown === null ? "page" : undefined}
          >
            <span className="segments__word" data-word="All">
              All
            </span>
          </Link>
        </li>
        {environments.map(({ name, slot, state }) => (
          <li key={name}>
            <Link
              className="segments__item"
              to={paths.environment(name, scope)}
              aria-current={name === shown ? "page" : undefined}
            >
              <Swatch slot={slot} />
              <span className="segments__word" data-word={name}>
                {name}
              </span>
              {state !== "ok" && state !== "idle" && (
                <>
                  <StateIcon state={state} />
                  <span className="visually-hidden">{STATE_WORDS[state]}</span>
                </>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
