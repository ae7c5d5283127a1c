import { defineConfig } from "vite";

const CALL = /\bgraphql\(\s*`\s*(query|mutation|subscription|fragment)\s+(\w+)[^`]*`,?\s*\)/g;
const IMPORT = /import \{[^}]*\bgraphql\b[^}]*\} from "([^"]*\/gql)\/index\.ts";/;

/**
 * Takes compiled documents by their names. The function `graphql` finds them by their texts, and would bring each text
 * into the bundle a second time.
 */
const documentsByName = {
  name: "documents-by-name",
  enforce: "pre",
  transform(code, id) {
    const folder = /\.tsx?$/.test(id) && !id.includes("/gql/") && IMPORT.exec(code)?.[1];
    if (!folder) return;
    const names = [];
    const named = code.replace(CALL, (_, kind, name) => {
      names.push(`${name}${kind === "fragment" ? "FragmentDoc" : "Document"}`);
      return names.at(-1);
    });
    if (/\bgraphql\(/.test(named)) this.error("A document has no name, or an expression in its text.");
    return { code: `import { ${names.join(", ")} } from "${folder}/graphql.ts";\n${named}`, map: null };
  },
};

const FRAGMENT = /(FragmentDoc = new TypedDocumentString\(`)[^`]*`/g;

/**
 * Shortens the texts of compiled documents. The server knows a document by its hash, which stays. An operation has the
 * texts of its fragments, so that the fragment itself needs none.
 */
const shortDocuments = {
  name: "short-documents",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("/gql/graphql.ts")) return;
    const shortened = code.replace(FRAGMENT, "$1`").replace(/`[^`]*`/g, (text) => text.replace(/\s+/g, " "));
    return { code: shortened, map: null };
  },
};

export default defineConfig({
  plugins: [documentsByName, shortDocuments],
  root: import.meta.dirname,
  // The server serves the built assets below this path.
  base: "/page/",
  build: {
    target: "es2022",
    // The policy of the page allows no data: scripts, and small files are few.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Pages with much code in common compress better together.
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "manage", test: /\/src\/pages\/(keywords|integrations|exports|settings)\// },
            { name: "base", test: /\/node_modules\/|\/src\/(api|session|ui|gql|[a-z]+\.ts)/ },
            { name: "work", test: /\/src\/pages\/(inbox|leads)\// },
          ],
        },
      },
    },
  },
  server: { proxy: { "/graphql": { target: "http://127.0.0.1:8000", ws: true }, "/readyz": "http://127.0.0.1:8000" } },
});
