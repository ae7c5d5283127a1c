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
    "\n  query SettingsKeys($first: Int!, $after: String) {\n    apiKeys(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        name\n        prefix\n        scopes\n        state\n        createdAt\n        expiresAt\n        lastUsedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.SettingsKeysDocument,
    "\n  mutation SettingsCreateKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsCreateKeyDocument,
    "\n  mutation SettingsRotateKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsRotateKeyDocument,
    "\n  mutation SettingsRevokeKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        state\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsRevokeKeyDocument,
    "\n  mutation SettingsChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsChangePasswordDocument,
    "\n  query SettingsProfile {\n    viewer {\n      id\n      email\n      name\n      timeZone\n      weekStart\n    }\n  }\n": typeof types.SettingsProfileDocument,
    "\n  mutation SettingsSave($input: UpdateViewerInput!) {\n    updateViewer(input: $input) {\n      viewer {\n        id\n        name\n        timeZone\n        weekStart\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsSaveDocument,
    "\n  query SettingsSessions {\n    sessions {\n      sessionId\n      address\n      userAgent\n      createdAt\n      lastUsedAt\n      expiresAt\n      current\n    }\n  }\n": typeof types.SettingsSessionsDocument,
    "\n  mutation SettingsRevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsRevokeSessionDocument,
    "\n  mutation SettingsSignOutEverywhere {\n    signOut(input: { everywhere: true }) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.SettingsSignOutEverywhereDocument,
};
const documents: Documents = {
    "\n  query SettingsKeys($first: Int!, $after: String) {\n    apiKeys(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        name\n        prefix\n        scopes\n        state\n        createdAt\n        expiresAt\n        lastUsedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.SettingsKeysDocument,
    "\n  mutation SettingsCreateKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsCreateKeyDocument,
    "\n  mutation SettingsRotateKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsRotateKeyDocument,
    "\n  mutation SettingsRevokeKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        state\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsRevokeKeyDocument,
    "\n  mutation SettingsChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsChangePasswordDocument,
    "\n  query SettingsProfile {\n    viewer {\n      id\n      email\n      name\n      timeZone\n      weekStart\n    }\n  }\n": types.SettingsProfileDocument,
    "\n  mutation SettingsSave($input: UpdateViewerInput!) {\n    updateViewer(input: $input) {\n      viewer {\n        id\n        name\n        timeZone\n        weekStart\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsSaveDocument,
    "\n  query SettingsSessions {\n    sessions {\n      sessionId\n      address\n      userAgent\n      createdAt\n      lastUsedAt\n      expiresAt\n      current\n    }\n  }\n": types.SettingsSessionsDocument,
    "\n  mutation SettingsRevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsRevokeSessionDocument,
    "\n  mutation SettingsSignOutEverywhere {\n    signOut(input: { everywhere: true }) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.SettingsSignOutEverywhereDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SettingsKeys($first: Int!, $after: String) {\n    apiKeys(first: $first, after: $after) {\n      totalCount\n      nodes {\n        id\n        name\n        prefix\n        scopes\n        state\n        createdAt\n        expiresAt\n        lastUsedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsKeysDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsCreateKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsCreateKeyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsRotateKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsRotateKeyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsRevokeKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        state\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsRevokeKeyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsChangePasswordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SettingsProfile {\n    viewer {\n      id\n      email\n      name\n      timeZone\n      weekStart\n    }\n  }\n"): typeof import('./graphql.ts').SettingsProfileDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsSave($input: UpdateViewerInput!) {\n    updateViewer(input: $input) {\n      viewer {\n        id\n        name\n        timeZone\n        weekStart\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsSaveDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SettingsSessions {\n    sessions {\n      sessionId\n      address\n      userAgent\n      createdAt\n      lastUsedAt\n      expiresAt\n      current\n    }\n  }\n"): typeof import('./graphql.ts').SettingsSessionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsRevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsRevokeSessionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SettingsSignOutEverywhere {\n    signOut(input: { everywhere: true }) {\n      endedCount\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SettingsSignOutEverywhereDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
