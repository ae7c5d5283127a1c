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
    "\n  mutation KeywordsCreate($input: CreateKeywordInput!) {\n    createKeyword(input: $input) {\n      keyword {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsCreateDocument,
    "\n  mutation KeywordsUpdate($input: UpdateKeywordInput!) {\n    updateKeyword(input: $input) {\n      keyword {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        autoLeadScore\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsUpdateDocument,
    "\n  mutation KeywordsDelete($input: DeleteKeywordInput!) {\n    deleteKeyword(input: $input) {\n      deletedKeywordId\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsDeleteDocument,
    "\n  query KeywordsList($first: Int!, $after: String, $filter: KeywordFilter, $orderBy: KeywordOrder) {\n    keywords(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n      totalCount\n      nodes {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        status\n        autoLeadScore\n        mentionsCount\n        leadsCount\n        convertedLeadsCount\n        updatedAt\n        rate(basis: LEADS_PER_MENTION) {\n          value\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.KeywordsListDocument,
    "\n  mutation KeywordsPause($input: PauseKeywordInput!) {\n    pauseKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsPauseDocument,
    "\n  mutation KeywordsResume($input: ResumeKeywordInput!) {\n    resumeKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsResumeDocument,
    "\n  mutation KeywordsArchive($input: ArchiveKeywordInput!) {\n    archiveKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.KeywordsArchiveDocument,
};
const documents: Documents = {
    "\n  mutation KeywordsCreate($input: CreateKeywordInput!) {\n    createKeyword(input: $input) {\n      keyword {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsCreateDocument,
    "\n  mutation KeywordsUpdate($input: UpdateKeywordInput!) {\n    updateKeyword(input: $input) {\n      keyword {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        autoLeadScore\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsUpdateDocument,
    "\n  mutation KeywordsDelete($input: DeleteKeywordInput!) {\n    deleteKeyword(input: $input) {\n      deletedKeywordId\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsDeleteDocument,
    "\n  query KeywordsList($first: Int!, $after: String, $filter: KeywordFilter, $orderBy: KeywordOrder) {\n    keywords(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n      totalCount\n      nodes {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        status\n        autoLeadScore\n        mentionsCount\n        leadsCount\n        convertedLeadsCount\n        updatedAt\n        rate(basis: LEADS_PER_MENTION) {\n          value\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.KeywordsListDocument,
    "\n  mutation KeywordsPause($input: PauseKeywordInput!) {\n    pauseKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsPauseDocument,
    "\n  mutation KeywordsResume($input: ResumeKeywordInput!) {\n    resumeKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsResumeDocument,
    "\n  mutation KeywordsArchive($input: ArchiveKeywordInput!) {\n    archiveKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.KeywordsArchiveDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsCreate($input: CreateKeywordInput!) {\n    createKeyword(input: $input) {\n      keyword {\n        id\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsCreateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsUpdate($input: UpdateKeywordInput!) {\n    updateKeyword(input: $input) {\n      keyword {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        autoLeadScore\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsUpdateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsDelete($input: DeleteKeywordInput!) {\n    deleteKeyword(input: $input) {\n      deletedKeywordId\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsDeleteDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query KeywordsList($first: Int!, $after: String, $filter: KeywordFilter, $orderBy: KeywordOrder) {\n    keywords(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {\n      totalCount\n      nodes {\n        id\n        keyword\n        matchType\n        requiredTerms\n        excludedTerms\n        platforms\n        status\n        autoLeadScore\n        mentionsCount\n        leadsCount\n        convertedLeadsCount\n        updatedAt\n        rate(basis: LEADS_PER_MENTION) {\n          value\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsPause($input: PauseKeywordInput!) {\n    pauseKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsPauseDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsResume($input: ResumeKeywordInput!) {\n    resumeKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsResumeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeywordsArchive($input: ArchiveKeywordInput!) {\n    archiveKeyword(input: $input) {\n      keyword {\n        id\n        status\n        updatedAt\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').KeywordsArchiveDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
