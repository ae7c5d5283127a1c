/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Status of the analysis of a mention. */
export type AnalysisStatus =
  /** The analysis failed. The field `error` may give the reason. */
  | 'FAILED'
  /** The analysis has not started. */
  | 'PENDING'
  /** The analysis was skipped in whole or in part, for example because of the language. */
  | 'SKIPPED'
  /** The analysis succeeded, with at least a sentiment and a relevance. */
  | 'SUCCEEDED'
  | '%future added value';

/** Input for creating a lead from a mention. */
export type CreateLeadInput = {
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
  /** ID of the lead in a partner's system, at most 200 characters. Must be unique among the leads of a user. Null or an empty string for no ID. */
  externalReference?: string | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Global ID of the mention. */
  mentionId: string;
  /** Notes on the lead, at most 20,000 characters. Defaults to an empty string. */
  notes?: string | null | undefined;
  /** Origin of the lead. Defaults to MANUAL. */
  origin?: LeadOrigin | null | undefined;
  /** Tags of the lead: at most 50 tags of at most 50 characters. Defaults to an empty list. */
  tags?: Array<string> | null | undefined;
  /** Expected value, 0 to 999999999999.99, with at most two decimals. A lead must have both `value` and `currency`, or neither. */
  value?: string | null | undefined;
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

/** Input for deleting a lead. */
export type DeleteLeadInput = {
  /** The `version` of the lead that the caller has read. If the lead has another version, the mutation writes nothing and fails with CONFLICT. By default, the version is not checked. */
  expectedVersion?: number | null | undefined;
  /** Global ID of the lead. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Reason for the dismissal of a mention. */
export type DismissReason =
  /** The mention repeats another mention. */
  | 'DUPLICATE'
  /** The mention is unrelated to the purpose of the keyword. */
  | 'IRRELEVANT'
  /** The mention was dismissed for another reason. */
  | 'OTHER'
  /** The author is the user or a colleague of the user. */
  | 'OWN_POST'
  /** The mention is spam. */
  | 'SPAM'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type DismissReasonComparison = {
  /** Equals the given value. */
  eq?: DismissReason | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<DismissReason> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<DismissReason> | null | undefined;
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

/** Rule by which a post must contain the words of a keyword. Matches whole words, regardless of case. */
export type MatchType =
  /** The post must contain all words, in any place and order. */
  | 'ALL_WORDS'
  /** The post must contain at least one of the words. */
  | 'ANY_WORD'
  /** The post must contain all words, next to each other and in the same order. */
  | 'PHRASE'
  | '%future added value';

/** Filter for mentions. All given conditions must hold. */
export type MentionFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<MentionFilter> | null | undefined;
  /** Filters mentions by name of the author. */
  author?: TextComparison | null | undefined;
  /** Filters mentions by number of comments. */
  comments?: IntComparison | null | undefined;
  /** Filters mentions by time of ingestion. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters mentions by reason for the dismissal. */
  dismissReason?: DismissReasonComparison | null | undefined;
  /** Filters mentions by whether the mention is dismissed. */
  dismissed?: boolean | null | undefined;
  /** Filters mentions by whether the user has engaged with the author. */
  engaged?: boolean | null | undefined;
  /** Filters mentions by ID of the publication on the platform. */
  externalId?: TextComparison | null | undefined;
  /** Filters mentions by whether the mention has a lead. */
  hasLead?: boolean | null | undefined;
  /** Filters mentions by the ID of the integration that delivered the mention. */
  integrationId?: IdComparison | null | undefined;
  /** Filters mentions by intent. The intent is null without an analysis. */
  intent?: IntentComparison | null | undefined;
  /** Filters mentions by the ID of the keyword. */
  keywordId?: IdComparison | null | undefined;
  /** Filters mentions by kind of publication. */
  kind?: MentionKindComparison | null | undefined;
  /** Filters mentions by language tag, such as `en`. */
  language?: TextComparison | null | undefined;
  /** Filters mentions by current status of the lead. The status is null without a lead. */
  leadStatus?: LeadStatusComparison | null | undefined;
  /** Filters mentions by number of likes. */
  likes?: IntComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: MentionFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<MentionFilter> | null | undefined;
  /** Filters mentions by platform. */
  platform?: PlatformComparison | null | undefined;
  /** Filters mentions by time of publication. */
  publishedAt?: DateTimeComparison | null | undefined;
  /** Filters mentions by whether the mention is marked as read. */
  read?: boolean | null | undefined;
  /** Filters mentions by relevance. The relevance is null without an analysis. */
  relevance?: RelevanceComparison | null | undefined;
  /** Filters mentions by relevance score, from 0 to 100. The score is null without an analysis. */
  relevanceScore?: IntComparison | null | undefined;
  /** Filters mentions by a full-text search in title and text, for whole words and regardless of case. `crm "sales team" -jobs` requires a word and a phrase, and excludes a word. `crm or invoicing` requires one of two words. `C++` and `node.js` require their signs. At most 500 characters. */
  search?: string | null | undefined;
  /** Filters mentions by sentiment. The sentiment is null without an analysis. */
  sentiment?: SentimentComparison | null | undefined;
  /** Filters mentions by whether the mention is starred. */
  starred?: boolean | null | undefined;
  /** Filters mentions by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
};

/** Kind of publication of a mention. */
export type MentionKind =
  /** An article, such as a news story. */
  | 'ARTICLE'
  /** A comment on a post. */
  | 'COMMENT'
  /** Any other kind of publication. */
  | 'OTHER'
  /** A post that starts a thread or stands alone. */
  | 'POST'
  /** A reply to a comment. */
  | 'REPLY'
  /** A review, such as of a product. */
  | 'REVIEW'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type MentionKindComparison = {
  /** Equals the given value. */
  eq?: MentionKind | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<MentionKind> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<MentionKind> | null | undefined;
};

/** Order of a list of mentions. */
export type MentionOrder =
  /** Orders mentions by relevance to the filter's `search`, best match first. Requires `search`. */
  | 'BEST_MATCH'
  /** Orders mentions by time of the last update, earliest first. A new or changed row comes last, even while others write, so a program that reads on from its last cursor misses no row. Requires a list with the rows of one user. Operators use such a list below `user`. */
  | 'EARLIEST_UPDATE'
  /** Orders mentions by time of publication, latest first. Mentions without that time come last. */
  | 'LATEST_PUBLISHED'
  /** Orders mentions by time of the last update, latest first. */
  | 'LATEST_UPDATE'
  /** Orders mentions by relevance score, highest first. Requires a condition such as `relevanceScore: {gte: 0}`. */
  | 'MOST_RELEVANT'
  /** Orders mentions by time of ingestion, newest first. */
  | 'NEWEST'
  /** Orders mentions by time of ingestion, oldest first. */
  | 'OLDEST'
  | '%future added value';

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

/** Relevance of a mention to the purpose of the keyword. */
export type Relevance =
  /** The mention fits the keyword well. */
  | 'HIGH'
  /** The mention hardly fits the keyword. */
  | 'LOW'
  /** The mention may fit the keyword. */
  | 'MEDIUM'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type RelevanceComparison = {
  /** Equals the given value. */
  eq?: Relevance | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<Relevance> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<Relevance> | null | undefined;
};

/** Sentiment of a mention. */
export type Sentiment =
  /** The sentiment is both positive and negative. */
  | 'MIXED'
  /** The sentiment is negative. */
  | 'NEGATIVE'
  /** The sentiment is neither positive nor negative. */
  | 'NEUTRAL'
  /** The sentiment is positive. */
  | 'POSITIVE'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type SentimentComparison = {
  /** Equals the given value. */
  eq?: Sentiment | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<Sentiment> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<Sentiment> | null | undefined;
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

/** Input for the triage of many mentions. Omitted fields stay unchanged. Existing marks keep their time. */
export type TriageMentionsInput = {
  /** Reason for the dismissal. Allowed only with `dismissed: true`. Null removes the reason. */
  dismissReason?: DismissReason | null | undefined;
  /** True dismisses the mention and also marks the mention as read, unless `read` is given. False reverses the dismissal and removes the reason. Null is not allowed. */
  dismissed?: boolean | null | undefined;
  /** True records that the user has engaged with the author and also marks the mention as read, unless `read` is given. False removes the record. Null is not allowed. */
  engaged?: boolean | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Global IDs of 1 to 1,000 mentions. All mentions must exist. */
  ids: Array<string>;
  /** True marks the mention as read, false as unread. Null is not allowed. */
  read?: boolean | null | undefined;
  /** True stars the mention, false removes the star. Null is not allowed. */
  starred?: boolean | null | undefined;
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

export type InboxKeywordsQueryVariables = Exact<{ [key: string]: never; }>;


export type InboxKeywordsQuery = { keywords: { __typename: 'KeywordConnection', nodes: Array<{ __typename: 'Keyword', id: string, keyword: string }> } | null };

export type InboxMentionFragment = { __typename: 'Mention', id: string, platform: Platform, url: string, title: string | null, content: string, author: string, language: string | null, likes: number | null, comments: number | null, publishedAt: string | null, createdAt: string, readAt: string | null, starredAt: string | null, dismissedAt: string | null, dismissReason: DismissReason | null, keyword: { __typename: 'Keyword', id: string, keyword: string, matchType: MatchType }, analysis: { __typename: 'Analysis', status: AnalysisStatus, sentiment: Sentiment | null, intent: Intent | null, relevance: Relevance | null, relevanceScore: number | null, relevanceReason: string, topics: Array<string>, summary: string } | null, lead: { __typename: 'Lead', id: string, status: LeadStatus } | null } & { ' $fragmentName'?: 'InboxMentionFragment' };

export type InboxListQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter: MentionFilter;
  order: MentionOrder;
}>;


export type InboxListQuery = { mentions: { __typename: 'MentionConnection', nodes: Array<(
      { __typename: 'Mention' }
      & { ' $fragmentRefs'?: { 'InboxMentionFragment': InboxMentionFragment } }
    )>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } | null };

export type InboxCountsQueryVariables = Exact<{
  filter: MentionFilter;
  unread: MentionFilter;
}>;


export type InboxCountsQuery = { shown: { __typename: 'MentionStats', count: number } | null, unread: { __typename: 'MentionStats', count: number } | null };

export type InboxAddedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  filter: MentionFilter;
}>;


export type InboxAddedSubscription = { mentionAdded: { __typename: 'MentionsAdded', cursor: string, mentions: Array<(
      { __typename: 'Mention' }
      & { ' $fragmentRefs'?: { 'InboxMentionFragment': InboxMentionFragment } }
    )> } | null };

export type InboxMarksQueryVariables = Exact<{
  ids: Array<string> | string;
}>;


export type InboxMarksQuery = { nodes: Array<
    | { __typename: 'ApiKey', id: string }
    | { __typename: 'Export', id: string }
    | { __typename: 'Integration', id: string }
    | { __typename: 'IntegrationLog', id: string }
    | { __typename: 'Keyword', id: string }
    | { __typename: 'Lead', id: string }
    | { __typename: 'LeadEvent', id: string }
    | { __typename: 'Mention', readAt: string | null, starredAt: string | null, dismissedAt: string | null, dismissReason: DismissReason | null, id: string, lead: { __typename: 'Lead', id: string, status: LeadStatus } | null }
    | { __typename: 'User', id: string }
    | { __typename: 'Webhook', id: string }
    | { __typename: 'WebhookDelivery', id: string }
   | null> | null };

export type InboxOneQueryVariables = Exact<{
  id: string;
}>;


export type InboxOneQuery = { mention: (
    { __typename: 'Mention' }
    & { ' $fragmentRefs'?: { 'InboxMentionFragment': InboxMentionFragment } }
  ) | null };

export type InboxTriageMutationVariables = Exact<{
  input: TriageMentionsInput;
}>;


export type InboxTriageMutation = { triageMentions: { __typename: 'TriageMentionsPayload', changedCount: number, mentions: Array<{ __typename: 'Mention', id: string, readAt: string | null, starredAt: string | null, dismissedAt: string | null, dismissReason: DismissReason | null }>, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type InboxCreateLeadMutationVariables = Exact<{
  input: CreateLeadInput;
}>;


export type InboxCreateLeadMutation = { createLead: { __typename: 'CreateLeadPayload', created: boolean, lead: { __typename: 'Lead', id: string, status: LeadStatus, mention: { __typename: 'Mention', id: string, lead: { __typename: 'Lead', id: string } | null } } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type InboxDeleteLeadMutationVariables = Exact<{
  input: DeleteLeadInput;
}>;


export type InboxDeleteLeadMutation = { deleteLead: { __typename: 'DeleteLeadPayload', deletedLeadId: string | null, mention: { __typename: 'Mention', id: string, lead: { __typename: 'Lead', id: string } | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

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
export const InboxMentionFragmentDoc = new TypedDocumentString(`
    fragment InboxMention on Mention {
  id
  platform
  url
  title
  content
  author
  language
  likes
  comments
  publishedAt
  createdAt
  readAt
  starredAt
  dismissedAt
  dismissReason
  keyword {
    id
    keyword
    matchType
    __typename
  }
  analysis {
    status
    sentiment
    intent
    relevance
    relevanceScore
    relevanceReason
    topics
    summary
    __typename
  }
  lead {
    id
    status
    __typename
  }
  __typename
}
    `, {"fragmentName":"InboxMention"}) as unknown as TypedDocumentString<InboxMentionFragment, unknown>;
export const InboxKeywordsDocument = new TypedDocumentString(`
    query InboxKeywords {
  keywords(first: 100, orderBy: MOST_MENTIONS) {
    nodes {
      id
      keyword
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:d3d9aafd427c2d3794d4f360ebdcd3cf97d4dfa45b36d440fc74eed95805b270"}) as unknown as TypedDocumentString<InboxKeywordsQuery, InboxKeywordsQueryVariables>;
export const InboxListDocument = new TypedDocumentString(`
    query InboxList($first: Int!, $after: String, $filter: MentionFilter!, $order: MentionOrder!) {
  mentions(first: $first, after: $after, filter: $filter, orderBy: $order) {
    nodes {
      ...InboxMention
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
    fragment InboxMention on Mention {
  id
  platform
  url
  title
  content
  author
  language
  likes
  comments
  publishedAt
  createdAt
  readAt
  starredAt
  dismissedAt
  dismissReason
  keyword {
    id
    keyword
    matchType
    __typename
  }
  analysis {
    status
    sentiment
    intent
    relevance
    relevanceScore
    relevanceReason
    topics
    summary
    __typename
  }
  lead {
    id
    status
    __typename
  }
  __typename
}`, {"hash":"sha256:a05d6f2d6ffba59cdc0de656aa4c9a669571dcc7232f85be65ca73ad25f66ad3"}) as unknown as TypedDocumentString<InboxListQuery, InboxListQueryVariables>;
export const InboxCountsDocument = new TypedDocumentString(`
    query InboxCounts($filter: MentionFilter!, $unread: MentionFilter!) {
  shown: mentionStats(filter: $filter) {
    count
    __typename
  }
  unread: mentionStats(filter: $unread) {
    count
    __typename
  }
}
    `, {"hash":"sha256:501c564edf22b54ee07d8976c81c03c7d6bf7211c23dc0af2aaf0db58e1ccc26"}) as unknown as TypedDocumentString<InboxCountsQuery, InboxCountsQueryVariables>;
export const InboxAddedDocument = new TypedDocumentString(`
    subscription InboxAdded($after: String, $filter: MentionFilter!) {
  mentionAdded(after: $after, filter: $filter) {
    cursor
    mentions {
      ...InboxMention
      __typename
    }
    __typename
  }
}
    fragment InboxMention on Mention {
  id
  platform
  url
  title
  content
  author
  language
  likes
  comments
  publishedAt
  createdAt
  readAt
  starredAt
  dismissedAt
  dismissReason
  keyword {
    id
    keyword
    matchType
    __typename
  }
  analysis {
    status
    sentiment
    intent
    relevance
    relevanceScore
    relevanceReason
    topics
    summary
    __typename
  }
  lead {
    id
    status
    __typename
  }
  __typename
}`, {"hash":"sha256:03a8fc672b5d2607ef8c3567ea72ba128ecbcf71aacdc7e151afb54e9ad3b124"}) as unknown as TypedDocumentString<InboxAddedSubscription, InboxAddedSubscriptionVariables>;
export const InboxMarksDocument = new TypedDocumentString(`
    query InboxMarks($ids: [ID!]!) @live {
  nodes(ids: $ids) {
    id
    ... on Mention {
      readAt
      starredAt
      dismissedAt
      dismissReason
      lead {
        id
        status
        __typename
      }
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:dc156fe054577500be87faca4a969e5061af8e48cbf97f03b4407d798711e04a"}) as unknown as TypedDocumentString<InboxMarksQuery, InboxMarksQueryVariables>;
export const InboxOneDocument = new TypedDocumentString(`
    query InboxOne($id: ID!) {
  mention(id: $id) {
    ...InboxMention
    __typename
  }
}
    fragment InboxMention on Mention {
  id
  platform
  url
  title
  content
  author
  language
  likes
  comments
  publishedAt
  createdAt
  readAt
  starredAt
  dismissedAt
  dismissReason
  keyword {
    id
    keyword
    matchType
    __typename
  }
  analysis {
    status
    sentiment
    intent
    relevance
    relevanceScore
    relevanceReason
    topics
    summary
    __typename
  }
  lead {
    id
    status
    __typename
  }
  __typename
}`, {"hash":"sha256:9faf621966da5ed9f04f069ee6c22f3019450a73edead400479b33c6e90d675f"}) as unknown as TypedDocumentString<InboxOneQuery, InboxOneQueryVariables>;
export const InboxTriageDocument = new TypedDocumentString(`
    mutation InboxTriage($input: TriageMentionsInput!) {
  triageMentions(input: $input) {
    changedCount
    mentions {
      id
      readAt
      starredAt
      dismissedAt
      dismissReason
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
    `, {"hash":"sha256:a98133d130d1bbe2d3b056a8726e2cb0725c245aa2b739d851fe0e9216c5ff97"}) as unknown as TypedDocumentString<InboxTriageMutation, InboxTriageMutationVariables>;
export const InboxCreateLeadDocument = new TypedDocumentString(`
    mutation InboxCreateLead($input: CreateLeadInput!) {
  createLead(input: $input) {
    created
    lead {
      id
      status
      mention {
        id
        lead {
          id
          __typename
        }
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
    `, {"hash":"sha256:d71b1dcb48407f062f1e66f0231e04b0447a58f59ed944764fe323b055a9b8f3"}) as unknown as TypedDocumentString<InboxCreateLeadMutation, InboxCreateLeadMutationVariables>;
export const InboxDeleteLeadDocument = new TypedDocumentString(`
    mutation InboxDeleteLead($input: DeleteLeadInput!) {
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
    `, {"hash":"sha256:7e4b12d00944f9689350dc627d189004298d3369ddf205bbebd8c3428665f749"}) as unknown as TypedDocumentString<InboxDeleteLeadMutation, InboxDeleteLeadMutationVariables>;