import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    // light-dark(), container queries and @layer are used as they are.
    target: ["chrome123", "firefox121", "safari17.5"],
    // A data: URL in CSS or JS would be one more thing for the content security policy to allow.
    assetsInlineLimit: 0,
    // ECharts is one lazy chunk of its own, on purpose; scripts/budget.mjs judges what matters.
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:3000", "/runbooks": "http://127.0.0.1:3000" },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    env: { TZ: "Europe/Berlin" },
    restoreMocks: true,
  },
});
