import { LOOKS, type Look } from "./picture.ts";

interface LineSampleProps {
  readonly colour: `--sb-${string}`;
  readonly look: Look | "limit";
}

/** A piece of a line as the chart draws it, for legends. */
export function LineSample({ colour, look }: LineSampleProps) {
  const { width, dash } = look === "limit" ? { width: 1.5, dash: "dashed" } : LOOKS[look];
  return (
    <svg className="line-sample" viewBox="0 0 16 8" width="16" height="8" aria-hidden="true">
      <path
        d="M0 4h16"
        stroke={`var(${colour})`}
        strokeWidth={width}
        strokeDasharray={dash === "dotted" ? "2 2" : dash === "dashed" ? "5 3" : ""}
      />
    </svg>
  );
}
