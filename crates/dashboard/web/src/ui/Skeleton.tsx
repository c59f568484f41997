import "./Skeleton.css";

/** Grey where something will be, in its final size. Only ever on a first load. */
export function Skeleton({ shape }: { readonly shape: "word" | "number" | "line" | "chart" }) {
  return <span className={`skeleton skeleton--${shape}`} aria-hidden="true" />;
}
