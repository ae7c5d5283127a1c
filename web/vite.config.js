import { defineConfig } from "vite";

export default defineConfig({
  // The server serves the built assets below this path.
  base: "/graphiql/",
  build: {
    target: "es2022",
    // Files, never data: addresses, where the choice is ours.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: "es" },
  // The rest serves work on the page (`python -m web.build --keep`): the packages then lie outside of this folder, and
  // those that are no ES modules must be named where only a worker imports them.
  optimizeDeps: { include: ["monaco-graphql > picomatch-browser", "monaco-graphql > graphql-language-service"] },
  server: {
    fs: { allow: [".."] },
    proxy: { "/graphql": "http://127.0.0.1:8000" },
  },
});
