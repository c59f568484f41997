import { useEffect, useRef } from "react";
import { useLocation } from "react-router";

/** After a navigation the focus is on the new page's heading, as after a page load. A new range is no new page. */
export function useRouteFocus(): void {
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [pathname]);
}
