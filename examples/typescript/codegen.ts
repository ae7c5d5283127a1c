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
        // Documents are sent as texts: a bundle then holds no parser.
        documentMode: "string",
        // What each scalar is in JSON. A scalar that is missing here stops the generation.
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
        // Values may be added to enums, so a switch over one needs a default.
        futureProofEnums: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
