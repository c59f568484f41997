import { useIsFetching } from "@tanstack/react-query";
import { Link } from "react-router";
import { paths } from "../paths.ts";
import { useScope } from "../scope/useScope.ts";
import { Button } from "../ui/Button.tsx";
import { useTheme } from "../ui/theme.ts";
import { Brand } from "./Brand.tsx";
import "./Masthead.css";

export function Masthead() {
  const scope = useScope();
  const [theme, toggleTheme] = useTheme();
  const isFetching = useIsFetching() > 0;
  return (
    <header className="masthead">
      <Link className="masthead__home" to={paths.overview(scope)} aria-label="Signalbox, overview">
        <Brand />
        Signalbox
      </Link>
      <Button
        iconOnly
        icon={theme === "dark" ? "sun" : "moon"}
        label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
        onClick={toggleTheme}
      />
      <div className={isFetching ? "progress progress--busy" : "progress"} aria-hidden="true" />
    </header>
  );
}
