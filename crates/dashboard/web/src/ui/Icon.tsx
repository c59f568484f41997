import type { ReactNode } from "react";

/** Drawn on a grid of 16 with a stroke of 1.5. The word beside an icon names it, so icons are silent. */
export type IconName =
  | "refresh"
  | "sun"
  | "moon"
  | "chart"
  | "table"
  | "info"
  | "copy"
  | "check"
  | "arrow"
  | "bell";

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SHAPES[name]}
    </svg>
  );
}

const SHAPES: Readonly<Record<IconName, ReactNode>> = {
  refresh: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" />
    </>
  ),
  moon: <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5 6 6 0 1 0 13.5 9.5Z" />,
  chart: <path d="M2 2v12h12M4.5 10.5l3-4 2.5 2 3.5-5" />,
  table: <path d="M2 3h12v10H2zM2 6.5h12M2 9.8h12M7 3v10" />,
  info: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 7.5V11M8 5v.01" />
    </>
  ),
  copy: <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />,
  check: <path d="M3 8.5l3.5 3.5L13 4.5" />,
  arrow: <path d="M3 8h10M9 4l4 4-4 4" />,
  bell: <path d="M3 12h10c-1-1-1.5-2-1.5-5a3.5 3.5 0 0 0-7 0c0 3-.5 4-1.5 5ZM7 14.5h2" />,
};
