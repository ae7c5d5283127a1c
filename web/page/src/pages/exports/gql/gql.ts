/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation ExportsCreate($input: CreateExportInput!) {\n    createExport(input: $input) {\n      export {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.ExportsCreateDocument,
    "\n  query ExportsList($first: Int!, $after: String) {\n    exports(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        entity\n        format\n        status\n        columns\n        rowsCount\n        rowsTotal\n        sizeBytes\n        error\n        createdAt\n        expiresAt\n        url\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": typeof types.ExportsListDocument,
    "\n  subscription ExportsChanged($after: String) {\n    exportChanged(after: $after) {\n      cursor\n      changes {\n        kind\n        exportId\n        export {\n          id\n          status\n          rowsCount\n          rowsTotal\n          sizeBytes\n          error\n          expiresAt\n          url\n        }\n      }\n    }\n  }\n": typeof types.ExportsChangedDocument,
    "\n  mutation ExportsCancel($input: CancelExportInput!) {\n    cancelExport(input: $input) {\n      export {\n        id\n        status\n        expiresAt\n        url\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.ExportsCancelDocument,
};
const documents: Documents = {
    "\n  mutation ExportsCreate($input: CreateExportInput!) {\n    createExport(input: $input) {\n      export {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.ExportsCreateDocument,
    "\n  query ExportsList($first: Int!, $after: String) {\n    exports(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        entity\n        format\n        status\n        columns\n        rowsCount\n        rowsTotal\n        sizeBytes\n        error\n        createdAt\n        expiresAt\n        url\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": types.ExportsListDocument,
    "\n  subscription ExportsChanged($after: String) {\n    exportChanged(after: $after) {\n      cursor\n      changes {\n        kind\n        exportId\n        export {\n          id\n          status\n          rowsCount\n          rowsTotal\n          sizeBytes\n          error\n          expiresAt\n          url\n        }\n      }\n    }\n  }\n": types.ExportsChangedDocument,
    "\n  mutation ExportsCancel($input: CancelExportInput!) {\n    cancelExport(input: $input) {\n      export {\n        id\n        status\n        expiresAt\n        url\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.ExportsCancelDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExportsCreate($input: CreateExportInput!) {\n    createExport(input: $input) {\n      export {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExportsCreateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ExportsList($first: Int!, $after: String) {\n    exports(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        entity\n        format\n        status\n        columns\n        rowsCount\n        rowsTotal\n        sizeBytes\n        error\n        createdAt\n        expiresAt\n        url\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExportsListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ExportsChanged($after: String) {\n    exportChanged(after: $after) {\n      cursor\n      changes {\n        kind\n        exportId\n        export {\n          id\n          status\n          rowsCount\n          rowsTotal\n          sizeBytes\n          error\n          expiresAt\n          url\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExportsChangedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExportsCancel($input: CancelExportInput!) {\n    cancelExport(input: $input) {\n      export {\n        id\n        status\n        expiresAt\n        url\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExportsCancelDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
