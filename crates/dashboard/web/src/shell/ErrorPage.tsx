import { isRouteErrorResponse, Link, useRouteError } from "react-router";
import { paths } from "../paths.ts";
import { DEFAULT_SCOPE } from "../scope/parse.ts";
import "./AppShell.css";
import "./ErrorPage.css";

/** An address that leads nowhere. */
export function NotFoundPage() {
  return (
    <div className="error-page">
      <title>No such page · Signalbox</title>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>The address may be mistyped, or of another version of Signalbox.</p>
      <Link to={paths.overview(DEFAULT_SCOPE)}>Go to the overview</Link>
    </div>
  );
}

/** The app itself failed. Loading it anew is all that a viewer can do. */
export function ErrorPage() {
  const error = useRouteError();
  return (
    <main className="page">
      <div className="error-page">
        <title>Failed · Signalbox</title>
        <h1 tabIndex={-1}>This page failed</h1>
        <p>The environments are not affected: only their display is. Load the page again.</p>
        <pre>{describe(error)}</pre>
        <a href={paths.overview(DEFAULT_SCOPE)}>Load the overview again</a>
      </div>
    </main>
  );
}

function describe(error: unknown): string {
  if (isRouteErrorResponse(error)) return `${error.status} ${error.statusText}`;
  return error instanceof Error ? error.message : String(error);
}
