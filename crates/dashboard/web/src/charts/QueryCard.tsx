import { useState } from "react";
import { span } from "../format/duration.ts";
import { Button } from "../ui/Button.tsx";
import "./QueryCard.css";

/** How the numbers of a panel were made. */
export interface Origin {
  readonly queries: readonly { readonly name: string; readonly text: string }[];
  /** Seconds. */
  readonly step: number;
  /** Seconds; 0 where values are read at one instant. */
  readonly window: number;
  readonly source: string;
  readonly warnings: readonly string[];
}

export function QueryCard({ origin }: { readonly origin: Origin }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls, so it must be reachable by keyboard
    <section className="query-card" aria-label="Where the numbers come from" tabIndex={0}>
      <dl className="query-card__facts">
        <Fact term="Step">{span(origin.step)}</Fact>
        <Fact term="Window">{origin.window === 0 ? "one instant" : span(origin.window)}</Fact>
        <Fact term="Source">{origin.source}</Fact>
      </dl>
      {origin.warnings.map((warning) => (
        <p key={warning} className="query-card__warning">
          The store warns: {warning}
        </p>
      ))}
      {origin.queries.map((query) => (
        <div key={query.name} className="query-card__query">
          <div className="query-card__head">
            <h3>{query.name}</h3>
            <CopyButton text={query.text} name={query.name} />
          </div>
          <pre>{query.text}</pre>
        </div>
      ))}
    </section>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Browsers give the clipboard to secure addresses only; elsewhere the text can still be selected by hand. */
function CopyButton({ text, name }: { readonly text: string; readonly name: string }) {
  const [isCopied, setCopied] = useState(false);
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard === undefined) return null;
  const copy = () =>
    clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <Button
      iconOnly
      icon={isCopied ? "check" : "copy"}
      label={isCopied ? "Copied" : `Copy the PromQL of ${name}`}
      onClick={() => void copy()}
    />
  );
}
