// One output for the shell and one for each page: a lazy page loads its own documents only, and two people who work on
// two pages change different files.
import { globSync, readFileSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";
import { type DocumentNode, Kind, type SelectionSetNode, visit } from "graphql";

const config = {
  // The JSON type of each scalar. The generation fails if a scalar is missing.
  strictScalars: true,
  scalars: {
    ID: "string",
    BigInt: "number",
    DateTime: "string",
    Decimal: "string",
    LocalDate: "string",
    JSON: "unknown",
    Secret: "string",
    URL: "string",
  },
  documentMode: "string",
  enumsAsTypes: true,
  // The API may add enum values, so a switch over an enum needs a default.
  futureProofEnums: true,
  useTypeImports: true,
};

const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } } as const;

/** Select the type of each object, as the cache does. A subscription has one field at its root, so roots have none. */
function withTypenames(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet(set: SelectionSetNode, _key, parent) {
      const isRoot = parent && "kind" in parent && parent.kind === Kind.OPERATION_DEFINITION;
      return isRoot ? undefined : { ...set, selections: [...set.selections, TYPENAME] };
    },
  });
}

const typenames = {
  transform: ({ documents }: { documents: { document?: DocumentNode }[] }) =>
    documents.map((file) => (file.document ? { ...file, document: withTypenames(file.document) } : file)),
};

const output = (documents: string[]) => ({
  documents,
  preset: "client",
  presetConfig: {
    fragmentMasking: { unmaskFunctionName: "unmasked" },
    persistedDocuments: { mode: "embedHashInDocument", hashAlgorithm: "sha256" },
  },
  documentTransforms: [typenames],
  config,
});

/** The pages that have documents. */
const pages = new Set(
  globSync("src/pages/*/**/*.{ts,tsx}", { cwd: import.meta.dirname })
    .filter((file) => !file.includes("/gql/") && readFileSync(`${import.meta.dirname}/${file}`, "utf-8").includes("/gql/"))
    .map((file) => file.split("/")[2]),
);

export default {
  schema: process.env["LEADGRAPH_SCHEMA"] ?? "../../schema.graphql",
  importExtension: ".ts",
  generates: {
    "src/gql/": output(["src/{api,session,shared,ui}/**/*.{ts,tsx}", "src/*.tsx"]),
    ...Object.fromEntries(
      [...pages].map((page) => [
        `src/pages/${page}/gql/`,
        output([`src/pages/${page}/**/*.{ts,tsx}`, "src/shared/**/*.tsx", `!src/pages/${page}/gql/**`]),
      ]),
    ),
  },
} as CodegenConfig;
