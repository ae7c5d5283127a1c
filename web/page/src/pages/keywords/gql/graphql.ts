/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Input for archiving a keyword. */
export type ArchiveKeywordInput = {
  /** Global ID of the keyword. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for creating a keyword. The new keyword is ACTIVE. */
export type CreateKeywordInput = {
  /** Rule that makes leads of mentions: the least score of a lead, 0 to 100. When an analysis of a mention is recorded, the mention becomes a lead of origin AUTO if the lead's score would be at least this number. Applies to analyses that are recorded from then on, while the keyword is ACTIVE. Skips mentions that have a lead, that are dismissed, or whose lead was deleted. A lead needs an analysis with the status SUCCEEDED to have a score. Off by default. */
  autoLeadScore?: number | null | undefined;
  /** Terms that must not occur in a post: at most 50 terms of at most 200 characters. Defaults to an empty list. */
  excludedTerms?: Array<string> | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Words to watch for, 1 to 200 characters. Surrounding white space is removed. */
  keyword: string;
  /** Rule by which a post must contain the words. Defaults to PHRASE. */
  matchType?: MatchType | null | undefined;
  /** Platforms to watch. Empty for all platforms. Defaults to an empty list. */
  platforms?: Array<Platform> | null | undefined;
  /** Terms that a post must all contain in addition to the words: at most 50 terms of at most 200 characters. Defaults to an empty list. */
  requiredTerms?: Array<string> | null | undefined;
  /** Global ID of the user who will own the keyword. Defaults to the viewer. Only operators may name another user. */
  userId?: string | null | undefined;
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

/** Input for deleting a keyword. */
export type DeleteKeywordInput = {
  /** Global ID of the keyword. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
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

/** Filter for keywords. All given conditions must hold. */
export type KeywordFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<KeywordFilter> | null | undefined;
  /** Filters keywords by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters keywords by the words to watch for. */
  keyword?: NameComparison | null | undefined;
  /** Filters keywords by number of leads. */
  leadsCount?: IntComparison | null | undefined;
  /** Filters keywords by match type. */
  matchType?: MatchTypeComparison | null | undefined;
  /** Filters keywords by number of mentions. */
  mentionsCount?: IntComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: KeywordFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<KeywordFilter> | null | undefined;
  /** Filters keywords by status. */
  status?: KeywordStatusComparison | null | undefined;
  /** Filters keywords by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
};

/** Order of a list of keywords. */
export type KeywordOrder =
  /** Orders keywords by time of the last update, earliest first. A new or changed row comes last, even while others write, so a program that reads on from its last cursor misses no row. Requires a list with the rows of one user. Operators use such a list below `user`. */
  | 'EARLIEST_UPDATE'
  /** Orders keywords by time of the last update, latest first. */
  | 'LATEST_UPDATE'
  /** Orders keywords by number of leads, highest first. */
  | 'MOST_LEADS'
  /** Orders keywords by number of mentions, highest first. */
  | 'MOST_MENTIONS'
  /** Orders keywords by time of creation, newest first. */
  | 'NEWEST'
  /** Orders keywords by time of creation, oldest first. */
  | 'OLDEST'
  | '%future added value';

/** Status of a keyword, which determines whether new posts are matched against the keyword. */
export type KeywordStatus =
  /** New posts are matched against the keyword. */
  | 'ACTIVE'
  /** Matching has ended. The keyword and its mentions are kept. */
  | 'ARCHIVED'
  /** Matching is paused until the keyword is resumed. */
  | 'PAUSED'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type KeywordStatusComparison = {
  /** Equals the given value. */
  eq?: KeywordStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<KeywordStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<KeywordStatus> | null | undefined;
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

/** Conditions on a value. All given conditions must hold. */
export type MatchTypeComparison = {
  /** Equals the given value. */
  eq?: MatchType | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<MatchType> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<MatchType> | null | undefined;
};

/** Conditions on a string that is never null. All given conditions must hold. */
export type NameComparison = {
  /** Contains this string, regardless of case (at most 500 characters). */
  contains?: string | null | undefined;
  /** Equals this string, including case (at most 500 characters). */
  eq?: string | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<string> | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<string> | null | undefined;
};

/** Input for pausing a keyword. */
export type PauseKeywordInput = {
  /** Global ID of the keyword. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
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

/** Input for resuming a keyword. */
export type ResumeKeywordInput = {
  /** Global ID of the keyword. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for changing a keyword. Omitted fields stay unchanged. Null is allowed only for `autoLeadScore`. */
export type UpdateKeywordInput = {
  /** Rule that makes leads of mentions: the least score of a lead, 0 to 100. When an analysis of a mention is recorded, the mention becomes a lead of origin AUTO if the lead's score would be at least this number. Applies to analyses that are recorded from then on, while the keyword is ACTIVE. Skips mentions that have a lead, that are dismissed, or whose lead was deleted. A lead needs an analysis with the status SUCCEEDED to have a score. Null turns the rule off. */
  autoLeadScore?: number | null | undefined;
  /** Terms that must not occur in a post: at most 50 terms of at most 200 characters. */
  excludedTerms?: Array<string> | null | undefined;
  /** Global ID of the keyword. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Words to watch for, 1 to 200 characters. Surrounding white space is removed. */
  keyword?: string | null | undefined;
  /** Rule by which a post must contain the words. */
  matchType?: MatchType | null | undefined;
  /** Platforms to watch. Empty for all platforms. */
  platforms?: Array<Platform> | null | undefined;
  /** Terms that a post must all contain in addition to the words: at most 50 terms of at most 200 characters. */
  requiredTerms?: Array<string> | null | undefined;
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

export type KeywordsCreateMutationVariables = Exact<{
  input: CreateKeywordInput;
}>;


export type KeywordsCreateMutation = { createKeyword: { __typename: 'CreateKeywordPayload', keyword: { __typename: 'Keyword', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type KeywordsUpdateMutationVariables = Exact<{
  input: UpdateKeywordInput;
}>;


export type KeywordsUpdateMutation = { updateKeyword: { __typename: 'UpdateKeywordPayload', keyword: { __typename: 'Keyword', id: string, keyword: string, matchType: MatchType, requiredTerms: Array<string>, excludedTerms: Array<string>, platforms: Array<Platform>, autoLeadScore: number | null, updatedAt: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type KeywordsDeleteMutationVariables = Exact<{
  input: DeleteKeywordInput;
}>;


export type KeywordsDeleteMutation = { deleteKeyword: { __typename: 'DeleteKeywordPayload', deletedKeywordId: string | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type KeywordsListQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: KeywordFilter | null | undefined;
  orderBy?: KeywordOrder | null | undefined;
}>;


export type KeywordsListQuery = { keywords: { __typename: 'KeywordConnection', totalCount: number, nodes: Array<{ __typename: 'Keyword', id: string, keyword: string, matchType: MatchType, requiredTerms: Array<string>, excludedTerms: Array<string>, platforms: Array<Platform>, status: KeywordStatus, autoLeadScore: number | null, mentionsCount: number, leadsCount: number, convertedLeadsCount: number, updatedAt: string, rate: { __typename: 'Rate', value: number } }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } | null };

export type KeywordsPauseMutationVariables = Exact<{
  input: PauseKeywordInput;
}>;


export type KeywordsPauseMutation = { pauseKeyword: { __typename: 'PauseKeywordPayload', keyword: { __typename: 'Keyword', id: string, status: KeywordStatus, updatedAt: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type KeywordsResumeMutationVariables = Exact<{
  input: ResumeKeywordInput;
}>;


export type KeywordsResumeMutation = { resumeKeyword: { __typename: 'ResumeKeywordPayload', keyword: { __typename: 'Keyword', id: string, status: KeywordStatus, updatedAt: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type KeywordsArchiveMutationVariables = Exact<{
  input: ArchiveKeywordInput;
}>;


export type KeywordsArchiveMutation = { archiveKeyword: { __typename: 'ArchiveKeywordPayload', keyword: { __typename: 'Keyword', id: string, status: KeywordStatus, updatedAt: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

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

export const KeywordsCreateDocument = new TypedDocumentString(`
    mutation KeywordsCreate($input: CreateKeywordInput!) {
  createKeyword(input: $input) {
    keyword {
      id
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
    `, {"hash":"sha256:ab17a7316db6d6a5477f8bc9f930e9feb5e6bf78651b9643721b273c960e2a04"}) as unknown as TypedDocumentString<KeywordsCreateMutation, KeywordsCreateMutationVariables>;
export const KeywordsUpdateDocument = new TypedDocumentString(`
    mutation KeywordsUpdate($input: UpdateKeywordInput!) {
  updateKeyword(input: $input) {
    keyword {
      id
      keyword
      matchType
      requiredTerms
      excludedTerms
      platforms
      autoLeadScore
      updatedAt
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
    `, {"hash":"sha256:9906cb25ec5f3b751f87e6fd0cb931f93e4ff9c8fa821b47165514e73c9280a9"}) as unknown as TypedDocumentString<KeywordsUpdateMutation, KeywordsUpdateMutationVariables>;
export const KeywordsDeleteDocument = new TypedDocumentString(`
    mutation KeywordsDelete($input: DeleteKeywordInput!) {
  deleteKeyword(input: $input) {
    deletedKeywordId
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:a336cb4df6651364ae02fc0ff3dec1e95d2ee323cbb668a16021e82fa0e883e3"}) as unknown as TypedDocumentString<KeywordsDeleteMutation, KeywordsDeleteMutationVariables>;
export const KeywordsListDocument = new TypedDocumentString(`
    query KeywordsList($first: Int!, $after: String, $filter: KeywordFilter, $orderBy: KeywordOrder) {
  keywords(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    totalCount
    nodes {
      id
      keyword
      matchType
      requiredTerms
      excludedTerms
      platforms
      status
      autoLeadScore
      mentionsCount
      leadsCount
      convertedLeadsCount
      updatedAt
      rate(basis: LEADS_PER_MENTION) {
        value
        __typename
      }
      __typename
    }
    pageInfo {
      hasNextPage
      endCursor
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:69485ac1238b7e009deb44c7e6163ffde7bc45d53e4c6416d2b1037cda880bb5"}) as unknown as TypedDocumentString<KeywordsListQuery, KeywordsListQueryVariables>;
export const KeywordsPauseDocument = new TypedDocumentString(`
    mutation KeywordsPause($input: PauseKeywordInput!) {
  pauseKeyword(input: $input) {
    keyword {
      id
      status
      updatedAt
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
    `, {"hash":"sha256:ef19144d5b459ae745ee7036053642c69ad3428e690794625f1f1ddcab725d53"}) as unknown as TypedDocumentString<KeywordsPauseMutation, KeywordsPauseMutationVariables>;
export const KeywordsResumeDocument = new TypedDocumentString(`
    mutation KeywordsResume($input: ResumeKeywordInput!) {
  resumeKeyword(input: $input) {
    keyword {
      id
      status
      updatedAt
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
    `, {"hash":"sha256:2aaa4a71e7ce5e5c63095e0d5f84407b058aa35171f603b8ff21e7410368909d"}) as unknown as TypedDocumentString<KeywordsResumeMutation, KeywordsResumeMutationVariables>;
export const KeywordsArchiveDocument = new TypedDocumentString(`
    mutation KeywordsArchive($input: ArchiveKeywordInput!) {
  archiveKeyword(input: $input) {
    keyword {
      id
      status
      updatedAt
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
    `, {"hash":"sha256:04bf36e8c8ba3be03112db047dd3df6bc37ec10e46400dc43748c880706dccf2"}) as unknown as TypedDocumentString<KeywordsArchiveMutation, KeywordsArchiveMutationVariables>;