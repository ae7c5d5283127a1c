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
    "\n  query InboxKeywords {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n  }\n": typeof types.InboxKeywordsDocument,
    "\n  fragment InboxMention on Mention {\n    id\n    platform\n    url\n    title\n    content\n    author\n    language\n    likes\n    comments\n    publishedAt\n    createdAt\n    readAt\n    starredAt\n    dismissedAt\n    dismissReason\n    keyword {\n      id\n      keyword\n      matchType\n    }\n    analysis {\n      status\n      sentiment\n      intent\n      relevance\n      relevanceScore\n      relevanceReason\n      topics\n      summary\n    }\n    lead {\n      id\n      status\n    }\n  }\n": typeof types.InboxMentionFragmentDoc,
    "\n  query InboxList($first: Int!, $after: String, $filter: MentionFilter!, $order: MentionOrder!) {\n    mentions(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...InboxMention\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": typeof types.InboxListDocument,
    "\n  query InboxCounts($filter: MentionFilter!, $unread: MentionFilter!) {\n    shown: mentionStats(filter: $filter) {\n      count\n    }\n    unread: mentionStats(filter: $unread) {\n      count\n    }\n  }\n": typeof types.InboxCountsDocument,
    "\n  subscription InboxAdded($after: String, $filter: MentionFilter!) {\n    mentionAdded(after: $after, filter: $filter) {\n      cursor\n      mentions {\n        ...InboxMention\n      }\n    }\n  }\n": typeof types.InboxAddedDocument,
    "\n  query InboxMarks($ids: [ID!]!) @live {\n    nodes(ids: $ids) {\n      id\n      ... on Mention {\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n        lead {\n          id\n          status\n        }\n      }\n    }\n  }\n": typeof types.InboxMarksDocument,
    "\n  query InboxOne($id: ID!) {\n    mention(id: $id) {\n      ...InboxMention\n    }\n  }\n": typeof types.InboxOneDocument,
    "\n  mutation InboxTriage($input: TriageMentionsInput!) {\n    triageMentions(input: $input) {\n      changedCount\n      mentions {\n        id\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.InboxTriageDocument,
    "\n  mutation InboxCreateLead($input: CreateLeadInput!) {\n    createLead(input: $input) {\n      created\n      lead {\n        id\n        status\n        mention {\n          id\n          lead {\n            id\n          }\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.InboxCreateLeadDocument,
    "\n  mutation InboxDeleteLead($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.InboxDeleteLeadDocument,
};
const documents: Documents = {
    "\n  query InboxKeywords {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n  }\n": types.InboxKeywordsDocument,
    "\n  fragment InboxMention on Mention {\n    id\n    platform\n    url\n    title\n    content\n    author\n    language\n    likes\n    comments\n    publishedAt\n    createdAt\n    readAt\n    starredAt\n    dismissedAt\n    dismissReason\n    keyword {\n      id\n      keyword\n      matchType\n    }\n    analysis {\n      status\n      sentiment\n      intent\n      relevance\n      relevanceScore\n      relevanceReason\n      topics\n      summary\n    }\n    lead {\n      id\n      status\n    }\n  }\n": types.InboxMentionFragmentDoc,
    "\n  query InboxList($first: Int!, $after: String, $filter: MentionFilter!, $order: MentionOrder!) {\n    mentions(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...InboxMention\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": types.InboxListDocument,
    "\n  query InboxCounts($filter: MentionFilter!, $unread: MentionFilter!) {\n    shown: mentionStats(filter: $filter) {\n      count\n    }\n    unread: mentionStats(filter: $unread) {\n      count\n    }\n  }\n": types.InboxCountsDocument,
    "\n  subscription InboxAdded($after: String, $filter: MentionFilter!) {\n    mentionAdded(after: $after, filter: $filter) {\n      cursor\n      mentions {\n        ...InboxMention\n      }\n    }\n  }\n": types.InboxAddedDocument,
    "\n  query InboxMarks($ids: [ID!]!) @live {\n    nodes(ids: $ids) {\n      id\n      ... on Mention {\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n        lead {\n          id\n          status\n        }\n      }\n    }\n  }\n": types.InboxMarksDocument,
    "\n  query InboxOne($id: ID!) {\n    mention(id: $id) {\n      ...InboxMention\n    }\n  }\n": types.InboxOneDocument,
    "\n  mutation InboxTriage($input: TriageMentionsInput!) {\n    triageMentions(input: $input) {\n      changedCount\n      mentions {\n        id\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.InboxTriageDocument,
    "\n  mutation InboxCreateLead($input: CreateLeadInput!) {\n    createLead(input: $input) {\n      created\n      lead {\n        id\n        status\n        mention {\n          id\n          lead {\n            id\n          }\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.InboxCreateLeadDocument,
    "\n  mutation InboxDeleteLead($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.InboxDeleteLeadDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query InboxKeywords {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxKeywordsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment InboxMention on Mention {\n    id\n    platform\n    url\n    title\n    content\n    author\n    language\n    likes\n    comments\n    publishedAt\n    createdAt\n    readAt\n    starredAt\n    dismissedAt\n    dismissReason\n    keyword {\n      id\n      keyword\n      matchType\n    }\n    analysis {\n      status\n      sentiment\n      intent\n      relevance\n      relevanceScore\n      relevanceReason\n      topics\n      summary\n    }\n    lead {\n      id\n      status\n    }\n  }\n"): typeof import('./graphql.ts').InboxMentionFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query InboxList($first: Int!, $after: String, $filter: MentionFilter!, $order: MentionOrder!) {\n    mentions(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...InboxMention\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query InboxCounts($filter: MentionFilter!, $unread: MentionFilter!) {\n    shown: mentionStats(filter: $filter) {\n      count\n    }\n    unread: mentionStats(filter: $unread) {\n      count\n    }\n  }\n"): typeof import('./graphql.ts').InboxCountsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription InboxAdded($after: String, $filter: MentionFilter!) {\n    mentionAdded(after: $after, filter: $filter) {\n      cursor\n      mentions {\n        ...InboxMention\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxAddedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query InboxMarks($ids: [ID!]!) @live {\n    nodes(ids: $ids) {\n      id\n      ... on Mention {\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n        lead {\n          id\n          status\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxMarksDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query InboxOne($id: ID!) {\n    mention(id: $id) {\n      ...InboxMention\n    }\n  }\n"): typeof import('./graphql.ts').InboxOneDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InboxTriage($input: TriageMentionsInput!) {\n    triageMentions(input: $input) {\n      changedCount\n      mentions {\n        id\n        readAt\n        starredAt\n        dismissedAt\n        dismissReason\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxTriageDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InboxCreateLead($input: CreateLeadInput!) {\n    createLead(input: $input) {\n      created\n      lead {\n        id\n        status\n        mention {\n          id\n          lead {\n            id\n          }\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxCreateLeadDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InboxDeleteLead($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').InboxDeleteLeadDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
