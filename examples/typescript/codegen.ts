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
        // Documents are strings, so that the bundle needs no parser.
        documentMode: "string",
        // The JSON type of each scalar. A missing scalar stops the generation.
        strictScalars: true,
        scalars: {
          ID: "string",
          BigInt: "number",
          DateTime: "string",
          Decimal: "string",
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
