const KEY = "signalbox.reloaded-at";

/**
 * After an upgrade the server no longer has the chunks that an open page names. Loading the page again mends it;
 * not more than once a minute, or a chunk that is truly missing would reload for ever.
 */
export function reloadOnceWhenOutdated(): void {
  window.addEventListener("vite:preloadError", (event) => {
    const now = Date.now();
    if (now - Number(sessionStorage.getItem(KEY) ?? 0) < 60_000) return;
    sessionStorage.setItem(KEY, String(now));
    event.preventDefault();
    window.location.reload();
  });
}
