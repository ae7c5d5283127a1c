import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  // The server serves the built assets below this path.
  base: "/page/",
  build: {
    target: "es2022",
    // The policy of the page allows no data: scripts, and small files are few.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/graphql": { target: "http://127.0.0.1:8000", ws: true }, "/readyz": "http://127.0.0.1:8000" } },
});
