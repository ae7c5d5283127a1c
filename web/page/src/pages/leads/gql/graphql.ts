/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Kind of a change of an object. */
export type ChangeKind =
  /** The object was created. */
  | 'CREATED'
  /** The object was deleted. */
  | 'DELETED'
  /** Fields of the object changed. */
  | 'UPDATED'
  | '%future added value';

/** Input for changing the status of a lead. */
export type ChangeLeadStatusInput = {
  /** Reason for the disqualification, at most 500 characters. Allowed only with status DISQUALIFIED. */
  disqualifyReason?: string | null | undefined;
  /** The `version` of the lead that the caller has read. If the lead has another version, the mutation writes nothing and fails with CONFLICT. By default, the version is not checked. */
  expectedVersion?: number | null | undefined;
  /** Global ID of the lead. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** New status of the lead. */
  status: LeadStatus;
};

/** Conditions on a time, where later is greater. All given conditions must hold. */
export type DateTimeComparison = {
  /** Equals the given value. */
  eq?: string | null | undefined;
  /** Is greater than this value. */
  gt?: string | null | undefined;
  /** Is greater than or equal to this value. */
  gte?: string | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Is less than this value. */
  lt?: string | null | undefined;
  /** Is less than or equal to this value. */
  lte?: string | null | undefined;
};

/** Conditions on a number. All given conditions must hold. */
export type DecimalComparison = {
  /** Equals the given value. */
  eq?: string | null | undefined;
  /** Is greater than this value. */
  gt?: string | null | undefined;
  /** Is greater than or equal to this value. */
  gte?: string | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Is less than this value. */
  lt?: string | null | undefined;
  /** Is less than or equal to this value. */
  lte?: string | null | undefined;
};

/** Input for deleting a lead. */
export type DeleteLeadInput = {
  /** The `version` of the lead that the caller has read. If the lead has another version, the mutation writes nothing and fails with CONFLICT. By default, the version is not checked. */
  expectedVersion?: number | null | undefined;
  /** Global ID of the lead. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Conditions on an email address, regardless of case. All given conditions must hold. */
export type EmailComparison = {
  /** Contains this string, regardless of case (at most 500 characters). */
  contains?: string | null | undefined;
  /** Equals this address (at most 500 characters). */
  eq?: string | null | undefined;
  /** Equals one of these addresses (at most 250). */
  in?: Array<string> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these addresses (at most 250). Also matches null. */
  notIn?: Array<string> | null | undefined;
};

/** Conditions on a global ID. All given conditions must hold. */
export type IdComparison = {
  /** Equals the given value. */
  eq?: string | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<string> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<string> | null | undefined;
};

/** Conditions on a number. All given conditions must hold. */
export type IntComparison = {
  /** Equals the given value. */
  eq?: number | null | undefined;
  /** Is greater than this value. */
  gt?: number | null | undefined;
  /** Is greater than or equal to this value. */
  gte?: number | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Is less than this value. */
  lt?: number | null | undefined;
  /** Is less than or equal to this value. */
  lte?: number | null | undefined;
};

/** Intent of the author of a mention. */
export type Intent =
  /** The author wants to buy a product of the kind. */
  | 'BUYING'
  /** The author considers leaving a product. */
  | 'CHURN_RISK'
  /** The author compares products. */
  | 'COMPARISON'
  /** The author complains about a product. */
  | 'COMPLAINT'
  /** The author asks for a feature that a product lacks. */
  | 'FEATURE_REQUEST'
  /** The author wants to hire or to be hired. */
  | 'HIRING'
  /** The author has another or no clear intent. */
  | 'OTHER'
  /** The author praises a product. */
  | 'PRAISE'
  /** The author promotes a product or service of the author's own. */
  | 'PROMOTION'
  /** The author asks a question. */
  | 'QUESTION'
  /** The author asks for a recommendation. */
  | 'RECOMMENDATION_REQUEST'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type IntentComparison = {
  /** Equals the given value. */
  eq?: Intent | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<Intent> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<Intent> | null | undefined;
};

/** Type of an event in the history of a lead. */
export type LeadEventType =
  /** The lead was assigned to another user, or unassigned. */
  | 'ASSIGNED'
  /** The lead was created. */
  | 'CREATED'
  /** The notes on the lead changed. */
  | 'NOTED'
  /** The score of the lead changed. */
  | 'SCORED'
  /** The status of the lead changed. */
  | 'STATUS_CHANGED'
  /** The lead was sent to a CRM, or updated from a CRM. */
  | 'SYNCED'
  /** Other fields of the lead changed. */
  | 'UPDATED'
  | '%future added value';

/** Filter for leads. All given conditions must hold. */
export type LeadFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<LeadFilter> | null | undefined;
  /** Filters leads by the ID of the assigned user. The ID is null for unassigned leads. */
  assigneeId?: IdComparison | null | undefined;
  /** Filters leads by company of the contact person. */
  company?: TextComparison | null | undefined;
  /** Filters leads by email address of the contact person. */
  contactEmail?: EmailComparison | null | undefined;
  /** Filters leads by the time when the lead first became CONVERTED. */
  convertedAt?: DateTimeComparison | null | undefined;
  /** Filters leads by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters leads by currency of the value, an ISO 4217 code. */
  currency?: TextComparison | null | undefined;
  /** Filters leads by ID in a partner's system. */
  externalReference?: TextComparison | null | undefined;
  /** Filters leads by intent of the mention. The intent is null without an analysis. Requires the scope `read:mentions`, too. */
  intent?: IntentComparison | null | undefined;
  /** Filters leads by the ID of the keyword. */
  keywordId?: IdComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: LeadFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<LeadFilter> | null | undefined;
  /** Filters leads by origin of the lead. */
  origin?: LeadOriginComparison | null | undefined;
  /** Filters leads by platform of the mention. */
  platform?: PlatformComparison | null | undefined;
  /** Filters leads by the time when the lead first became QUALIFIED. */
  qualifiedAt?: DateTimeComparison | null | undefined;
  /** Filters leads by score, from 0 to 100. The score is null without a successful analysis. */
  score?: IntComparison | null | undefined;
  /** Filters leads by a full-text search, as in mentions. The contact person, company and notes of the lead must match the search, or the title and text of the mention must match. At most 500 characters. Requires the scope `read:mentions`, too. */
  search?: string | null | undefined;
  /** Filters leads by current status. */
  status?: LeadStatusComparison | null | undefined;
  /** Filters leads by time of the last status change. */
  statusChangedAt?: DateTimeComparison | null | undefined;
  /** Filters leads by tags. */
  tags?: TagsComparison | null | undefined;
  /** Filters leads by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
  /** Filters leads by expected value, regardless of the currency. */
  value?: DecimalComparison | null | undefined;
};

/** Order of a list of leads. */
export type LeadOrder =
  /** Orders leads by time of the last update, earliest first. A new or changed row comes last, even while others write, so a program that reads on from its last cursor misses no row. Requires a list with the rows of one user. Operators use such a list below `user`. */
  | 'EARLIEST_UPDATE'
  /** Orders leads by score, highest first. Leads without a score come last. */
  | 'HIGHEST_SCORE'
  /** Orders leads by expected value, highest first, regardless of the currency. Leads without a value come last. */
  | 'HIGHEST_VALUE'
  /** Orders leads by time of the last status change, latest first. */
  | 'LATEST_CHANGE'
  /** Orders leads by time of the last update, latest first. */
  | 'LATEST_UPDATE'
  /** Orders leads by time of creation, newest first. */
  | 'NEWEST'
  /** Orders leads by time of creation, oldest first. */
  | 'OLDEST'
  | '%future added value';

/** Origin of a lead, which tells how the lead was created. */
export type LeadOrigin =
  /** A partner's program created the lead. */
  | 'API'
  /** A rule created the lead, such as the `autoLeadScore` of a keyword. */
  | 'AUTO'
  /** An import created the lead. */
  | 'IMPORT'
  /** A person created the lead. */
  | 'MANUAL'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type LeadOriginComparison = {
  /** Equals the given value. */
  eq?: LeadOrigin | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<LeadOrigin> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<LeadOrigin> | null | undefined;
};

/** Status of a lead on the way to a customer. */
export type LeadStatus =
  /** The lead has been contacted. */
  | 'CONTACTED'
  /** The lead has become a customer. */
  | 'CONVERTED'
  /** The lead has been given up. The field `disqualifyReason` may give the reason. */
  | 'DISQUALIFIED'
  /** The lead has not been contacted. */
  | 'NEW'
  /** The lead is worth an offer. */
  | 'QUALIFIED'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type LeadStatusComparison = {
  /** Equals the given value. */
  eq?: LeadStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<LeadStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<LeadStatus> | null | undefined;
};

/** Platform on which a mention was published. */
export type Platform =
  /** An article on a blog. */
  | 'BLOG'
  /** A post on Bluesky. */
  | 'BLUESKY'
  /** An article or comment on DEV Community. */
  | 'DEVTO'
  /** A post in a forum. */
  | 'FORUM'
  /** An issue, discussion or comment on GitHub. */
  | 'GITHUB'
  /** A story or comment on Hacker News. */
  | 'HACKERNEWS'
  /** A post or comment on LinkedIn. */
  | 'LINKEDIN'
  /** A post on Mastodon or a federated server. */
  | 'MASTODON'
  /** An article on a news site. */
  | 'NEWS'
  /** An issue of a newsletter. */
  | 'NEWSLETTER'
  /** A publication outside of the web. */
  | 'OTHER'
  /** Notes or a transcript of a podcast. */
  | 'PODCAST'
  /** A post or comment on Reddit. */
  | 'REDDIT'
  /** A review on a review site. */
  | 'REVIEW'
  /** A post on Stack Overflow or another Stack Exchange site. */
  | 'STACKOVERFLOW'
  /** Any other page of the web. */
  | 'WEB'
  /** A post on X, formerly Twitter. */
  | 'X'
  /** A video or comment on YouTube. */
  | 'YOUTUBE'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type PlatformComparison = {
  /** Equals the given value. */
  eq?: Platform | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<Platform> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<Platform> | null | undefined;
};

/** Conditions on a list of tags. All given conditions must hold. */
export type TagsComparison = {
  /** Has all of these tags, including case (at most 250). An empty list matches all rows. */
  hasAll?: Array<string> | null | undefined;
  /** Has at least one of these tags, including case (at most 250). An empty list matches no rows. */
  hasAny?: Array<string> | null | undefined;
};

/** Conditions on a string. All given conditions must hold. */
export type TextComparison = {
  /** Contains this string, regardless of case (at most 500 characters). */
  contains?: string | null | undefined;
  /** Equals this string, including case (at most 500 characters). */
  eq?: string | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<string> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<string> | null | undefined;
};

/** Input for changing a lead. Omitted fields stay unchanged. Null removes the value. */
export type UpdateLeadInput = {
  /** Global ID of the user who works on the lead. Must be the owner of the lead or an operator. Members can name only themselves. Null leaves the lead unassigned. */
  assigneeId?: string | null | undefined;
  /** Company of the contact person, at most 200 characters. Null or an empty string if unknown. */
  company?: string | null | undefined;
  /** Email address of the contact person, at most 254 characters. Null or an empty string if unknown. */
  contactEmail?: string | null | undefined;
  /** Name of the contact person on the platform, at most 200 characters. Null or an empty string if unknown. */
  contactHandle?: string | null | undefined;
  /** Name of the contact person, at most 200 characters. Null or an empty string if unknown. */
  contactName?: string | null | undefined;
  /** ISO 4217 code of the currency of `value`, such as EUR. A lead must have both `value` and `currency`, or neither. */
  currency?: string | null | undefined;
  /** The `version` of the lead that the caller has read. If the lead has another version, the mutation writes nothing and fails with CONFLICT. By default, the version is not checked. */
  expectedVersion?: number | null | undefined;
  /** ID of the lead in a partner's system, at most 200 characters. Must be unique among the leads of a user. Null or an empty string for no ID. */
  externalReference?: string | null | undefined;
  /** Global ID of the lead. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Notes on the lead, at most 20,000 characters. Null is not allowed. */
  notes?: string | null | undefined;
  /** Tags of the lead: at most 50 tags of at most 50 characters. Replaces all existing tags. Null is not allowed. */
  tags?: Array<string> | null | undefined;
  /** Expected value, 0 to 999999999999.99, with at most two decimals. A lead must have both `value` and `currency`, or neither. */
  value?: string | null | undefined;
};

/** Reason why a mutation wrote nothing. */
export type UserErrorCode =
  /** An object with this unique value already exists. */
  | 'ALREADY_EXISTS'
  /** The version of the object differs from the expected version, because the object has been changed. */
  | 'CONFLICT'
  /** The idempotency key was already used with a different input. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The value is not allowed. The message explains why. */
  | 'INVALID'
  /** The current status of the object does not allow the change. */
  | 'INVALID_TRANSITION'
  /** Another call with the same idempotency key is in progress. Retry later. */
  | 'IN_FLIGHT'
  /** The object does not exist or is not visible to the viewer. */
  | 'NOT_FOUND'
  /** A required value is missing, null or empty. */
  | 'REQUIRED'
  /** The sign-in of the session was too long ago for this mutation. Ask for the password and sign in again. */
  | 'SIGN_IN_REQUIRED'
  /** A string is longer than allowed. */
  | 'TOO_LONG'
  /** A list has more elements than allowed. */
  | 'TOO_MANY'
  /** Too many attempts to sign in failed or are in progress. The message says when to retry. */
  | 'TOO_MANY_ATTEMPTS'
  /** The e-mail address or the password is wrong, or the user is not active. */
  | 'WRONG_CREDENTIALS'
  | '%future added value';

export type LeadsColumnQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter: LeadFilter;
  order: LeadOrder;
}>;


export type LeadsColumnQuery = { leads: { __typename: 'LeadConnection', nodes: Array<(
      { __typename: 'Lead' }
      & { ' $fragmentRefs'?: { 'LeadsCardFragment': LeadsCardFragment } }
    )>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } | null };

export type LeadsOneFragment = (
  { __typename: 'Lead', id: string, version: number, disqualifyReason: string | null, contactHandle: string | null, contactEmail: string | null, notes: string, origin: LeadOrigin, externalReference: string | null, updatedAt: string, scoreBreakdown: { __typename: 'LeadScore', relevance: number, intent: number, sentiment: number, recency: number, reach: number } | null, mention: { __typename: 'Mention', id: string, url: string, content: string, createdAt: string }, sameContact: Array<{ __typename: 'Lead', id: string, status: LeadStatus, contactName: string | null, company: string | null, createdAt: string }> }
  & { ' $fragmentRefs'?: { 'LeadsCardFragment': LeadsCardFragment } }
) & { ' $fragmentName'?: 'LeadsOneFragment' };

export type LeadsDetailQueryVariables = Exact<{
  id: string;
  events: number;
}>;


export type LeadsDetailQuery = { lead: (
    { __typename: 'Lead', events: { __typename: 'LeadEventConnection', totalCount: number, nodes: Array<(
        { __typename: 'LeadEvent' }
        & { ' $fragmentRefs'?: { 'LeadsEventFragment': LeadsEventFragment } }
      )>, pageInfo: { __typename: 'PageInfo', changesAfter: string } } }
    & { ' $fragmentRefs'?: { 'LeadsOneFragment': LeadsOneFragment } }
  ) | null };

export type LeadsDeleteMutationVariables = Exact<{
  input: DeleteLeadInput;
}>;


export type LeadsDeleteMutation = { deleteLead: { __typename: 'DeleteLeadPayload', deletedLeadId: string | null, mention: { __typename: 'Mention', id: string, lead: { __typename: 'Lead', id: string } | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type LeadsUpdateMutationVariables = Exact<{
  input: UpdateLeadInput;
}>;


export type LeadsUpdateMutation = { updateLead: { __typename: 'UpdateLeadPayload', lead: (
      { __typename: 'Lead' }
      & { ' $fragmentRefs'?: { 'LeadsOneFragment': LeadsOneFragment } }
    ) | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type LeadsChoicesQueryVariables = Exact<{ [key: string]: never; }>;


export type LeadsChoicesQuery = { keywords: { __typename: 'KeywordConnection', nodes: Array<{ __typename: 'Keyword', id: string, keyword: string }> } | null, users: { __typename: 'UserConnection', nodes: Array<{ __typename: 'User', id: string, name: string, email: string }> } | null };

export type LeadsEventFragment = { __typename: 'LeadEvent', id: string, type: LeadEventType, fromStatus: LeadStatus | null, toStatus: LeadStatus | null, createdAt: string, changes: Array<{ __typename: 'LeadChange', field: string, old: string | null, new: string | null }>, rule: { __typename: 'LeadRule', autoLeadScore: number, score: number } | null, actor: { __typename: 'User', id: string, name: string, email: string } | null } & { ' $fragmentName'?: 'LeadsEventFragment' };

export type LeadsListQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter: LeadFilter;
  order: LeadOrder;
}>;


export type LeadsListQuery = { leads: { __typename: 'LeadConnection', nodes: Array<(
      { __typename: 'Lead' }
      & { ' $fragmentRefs'?: { 'LeadsCardFragment': LeadsCardFragment } }
    )>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } | null };

export type LeadsCardFragment = { __typename: 'Lead', id: string, status: LeadStatus, nextStatuses: Array<LeadStatus>, version: number, score: number | null, contactName: string | null, company: string | null, tags: Array<string>, createdAt: string, statusChangedAt: string, expectedValue: { __typename: 'Money', amount: string, currency: string } | null, assignee: { __typename: 'User', id: string, name: string, email: string } | null, keyword: { __typename: 'Keyword', id: string, keyword: string }, mention: { __typename: 'Mention', id: string, author: string, platform: Platform, title: string | null } } & { ' $fragmentName'?: 'LeadsCardFragment' };

export type LeadsFiguresQueryVariables = Exact<{
  filter: LeadFilter;
}>;


export type LeadsFiguresQuery = { leadStats: { __typename: 'LeadStats', count: number, byStatus: Array<{ __typename: 'LeadStatusCount', status: LeadStatus, count: number }>, value: Array<{ __typename: 'Money', amount: string, currency: string }> } | null };

export type LeadsChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  filter: LeadFilter;
}>;


export type LeadsChangedSubscription = { leadChanged: { __typename: 'LeadsChanged', cursor: string, changes: Array<{ __typename: 'ChangedLead', kind: ChangeKind, leadId: string, lead: (
        { __typename: 'Lead' }
        & { ' $fragmentRefs'?: { 'LeadsCardFragment': LeadsCardFragment } }
      ) | null }> } | null };

export type LeadsChangeStatusMutationVariables = Exact<{
  input: ChangeLeadStatusInput;
}>;


export type LeadsChangeStatusMutation = { changeLeadStatus: { __typename: 'ChangeLeadStatusPayload', lead: (
      { __typename: 'Lead' }
      & { ' $fragmentRefs'?: { 'LeadsCardFragment': LeadsCardFragment } }
    ) | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const LeadsCardFragmentDoc = new TypedDocumentString(`
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}
    `, {"fragmentName":"LeadsCard"}) as unknown as TypedDocumentString<LeadsCardFragment, unknown>;
export const LeadsOneFragmentDoc = new TypedDocumentString(`
    fragment LeadsOne on Lead {
  ...LeadsCard
  id
  version
  disqualifyReason
  contactHandle
  contactEmail
  notes
  origin
  externalReference
  updatedAt
  scoreBreakdown {
    relevance
    intent
    sentiment
    recency
    reach
    __typename
  }
  mention {
    id
    url
    content
    createdAt
    __typename
  }
  sameContact {
    id
    status
    contactName
    company
    createdAt
    __typename
  }
  __typename
}
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"fragmentName":"LeadsOne"}) as unknown as TypedDocumentString<LeadsOneFragment, unknown>;
export const LeadsEventFragmentDoc = new TypedDocumentString(`
    fragment LeadsEvent on LeadEvent {
  id
  type
  fromStatus
  toStatus
  createdAt
  changes {
    field
    old
    new
    __typename
  }
  rule {
    autoLeadScore
    score
    __typename
  }
  actor {
    id
    name
    email
    __typename
  }
  __typename
}
    `, {"fragmentName":"LeadsEvent"}) as unknown as TypedDocumentString<LeadsEventFragment, unknown>;
export const LeadsColumnDocument = new TypedDocumentString(`
    query LeadsColumn($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {
  leads(first: $first, after: $after, filter: $filter, orderBy: $order) {
    nodes {
      ...LeadsCard
      __typename
    }
    pageInfo {
      hasNextPage
      endCursor
      changesAfter
      __typename
    }
    __typename
  }
}
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:398ef542fc732062e3ce679c1faea5c4d3ca6638d2e8b6fb31a1094c4c997038"}) as unknown as TypedDocumentString<LeadsColumnQuery, LeadsColumnQueryVariables>;
export const LeadsDetailDocument = new TypedDocumentString(`
    query LeadsDetail($id: ID!, $events: Int!) {
  lead(id: $id) {
    ...LeadsOne
    events(first: $events) {
      totalCount
      nodes {
        ...LeadsEvent
        __typename
      }
      pageInfo {
        changesAfter
        __typename
      }
      __typename
    }
    __typename
  }
}
    fragment LeadsOne on Lead {
  ...LeadsCard
  id
  version
  disqualifyReason
  contactHandle
  contactEmail
  notes
  origin
  externalReference
  updatedAt
  scoreBreakdown {
    relevance
    intent
    sentiment
    recency
    reach
    __typename
  }
  mention {
    id
    url
    content
    createdAt
    __typename
  }
  sameContact {
    id
    status
    contactName
    company
    createdAt
    __typename
  }
  __typename
}
fragment LeadsEvent on LeadEvent {
  id
  type
  fromStatus
  toStatus
  createdAt
  changes {
    field
    old
    new
    __typename
  }
  rule {
    autoLeadScore
    score
    __typename
  }
  actor {
    id
    name
    email
    __typename
  }
  __typename
}
fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:9f402939880ba855063cc63b186ca38879ef6b0b703282f228d602c64ee140f5"}) as unknown as TypedDocumentString<LeadsDetailQuery, LeadsDetailQueryVariables>;
export const LeadsDeleteDocument = new TypedDocumentString(`
    mutation LeadsDelete($input: DeleteLeadInput!) {
  deleteLead(input: $input) {
    deletedLeadId
    mention {
      id
      lead {
        id
        __typename
      }
      __typename
    }
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:324d765998a7e404b623e46eff2b35bd30578fa0ab4a44cb6c800b77aa116f3f"}) as unknown as TypedDocumentString<LeadsDeleteMutation, LeadsDeleteMutationVariables>;
export const LeadsUpdateDocument = new TypedDocumentString(`
    mutation LeadsUpdate($input: UpdateLeadInput!) {
  updateLead(input: $input) {
    lead {
      ...LeadsOne
      __typename
    }
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    fragment LeadsOne on Lead {
  ...LeadsCard
  id
  version
  disqualifyReason
  contactHandle
  contactEmail
  notes
  origin
  externalReference
  updatedAt
  scoreBreakdown {
    relevance
    intent
    sentiment
    recency
    reach
    __typename
  }
  mention {
    id
    url
    content
    createdAt
    __typename
  }
  sameContact {
    id
    status
    contactName
    company
    createdAt
    __typename
  }
  __typename
}
fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:c20560e15bc86c434aaa38b887e72efc295391dcc6e34bba156ba640a8760c4f"}) as unknown as TypedDocumentString<LeadsUpdateMutation, LeadsUpdateMutationVariables>;
export const LeadsChoicesDocument = new TypedDocumentString(`
    query LeadsChoices {
  keywords(first: 100, orderBy: MOST_MENTIONS) {
    nodes {
      id
      keyword
      __typename
    }
    __typename
  }
  users(first: 100) {
    nodes {
      id
      name
      email
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:1fe992de2869580278b4819917abe7835a7687e0b8b42ec5277a0e46020c9791"}) as unknown as TypedDocumentString<LeadsChoicesQuery, LeadsChoicesQueryVariables>;
export const LeadsListDocument = new TypedDocumentString(`
    query LeadsList($first: Int!, $after: String, $filter: LeadFilter!, $order: LeadOrder!) {
  leads(first: $first, after: $after, filter: $filter, orderBy: $order) {
    nodes {
      ...LeadsCard
      __typename
    }
    pageInfo {
      hasNextPage
      endCursor
      changesAfter
      __typename
    }
    __typename
  }
}
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:cd0201150beb74649a67c87a6252dd04391099fee50da1c448f6797e2ecb708e"}) as unknown as TypedDocumentString<LeadsListQuery, LeadsListQueryVariables>;
export const LeadsFiguresDocument = new TypedDocumentString(`
    query LeadsFigures($filter: LeadFilter!) {
  leadStats(filter: $filter) {
    count
    byStatus {
      status
      count
      __typename
    }
    value {
      amount
      currency
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:bd95e4919c978f605b237c1a10f3e6683d3c3a71381b594dfdd43104d88a600a"}) as unknown as TypedDocumentString<LeadsFiguresQuery, LeadsFiguresQueryVariables>;
export const LeadsChangedDocument = new TypedDocumentString(`
    subscription LeadsChanged($after: String, $filter: LeadFilter!) {
  leadChanged(after: $after, filter: $filter) {
    cursor
    changes {
      kind
      leadId
      lead {
        ...LeadsCard
        __typename
      }
      __typename
    }
    __typename
  }
}
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:7dc48f832eebb0b1c1cf734adc11ead2dbe715329702330a15100250ecd7c8d8"}) as unknown as TypedDocumentString<LeadsChangedSubscription, LeadsChangedSubscriptionVariables>;
export const LeadsChangeStatusDocument = new TypedDocumentString(`
    mutation LeadsChangeStatus($input: ChangeLeadStatusInput!) {
  changeLeadStatus(input: $input) {
    lead {
      ...LeadsCard
      __typename
    }
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    fragment LeadsCard on Lead {
  id
  status
  nextStatuses
  version
  score
  expectedValue {
    amount
    currency
    __typename
  }
  contactName
  company
  tags
  createdAt
  statusChangedAt
  assignee {
    id
    name
    email
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  mention {
    id
    author
    platform
    title
    __typename
  }
  __typename
}`, {"hash":"sha256:d299e096e7150656598caecd79e8ff8970b97bfe81e2216970a6c000e70629ae"}) as unknown as TypedDocumentString<LeadsChangeStatusMutation, LeadsChangeStatusMutationVariables>;