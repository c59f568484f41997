import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** Few widths, so that all viewers ask the same questions and share the server's answers. */
const WIDTHS = [300, 600, 900, 1200] as const;

/** The smallest of the widths that fills one panel of the grid; null until it is measured. */
export function usePanelWidth<T extends HTMLElement>(): readonly [
  RefObject<T | null>,
  number | null,
] {
  const grid = useRef<T>(null);
  const [width, setWidth] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = grid.current;
    if (element === null) return;
    const measure = () => setWidth(bucket(columnWidth(element)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [grid, width];
}

export function bucket(pixels: number): number {
  return WIDTHS.find((width) => width >= pixels) ?? 1200;
}

function columnWidth(grid: HTMLElement): number {
  const first = Number.parseFloat(getComputedStyle(grid).gridTemplateColumns);
  return Number.isFinite(first) ? first : grid.clientWidth;
}
