// Runs before the first paint, so that a chosen theme never flashes the other one. src/ui/theme.ts owns the choice.
try {
  const theme = localStorage.getItem("signalbox.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden in this browser: the system's theme it is.
}
