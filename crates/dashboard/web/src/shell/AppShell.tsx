import { Outlet } from "react-router";
import { Banner } from "./Banner.tsx";
import { Masthead } from "./Masthead.tsx";
import { ScopeBar } from "./ScopeBar.tsx";
import { useRouteFocus } from "./useRouteFocus.ts";
import "./AppShell.css";

export function AppShell() {
  useRouteFocus();
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <Masthead />
      <ScopeBar />
      <main id="content" className="page" tabIndex={-1}>
        <Banner />
        <Outlet />
      </main>
    </>
  );
}
