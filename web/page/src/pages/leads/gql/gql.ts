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
    "\n  query LeadsColumn($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": typeof types.LeadsColumnDocument,
    "\n  fragment LeadsOne on Lead {\n    ...LeadsCard\n    id\n    version\n    disqualifyReason\n    contactHandle\n    contactEmail\n    notes\n    origin\n    externalReference\n    updatedAt\n    scoreBreakdown {\n      relevance\n      intent\n      sentiment\n      recency\n      reach\n    }\n    mention {\n      id\n      url\n      content\n      createdAt\n    }\n    sameContact {\n      id\n      status\n      contactName\n      company\n      createdAt\n    }\n  }\n": typeof types.LeadsOneFragmentDoc,
    "\n  query LeadsDetail($id: ID!, $events: Int!) {\n    lead(id: $id) {\n      ...LeadsOne\n      events(first: $events) {\n        totalCount\n        nodes {\n          ...LeadsEvent\n        }\n        pageInfo {\n          changesAfter\n        }\n      }\n    }\n  }\n": typeof types.LeadsDetailDocument,
    "\n  mutation LeadsDelete($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.LeadsDeleteDocument,
    "\n  mutation LeadsUpdate($input: UpdateLeadInput!) {\n    updateLead(input: $input) {\n      lead {\n        ...LeadsOne\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.LeadsUpdateDocument,
    "\n  query LeadsChoices {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n    users(first: 100) {\n      nodes {\n        id\n        name\n        email\n      }\n    }\n  }\n": typeof types.LeadsChoicesDocument,
    "\n  fragment LeadsEvent on LeadEvent {\n    id\n    type\n    fromStatus\n    toStatus\n    createdAt\n    changes {\n      field\n      old\n      new\n    }\n    rule {\n      autoLeadScore\n      score\n    }\n    actor {\n      id\n      name\n      email\n    }\n  }\n": typeof types.LeadsEventFragmentDoc,
    "\n  query LeadsList($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": typeof types.LeadsListDocument,
    "\n  fragment LeadsCard on Lead {\n    id\n    status\n    nextStatuses\n    version\n    score\n    expectedValue {\n      amount\n      currency\n    }\n    contactName\n    company\n    tags\n    createdAt\n    statusChangedAt\n    assignee {\n      id\n      name\n      email\n    }\n    keyword {\n      id\n      keyword\n    }\n    mention {\n      id\n      author\n      platform\n      title\n    }\n  }\n": typeof types.LeadsCardFragmentDoc,
    "\n  query LeadsFigures($filter: LeadFilter!) {\n    leadStats(filter: $filter) {\n      count\n      byStatus {\n        status\n        count\n      }\n      value {\n        amount\n        currency\n      }\n    }\n  }\n": typeof types.LeadsFiguresDocument,
    "\n  subscription LeadsChanged($after: String, $filter: LeadFilter!) {\n    leadChanged(after: $after, filter: $filter) {\n      cursor\n      changes {\n        kind\n        leadId\n        lead {\n          ...LeadsCard\n        }\n      }\n    }\n  }\n": typeof types.LeadsChangedDocument,
    "\n  mutation LeadsChangeStatus($input: ChangeLeadStatusInput!) {\n    changeLeadStatus(input: $input) {\n      lead {\n        ...LeadsCard\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": typeof types.LeadsChangeStatusDocument,
};
const documents: Documents = {
    "\n  query LeadsColumn($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": types.LeadsColumnDocument,
    "\n  fragment LeadsOne on Lead {\n    ...LeadsCard\n    id\n    version\n    disqualifyReason\n    contactHandle\n    contactEmail\n    notes\n    origin\n    externalReference\n    updatedAt\n    scoreBreakdown {\n      relevance\n      intent\n      sentiment\n      recency\n      reach\n    }\n    mention {\n      id\n      url\n      content\n      createdAt\n    }\n    sameContact {\n      id\n      status\n      contactName\n      company\n      createdAt\n    }\n  }\n": types.LeadsOneFragmentDoc,
    "\n  query LeadsDetail($id: ID!, $events: Int!) {\n    lead(id: $id) {\n      ...LeadsOne\n      events(first: $events) {\n        totalCount\n        nodes {\n          ...LeadsEvent\n        }\n        pageInfo {\n          changesAfter\n        }\n      }\n    }\n  }\n": types.LeadsDetailDocument,
    "\n  mutation LeadsDelete($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.LeadsDeleteDocument,
    "\n  mutation LeadsUpdate($input: UpdateLeadInput!) {\n    updateLead(input: $input) {\n      lead {\n        ...LeadsOne\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.LeadsUpdateDocument,
    "\n  query LeadsChoices {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n    users(first: 100) {\n      nodes {\n        id\n        name\n        email\n      }\n    }\n  }\n": types.LeadsChoicesDocument,
    "\n  fragment LeadsEvent on LeadEvent {\n    id\n    type\n    fromStatus\n    toStatus\n    createdAt\n    changes {\n      field\n      old\n      new\n    }\n    rule {\n      autoLeadScore\n      score\n    }\n    actor {\n      id\n      name\n      email\n    }\n  }\n": types.LeadsEventFragmentDoc,
    "\n  query LeadsList($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n": types.LeadsListDocument,
    "\n  fragment LeadsCard on Lead {\n    id\n    status\n    nextStatuses\n    version\n    score\n    expectedValue {\n      amount\n      currency\n    }\n    contactName\n    company\n    tags\n    createdAt\n    statusChangedAt\n    assignee {\n      id\n      name\n      email\n    }\n    keyword {\n      id\n      keyword\n    }\n    mention {\n      id\n      author\n      platform\n      title\n    }\n  }\n": types.LeadsCardFragmentDoc,
    "\n  query LeadsFigures($filter: LeadFilter!) {\n    leadStats(filter: $filter) {\n      count\n      byStatus {\n        status\n        count\n      }\n      value {\n        amount\n        currency\n      }\n    }\n  }\n": types.LeadsFiguresDocument,
    "\n  subscription LeadsChanged($after: String, $filter: LeadFilter!) {\n    leadChanged(after: $after, filter: $filter) {\n      cursor\n      changes {\n        kind\n        leadId\n        lead {\n          ...LeadsCard\n        }\n      }\n    }\n  }\n": types.LeadsChangedDocument,
    "\n  mutation LeadsChangeStatus($input: ChangeLeadStatusInput!) {\n    changeLeadStatus(input: $input) {\n      lead {\n        ...LeadsCard\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n": types.LeadsChangeStatusDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LeadsColumn($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsColumnDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LeadsOne on Lead {\n    ...LeadsCard\n    id\n    version\n    disqualifyReason\n    contactHandle\n    contactEmail\n    notes\n    origin\n    externalReference\n    updatedAt\n    scoreBreakdown {\n      relevance\n      intent\n      sentiment\n      recency\n      reach\n    }\n    mention {\n      id\n      url\n      content\n      createdAt\n    }\n    sameContact {\n      id\n      status\n      contactName\n      company\n      createdAt\n    }\n  }\n"): typeof import('./graphql.ts').LeadsOneFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LeadsDetail($id: ID!, $events: Int!) {\n    lead(id: $id) {\n      ...LeadsOne\n      events(first: $events) {\n        totalCount\n        nodes {\n          ...LeadsEvent\n        }\n        pageInfo {\n          changesAfter\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LeadsDelete($input: DeleteLeadInput!) {\n    deleteLead(input: $input) {\n      deletedLeadId\n      mention {\n        id\n        lead {\n          id\n        }\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsDeleteDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LeadsUpdate($input: UpdateLeadInput!) {\n    updateLead(input: $input) {\n      lead {\n        ...LeadsOne\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsUpdateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LeadsChoices {\n    keywords(first: 100, orderBy: MOST_MENTIONS) {\n      nodes {\n        id\n        keyword\n      }\n    }\n    users(first: 100) {\n      nodes {\n        id\n        name\n        email\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsChoicesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LeadsEvent on LeadEvent {\n    id\n    type\n    fromStatus\n    toStatus\n    createdAt\n    changes {\n      field\n      old\n      new\n    }\n    rule {\n      autoLeadScore\n      score\n    }\n    actor {\n      id\n      name\n      email\n    }\n  }\n"): typeof import('./graphql.ts').LeadsEventFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LeadsList($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {\n    leads(first: $first, after: $after, filter: $filter, orderBy: $order) {\n      nodes {\n        ...LeadsCard\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n        changesAfter\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LeadsCard on Lead {\n    id\n    status\n    nextStatuses\n    version\n    score\n    expectedValue {\n      amount\n      currency\n    }\n    contactName\n    company\n    tags\n    createdAt\n    statusChangedAt\n    assignee {\n      id\n      name\n      email\n    }\n    keyword {\n      id\n      keyword\n    }\n    mention {\n      id\n      author\n      platform\n      title\n    }\n  }\n"): typeof import('./graphql.ts').LeadsCardFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LeadsFigures($filter: LeadFilter!) {\n    leadStats(filter: $filter) {\n      count\n      byStatus {\n        status\n        count\n      }\n      value {\n        amount\n        currency\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsFiguresDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription LeadsChanged($after: String, $filter: LeadFilter!) {\n    leadChanged(after: $after, filter: $filter) {\n      cursor\n      changes {\n        kind\n        leadId\n        lead {\n          ...LeadsCard\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsChangedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LeadsChangeStatus($input: ChangeLeadStatusInput!) {\n    changeLeadStatus(input: $input) {\n      lead {\n        ...LeadsCard\n      }\n      userErrors {\n        code\n        message\n        path\n      }\n    }\n  }\n"): typeof import('./graphql.ts').LeadsChangeStatusDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
