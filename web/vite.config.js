import { defineConfig } from "vite";

export default defineConfig({
  // The server serves the built assets below this path.
  base: "/graphiql/",
  build: {
    target: "es2022",
    // Assets stay files instead of data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: "es" },
  // The rest is for work on the page (`python -m web.build --keep`): the packages are outside of this folder then, and
  // packages imported only by a worker must be listed here unless they are ES modules.
  optimizeDeps: { include: ["monaco-graphql > picomatch-browser", "monaco-graphql > graphql-language-service"] },
  server: {
    fs: { allow: [".."] },
    proxy: { "/graphql": "http://127.0.0.1:8000" },
  },
});
