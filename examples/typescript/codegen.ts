import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/**/*.ts", "!src/gql/**"],
  importExtension: ".ts",
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "unmasked" } },
      config: {
        // Documents are sent as strings, so that a bundle contains no parser.
        documentMode: "string",
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
        // The API may add enum values, so a switch over an enum needs a default.
        futureProofEnums: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
