import { useQueryClient } from "@tanstack/react-query";
import { REFRESHES } from "../scope/parse.ts";
import { useScope } from "../scope/useScope.ts";
import { Button } from "../ui/Button.tsx";
import { EnvironmentTabs } from "./EnvironmentTabs.tsx";
import { Freshness } from "./Freshness.tsx";
import { RangePicker } from "./RangePicker.tsx";
import "./ScopeBar.css";

/** What the page looks at, and how fresh it is. Everything chosen here is in the address. */
export function ScopeBar() {
  const { refresh, setRefresh } = useScope();
  const client = useQueryClient();
  return (
    <div className="scope-bar">
      <EnvironmentTabs />
      <RangePicker />
      <div className="scope-bar__refresh">
        <Button
          iconOnly
          icon="refresh"
          label="Refresh now"
          onClick={() => void client.invalidateQueries()}
        />
        <select
          className="scope-bar__select"
          aria-label="Refresh every"
          value={refresh}
          onChange={(event) => {
            const chosen = REFRESHES.find((known) => `${known}` === event.target.value);
            if (chosen !== undefined) setRefresh(chosen);
          }}
        >
          {REFRESHES.map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds === 0 ? "off" : `${seconds} s`}
            </option>
          ))}
        </select>
      </div>
      <Freshness />
    </div>
  );
}
