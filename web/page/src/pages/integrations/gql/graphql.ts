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

/** Input for connecting an account. The new integration is ACTIVE. */
export type ConnectIntegrationInput = {
  /** Credentials of the account in the format of the provider, such as a token, 1 to 16,384 characters. Credentials are stored encrypted and never returned. By default, no credentials are stored. */
  credentials?: string | null | undefined;
  /** Time when the credentials expire. Unknown by default. */
  credentialsExpiresAt?: string | null | undefined;
  /** ID of the account at the service, at most 200 characters. An account can be connected only once. Defaults to an empty string. */
  externalAccountId?: string | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Purpose of the integration. Defaults to CRM for HubSpot, Salesforce, Pipedrive and Zapier, to NOTIFICATION for Slack, Discord, email and webhooks, and to SOURCE for all other providers. */
  kind?: IntegrationKind | null | undefined;
  /** Name of the integration, at most 200 characters. Defaults to an empty string. */
  name?: string | null | undefined;
  /** Service to which the integration connects. */
  provider: IntegrationProvider;
  /** Permissions of the integration at the service: at most 50 names of at most 200 characters. Defaults to an empty list. */
  scopes?: Array<string> | null | undefined;
  /** Settings of the integration, a JSON object of at most 8,192 bytes. Must not contain credentials, because all users who may see the integration see its settings. Defaults to an empty object. */
  settings?: unknown;
  /** Time between two runs in minutes, 1 to 10,080. Defaults to 15. */
  syncIntervalMinutes?: number | null | undefined;
  /** Global ID of the user who will own the integration. Defaults to the viewer. Only operators may name another user. */
  userId?: string | null | undefined;
};

/** Input for creating a webhook of the viewer. */
export type CreateWebhookInput = {
  /** Purpose of the webhook, at most 500 characters. Defaults to an empty string. */
  description?: string | null | undefined;
  /** Query whose result the messages contain instead of the main fields, at most 20,000 characters. Its only variable is `$id: ID!`, the global ID of the object. The query runs with the scopes of the webhook. Defaults to the main fields. */
  document?: string | null | undefined;
  /** Types of the events, at least one. */
  eventTypes: Array<WebhookEventType>;
  /** Conditions on the objects of the events, as in the lists. An event is sent if its object matches when the event is read. Events about deleted objects are always sent. By default, all objects. */
  filter?: WebhookFilterInput | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Scopes to read with which payloads are rendered, all of which the calling API key or session must have. Defaults to all scopes to read of the calling API key or session. */
  scopes?: Array<string> | null | undefined;
  /** Version of the signatures. Defaults to V1. */
  signature?: WebhookSignature | null | undefined;
  /** URL to which messages are sent: `https://`, a public host, the port 443 or 8443, without user name, password and fragment. At most 2,048 characters. */
  url: string;
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

/** Input for deleting an integration. */
export type DeleteIntegrationInput = {
  /** Global ID of the integration. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for deleting a webhook. */
export type DeleteWebhookInput = {
  /** Global ID of the webhook, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for disconnecting an integration. */
export type DisconnectIntegrationInput = {
  /** Global ID of the integration. */
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

/** Entity whose rows an export lists. */
export type ExportEntity =
  /** The export lists integrations. */
  | 'INTEGRATIONS'
  /** The export lists logs of integrations. */
  | 'INTEGRATION_LOGS'
  /** The export lists keywords. */
  | 'KEYWORDS'
  /** The export lists leads. */
  | 'LEADS'
  /** The export lists mentions. */
  | 'MENTIONS'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type ExportEntityComparison = {
  /** Equals the given value. */
  eq?: ExportEntity | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<ExportEntity> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<ExportEntity> | null | undefined;
};

/** Filter for exports. All given conditions must hold. */
export type ExportFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<ExportFilter> | null | undefined;
  /** Filters exports by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters exports by entity. */
  entity?: ExportEntityComparison | null | undefined;
  /** Filters exports by file format. */
  format?: ExportFormatComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: ExportFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<ExportFilter> | null | undefined;
  /** Filters exports by status. */
  status?: ExportStatusComparison | null | undefined;
  /** Filters exports by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
};

/** Format of the rows of an export. */
export type ExportFormat =
  /** Comma-separated values (RFC 4180) with a header line. Null is an empty value and lists are JSON. A string that a spreadsheet would read as a formula is prefixed with an apostrophe. */
  | 'CSV'
  /** One JSON object per line, with one member per column. Values are formatted as in this API. */
  | 'JSON_LINES'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type ExportFormatComparison = {
  /** Equals the given value. */
  eq?: ExportFormat | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<ExportFormat> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<ExportFormat> | null | undefined;
};

/** Status of an export. */
export type ExportStatus =
  /** The user cancelled the export. */
  | 'CANCELLED'
  /** The export failed. The field `error` gives the reason. */
  | 'FAILED'
  /** The export waits for a worker. */
  | 'QUEUED'
  /** A worker is writing the file. */
  | 'RUNNING'
  /** The file is complete and can be downloaded until `expiresAt`. */
  | 'SUCCEEDED'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type ExportStatusComparison = {
  /** Equals the given value. */
  eq?: ExportStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<ExportStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<ExportStatus> | null | undefined;
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

/** Filter for integrations. All given conditions must hold. */
export type IntegrationFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<IntegrationFilter> | null | undefined;
  /** Filters integrations by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters integrations by health score, from 0 to 100. The score is null if unknown. */
  healthScore?: IntComparison | null | undefined;
  /** Filters integrations by purpose. */
  kind?: IntegrationKindComparison | null | undefined;
  /** Filters integrations by end of the last SYNC, PUSH or AUTH run. */
  lastSyncedAt?: DateTimeComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: IntegrationFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<IntegrationFilter> | null | undefined;
  /** Filters integrations by service. */
  provider?: IntegrationProviderComparison | null | undefined;
  /** Filters integrations by status. */
  status?: IntegrationStatusComparison | null | undefined;
  /** Filters integrations by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
};

/** Purpose of an integration. */
export type IntegrationKind =
  /** The integration sends leads to a CRM. */
  | 'CRM'
  /** The integration sends notifications. */
  | 'NOTIFICATION'
  /** The integration delivers mentions. */
  | 'SOURCE'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type IntegrationKindComparison = {
  /** Equals the given value. */
  eq?: IntegrationKind | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<IntegrationKind> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<IntegrationKind> | null | undefined;
};

/** Kind of a run or event of an integration. */
export type IntegrationLogKind =
  /** The integration renewed its credentials. */
  | 'AUTH'
  /** The settings of the integration were changed. Not a run, so the change is only logged. */
  | 'CONFIG'
  /** The integration sent leads or notifications. */
  | 'PUSH'
  /** The integration fetched mentions. */
  | 'SYNC'
  /** The integration received a webhook call. Not a run, so the call is only logged. */
  | 'WEBHOOK'
  | '%future added value';

/** Result of a run of an integration. */
export type IntegrationLogStatus =
  /** The run failed as a whole. */
  | 'FAILED'
  /** The run succeeded for some items and failed for others. */
  | 'PARTIAL'
  /** The service limited the rate of the run and asked to retry later. */
  | 'RATE_LIMITED'
  /** The run had nothing to do, and counts as a success. */
  | 'SKIPPED'
  /** The run has started and has not ended. */
  | 'STARTED'
  /** The run succeeded for all items. */
  | 'SUCCEEDED'
  | '%future added value';

/** A problem of an integration. */
export type IntegrationProblem =
  /** The credentials of the integration have expired. */
  | 'CREDENTIALS_EXPIRED'
  /** No longer returned, because a disconnected integration has no health. */
  | 'DISCONNECTED'
  /** Three or more runs have failed since the last successful run. */
  | 'FAILING'
  /** The integration is ACTIVE, and no run has succeeded for four sync intervals since it was last resumed. */
  | 'OVERDUE'
  /** The service limited the rate of the latest run. */
  | 'RATE_LIMITED'
  /** The status of the integration is ERROR, and the user must act. */
  | 'STOPPED'
  /** The latest run failed with the HTTP status 401 or 403, or failed to renew the credentials. Runs from before the current credentials do not count. */
  | 'UNAUTHORIZED'
  /** Less than 90 percent of the runs of the last 24 hours succeeded. */
  | 'UNRELIABLE'
  | '%future added value';

/** Service to which an integration connects. */
export type IntegrationProvider =
  /** The integration connects to Bluesky. */
  | 'BLUESKY'
  /** The integration connects to Discord. */
  | 'DISCORD'
  /** The integration connects to email. */
  | 'EMAIL'
  /** The integration connects to GitHub. */
  | 'GITHUB'
  /** The integration connects to Hacker News. */
  | 'HACKERNEWS'
  /** The integration connects to HubSpot. */
  | 'HUBSPOT'
  /** The integration connects to LinkedIn. */
  | 'LINKEDIN'
  /** The integration connects to Pipedrive. */
  | 'PIPEDRIVE'
  /** The integration connects to Reddit. */
  | 'REDDIT'
  /** The integration connects to an RSS or Atom feed. */
  | 'RSS'
  /** The integration connects to Salesforce. */
  | 'SALESFORCE'
  /** The integration connects to Slack. */
  | 'SLACK'
  /** The integration connects to a webhook of the user. */
  | 'WEBHOOK'
  /** The integration connects to X, formerly Twitter. */
  | 'X'
  /** The integration connects to YouTube. */
  | 'YOUTUBE'
  /** The integration connects to Zapier. */
  | 'ZAPIER'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type IntegrationProviderComparison = {
  /** Equals the given value. */
  eq?: IntegrationProvider | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<IntegrationProvider> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<IntegrationProvider> | null | undefined;
};

/** Status of an integration. */
export type IntegrationStatus =
  /** The integration is in use. */
  | 'ACTIVE'
  /** The integration is disconnected and kept for its history. */
  | 'DISCONNECTED'
  /** An error has stopped the integration, and the user must act. */
  | 'ERROR'
  /** The user has paused the integration. */
  | 'PAUSED'
  /** The integration is connected and has not been used. */
  | 'PENDING'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type IntegrationStatusComparison = {
  /** Equals the given value. */
  eq?: IntegrationStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<IntegrationStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<IntegrationStatus> | null | undefined;
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

/** Input for pausing an integration. */
export type PauseIntegrationInput = {
  /** Global ID of the integration. */
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

/** Input for replaying a delivery. */
export type ReplayWebhookDeliveryInput = {
  /** Global ID of the delivery. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for continuing a webhook from another position of the change feed. */
export type ReplayWebhookInput = {
  /** Cursor of the change feed after which the webhook goes on. By default, it goes on from now and skips all events in between. */
  after?: string | null | undefined;
  /** Global ID of the webhook, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for resuming an integration. */
export type ResumeIntegrationInput = {
  /** Global ID of the integration. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Input for replacing the secret of a webhook. */
export type RotateWebhookSecretInput = {
  /** Global ID of the webhook, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Seconds in which the present secrets still sign, 0 to 2,592,000. Messages then have several signatures. */
  overlapSeconds?: number | null | undefined;
  /** Version of the new signature. Defaults to that of the present one. */
  signature?: WebhookSignature | null | undefined;
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

/** Conditions on a list of tags. All given conditions must hold. */
export type TagsComparison = {
  /** Has all of these tags, including case (at most 250). An empty list matches all rows. */
  hasAll?: Array<string> | null | undefined;
  /** Has at least one of these tags, including case (at most 250). An empty list matches no rows. */
  hasAny?: Array<string> | null | undefined;
};

/** Input for rendering a message of a webhook. Requires exactly one of `objectId` and `change`. */
export type TestWebhookInput = {
  /** Cursor of the past change that the message is about, as an edge of `changes` has it. The object is rendered as it is now. */
  change?: string | null | undefined;
  /** Global ID of the webhook, which must be the viewer's own. */
  id: string;
  /** Global ID of the object that the message is about, as if the first event type of the webhook about the object occurred now. */
  objectId?: string | null | undefined;
  /** Sends the message once to the URL of the webhook, even if there are mismatches. Its ID begins with `msg_test_`. The delivery is not stored and not repeated. */
  send?: boolean | null | undefined;
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

/** Input for changing an integration. Omitted fields stay unchanged. */
export type UpdateIntegrationInput = {
  /** Credentials of the account in the format of the provider, such as a token, 1 to 16,384 characters. Credentials are stored encrypted and never returned. Null deletes the credentials. */
  credentials?: string | null | undefined;
  /** Time when the credentials expire. Null if unknown. New credentials without this field discard a time that has passed. */
  credentialsExpiresAt?: string | null | undefined;
  /** Global ID of the integration. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Name of the integration, at most 200 characters. Null is not allowed. */
  name?: string | null | undefined;
  /** Permissions of the integration at the service: at most 50 names of at most 200 characters. Replaces all existing permissions. Null is not allowed. */
  scopes?: Array<string> | null | undefined;
  /** Settings of the integration, a JSON object of at most 8,192 bytes. Must not contain credentials, because all users who may see the integration see its settings. Replaces all existing settings. Null is not allowed. */
  settings?: unknown;
  /** Time between two runs in minutes, 1 to 10,080. Null is not allowed. */
  syncIntervalMinutes?: number | null | undefined;
};

/** Input for changing a webhook. Omitted fields stay unchanged. */
export type UpdateWebhookInput = {
  /** Purpose of the webhook, at most 500 characters. Null is not allowed. */
  description?: string | null | undefined;
  /** Query whose result the messages contain instead of the main fields, at most 20,000 characters. Its only variable is `$id: ID!`, the global ID of the object. The query runs with the scopes of the webhook. Null for the main fields. */
  document?: string | null | undefined;
  /** Types of the events, at least one. Null is not allowed. */
  eventTypes?: Array<WebhookEventType> | null | undefined;
  /** Conditions on the objects of the events, as in the lists. An event is sent if its object matches when the event is read. Events about deleted objects are always sent. Null removes the filter. */
  filter?: WebhookFilterInput | null | undefined;
  /** Global ID of the webhook, which must be the viewer's own. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** Scopes to read with which payloads are rendered, all of which the calling API key or session must have. Null is not allowed. */
  scopes?: Array<string> | null | undefined;
  /** ACTIVE or PAUSED. ACTIVE enables a disabled webhook again. Null is not allowed. */
  status?: WebhookStatus | null | undefined;
  /** URL to which messages are sent: `https://`, a public host, the port 443 or 8443, without user name, password and fragment. At most 2,048 characters. Null is not allowed. */
  url?: string | null | undefined;
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

/** Filter for users. All given conditions must hold. */
export type UserFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<UserFilter> | null | undefined;
  /** Filters users by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters users by email address. */
  email?: NameComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: UserFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<UserFilter> | null | undefined;
  /** Filters users by role. */
  role?: UserRoleComparison | null | undefined;
  /** Filters users by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
};

/** Role of a user, which determines the rows that the user may see. */
export type UserRole =
  /** The user may see only the user's own rows. */
  | 'MEMBER'
  /** The user may see the rows of all users. */
  | 'OPERATOR'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type UserRoleComparison = {
  /** Equals the given value. */
  eq?: UserRole | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<UserRole> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<UserRole> | null | undefined;
};

/** Filter for deliveries of webhooks. All given conditions must hold. */
export type WebhookDeliveryFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<WebhookDeliveryFilter> | null | undefined;
  /** Filters deliveries by number of attempts. */
  attempts?: IntComparison | null | undefined;
  /** Filters deliveries by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters deliveries by type of the event. */
  eventType?: WebhookEventTypeComparison | null | undefined;
  /** Filters deliveries by ID of the message, which receivers get as `webhook-id`. */
  messageId?: NameComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: WebhookDeliveryFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<WebhookDeliveryFilter> | null | undefined;
  /** Filters deliveries by HTTP status of the last response. */
  responseStatus?: IntComparison | null | undefined;
  /** Filters deliveries by status. */
  status?: WebhookDeliveryStatusComparison | null | undefined;
};

/** Status of the delivery of a message. */
export type WebhookDeliveryStatus =
  /** The receiver has accepted the message. */
  | 'DELIVERED'
  /** The message was given up after the last attempt, or because the receiver was gone. */
  | 'FAILED'
  /** The message waits for its next attempt, or for an earlier message about the same object. */
  | 'PENDING'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type WebhookDeliveryStatusComparison = {
  /** Equals the given value. */
  eq?: WebhookDeliveryStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<WebhookDeliveryStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<WebhookDeliveryStatus> | null | undefined;
};

/** Reason for which the server has disabled a webhook. */
export type WebhookDisabledReason =
  /** No attempt has succeeded for three days, and a message was given up. */
  | 'FAILING'
  /** The receiver has answered 410 (Gone). */
  | 'GONE'
  /** The user of the webhook is not active, or may no longer read the rows. */
  | 'NOT_ALLOWED'
  /** The change feed no longer has the next events. Use `replayWebhook` to go on from now. */
  | 'POSITION_EXPIRED'
  | '%future added value';

/** Type of an event. Messages have it as `type`, such as `lead.updated`. */
export type WebhookEventType =
  /** An export was created. */
  | 'EXPORT_CREATED'
  /** An export was deleted. */
  | 'EXPORT_DELETED'
  /** An export was changed. */
  | 'EXPORT_UPDATED'
  /** An integration was created. */
  | 'INTEGRATION_CREATED'
  /** An integration was deleted. */
  | 'INTEGRATION_DELETED'
  /** An integration was changed. */
  | 'INTEGRATION_UPDATED'
  /** A keyword was created. */
  | 'KEYWORD_CREATED'
  /** A keyword was deleted. */
  | 'KEYWORD_DELETED'
  /** A keyword was changed. */
  | 'KEYWORD_UPDATED'
  /** A lead was created. */
  | 'LEAD_CREATED'
  /** A lead was deleted. */
  | 'LEAD_DELETED'
  /** A lead was changed. */
  | 'LEAD_UPDATED'
  /** A mention was created. */
  | 'MENTION_CREATED'
  /** A mention was deleted. */
  | 'MENTION_DELETED'
  /** A mention was changed. */
  | 'MENTION_UPDATED'
  /** A user was changed. */
  | 'USER_UPDATED'
  /** A webhook was created. */
  | 'WEBHOOK_CREATED'
  /** A webhook was deleted. */
  | 'WEBHOOK_DELETED'
  /** A webhook was changed. */
  | 'WEBHOOK_UPDATED'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type WebhookEventTypeComparison = {
  /** Equals the given value. */
  eq?: WebhookEventType | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<WebhookEventType> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<WebhookEventType> | null | undefined;
};

/** Filter for webhooks. All given conditions must hold. */
export type WebhookFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<WebhookFilter> | null | undefined;
  /** Filters webhooks by time of creation. */
  createdAt?: DateTimeComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: WebhookFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<WebhookFilter> | null | undefined;
  /** Filters webhooks by status. */
  status?: WebhookStatusComparison | null | undefined;
  /** Filters webhooks by time of the last update. */
  updatedAt?: DateTimeComparison | null | undefined;
  /** Filters webhooks by URL. */
  url?: NameComparison | null | undefined;
};

/** Conditions on the objects of a webhook's events, by type. */
export type WebhookFilterInput = {
  /** Conditions on exports. By default, all of them. */
  export?: ExportFilter | null | undefined;
  /** Conditions on integrations. By default, all of them. */
  integration?: IntegrationFilter | null | undefined;
  /** Conditions on keywords. By default, all of them. */
  keyword?: KeywordFilter | null | undefined;
  /** Conditions on leads. By default, all of them. */
  lead?: LeadFilter | null | undefined;
  /** Conditions on mentions. By default, all of them. */
  mention?: MentionFilter | null | undefined;
  /** Conditions on users. By default, all of them. */
  user?: UserFilter | null | undefined;
  /** Conditions on webhooks. By default, all of them. */
  webhook?: WebhookFilter | null | undefined;
};

/** Version of the signatures of Standard Webhooks. */
export type WebhookSignature =
  /** HMAC-SHA256 with a secret `whsec_…` that server and receiver share. */
  | 'V1'
  /** An ed25519 signature, which the receiver verifies with the public key `whpk_…`. */
  | 'V1A'
  | '%future added value';

/** Status of a webhook, which determines whether messages are sent. */
export type WebhookStatus =
  /** The server sends messages about new events. */
  | 'ACTIVE'
  /** The server has stopped to send messages, for the reason in `disabledReason`. */
  | 'DISABLED'
  /** The server sends nothing until the webhook is active again. Then the events since the pause follow. */
  | 'PAUSED'
  | '%future added value';

/** Conditions on a value. All given conditions must hold. */
export type WebhookStatusComparison = {
  /** Equals the given value. */
  eq?: WebhookStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<WebhookStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<WebhookStatus> | null | undefined;
};

export type IntegrationsDetailQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
}>;


export type IntegrationsDetailQuery = { integration: { __typename: 'Integration', id: string, provider: IntegrationProvider, kind: IntegrationKind, name: string, externalAccountId: string, status: IntegrationStatus, lastSyncedAt: string | null, lastSuccessAt: string | null, lastErrorAt: string | null, lastErrorCode: string | null, consecutiveFailures: number, syncIntervalMinutes: number, nextSyncAt: string | null, settings: unknown, scopes: Array<string>, hasCredentials: boolean, credentialsExpiresAt: string | null, createdAt: string, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem>, uptime: Array<{ __typename: 'UptimeDay', localDate: string, runs: number, succeeded: number, percent: number | null }> }, logs: { __typename: 'IntegrationLogConnection', totalCount: number, nodes: Array<{ __typename: 'IntegrationLog', id: string, kind: IntegrationLogKind, status: IntegrationLogStatus, finishedAt: string | null, durationMs: number | null, itemsFound: number, itemsCreated: number, itemsDuplicate: number, itemsFailed: number, httpStatus: number | null, errorCode: string | null, message: string, createdAt: string }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } } | null };

export type IntegrationsListQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type IntegrationsListQuery = { integrations: { __typename: 'IntegrationConnection', totalCount: number, nodes: Array<{ __typename: 'Integration', id: string, provider: IntegrationProvider, kind: IntegrationKind, name: string, externalAccountId: string, status: IntegrationStatus, lastSyncedAt: string | null, lastErrorCode: string | null, consecutiveFailures: number, nextSyncAt: string | null, hasCredentials: boolean, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem>, uptime: Array<{ __typename: 'UptimeDay', localDate: string, runs: number, succeeded: number, percent: number | null }> } }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } | null };

export type IntegrationsConnectMutationVariables = Exact<{
  input: ConnectIntegrationInput;
}>;


export type IntegrationsConnectMutation = { connectIntegration: { __typename: 'ConnectIntegrationPayload', integration: { __typename: 'Integration', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsUpdateMutationVariables = Exact<{
  input: UpdateIntegrationInput;
}>;


export type IntegrationsUpdateMutation = { updateIntegration: { __typename: 'UpdateIntegrationPayload', integration: { __typename: 'Integration', id: string, name: string, settings: unknown, scopes: Array<string>, syncIntervalMinutes: number, hasCredentials: boolean, credentialsExpiresAt: string | null, nextSyncAt: string | null, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem> } } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsObjectsQueryVariables = Exact<{ [key: string]: never; }>;


export type IntegrationsObjectsQuery = { mentions: { __typename: 'MentionConnection', nodes: Array<{ __typename: 'Mention', id: string }> } | null, leads: { __typename: 'LeadConnection', nodes: Array<{ __typename: 'Lead', id: string }> } | null, keywords: { __typename: 'KeywordConnection', nodes: Array<{ __typename: 'Keyword', id: string }> } | null, integrations: { __typename: 'IntegrationConnection', nodes: Array<{ __typename: 'Integration', id: string }> } | null };

export type IntegrationsTestWebhookMutationVariables = Exact<{
  input: TestWebhookInput;
}>;


export type IntegrationsTestWebhookMutation = { testWebhook: { __typename: 'TestWebhookPayload', url: string | null, body: string | null, headers: Array<{ __typename: 'WebhookHeader', name: string, value: string }>, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsWebhookQueryVariables = Exact<{
  id: string;
  first: number;
  after?: string | null | undefined;
  filter?: WebhookDeliveryFilter | null | undefined;
}>;


export type IntegrationsWebhookQuery = { webhook: { __typename: 'Webhook', id: string, url: string, description: string, eventTypes: Array<WebhookEventType>, hasFilter: boolean, scopes: Array<string>, signature: WebhookSignature, publicKey: string | null, status: WebhookStatus, disabledReason: WebhookDisabledReason | null, failingSince: string | null, resumesAt: string | null, createdAt: string, deliveries: { __typename: 'WebhookDeliveryConnection', totalCount: number, nodes: Array<{ __typename: 'WebhookDelivery', id: string, messageId: string, eventType: WebhookEventType, occurredAt: string, status: WebhookDeliveryStatus, attempts: number, nextAttemptAt: string | null, responseStatus: number | null, responseExcerpt: string | null, error: string | null, durationMs: number | null }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } } | null };

export type IntegrationsUpdateWebhookMutationVariables = Exact<{
  input: UpdateWebhookInput;
}>;


export type IntegrationsUpdateWebhookMutation = { updateWebhook: { __typename: 'UpdateWebhookPayload', webhook: { __typename: 'Webhook', id: string, url: string, description: string, eventTypes: Array<WebhookEventType>, status: WebhookStatus, disabledReason: WebhookDisabledReason | null, failingSince: string | null, resumesAt: string | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsRotateSecretMutationVariables = Exact<{
  input: RotateWebhookSecretInput;
}>;


export type IntegrationsRotateSecretMutation = { rotateWebhookSecret: { __typename: 'RotateWebhookSecretPayload', secret: string | null, webhook: { __typename: 'Webhook', id: string, publicKey: string | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsSkipToNowMutationVariables = Exact<{
  input: ReplayWebhookInput;
}>;


export type IntegrationsSkipToNowMutation = { replayWebhook: { __typename: 'ReplayWebhookPayload', webhook: { __typename: 'Webhook', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsReplayDeliveryMutationVariables = Exact<{
  input: ReplayWebhookDeliveryInput;
}>;


export type IntegrationsReplayDeliveryMutation = { replayWebhookDelivery: { __typename: 'ReplayWebhookDeliveryPayload', delivery: { __typename: 'WebhookDelivery', id: string, status: WebhookDeliveryStatus, attempts: number, nextAttemptAt: string | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsDeleteWebhookMutationVariables = Exact<{
  input: DeleteWebhookInput;
}>;


export type IntegrationsDeleteWebhookMutation = { deleteWebhook: { __typename: 'DeleteWebhookPayload', deletedWebhookId: string | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsWebhooksQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type IntegrationsWebhooksQuery = { webhooks: { __typename: 'WebhookConnection', totalCount: number, nodes: Array<{ __typename: 'Webhook', id: string, url: string, description: string, eventTypes: Array<WebhookEventType>, status: WebhookStatus, failingSince: string | null }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } | null };

export type IntegrationsCreateWebhookMutationVariables = Exact<{
  input: CreateWebhookInput;
}>;


export type IntegrationsCreateWebhookMutation = { createWebhook: { __typename: 'CreateWebhookPayload', secret: string | null, webhook: { __typename: 'Webhook', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsPauseMutationVariables = Exact<{
  input: PauseIntegrationInput;
}>;


export type IntegrationsPauseMutation = { pauseIntegration: { __typename: 'PauseIntegrationPayload', integration: { __typename: 'Integration', id: string, status: IntegrationStatus, nextSyncAt: string | null, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem> } } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsResumeMutationVariables = Exact<{
  input: ResumeIntegrationInput;
}>;


export type IntegrationsResumeMutation = { resumeIntegration: { __typename: 'ResumeIntegrationPayload', integration: { __typename: 'Integration', id: string, status: IntegrationStatus, nextSyncAt: string | null, consecutiveFailures: number, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem> } } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsDisconnectMutationVariables = Exact<{
  input: DisconnectIntegrationInput;
}>;


export type IntegrationsDisconnectMutation = { disconnectIntegration: { __typename: 'DisconnectIntegrationPayload', integration: { __typename: 'Integration', id: string, status: IntegrationStatus, nextSyncAt: string | null, hasCredentials: boolean, credentialsExpiresAt: string | null, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem> } } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsDeleteMutationVariables = Exact<{
  input: DeleteIntegrationInput;
}>;


export type IntegrationsDeleteMutation = { deleteIntegration: { __typename: 'DeleteIntegrationPayload', deletedIntegrationId: string | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type IntegrationsChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type IntegrationsChangedSubscription = { integrationChanged: { __typename: 'IntegrationsChanged', cursor: string, changes: Array<{ __typename: 'ChangedIntegration', kind: ChangeKind, integrationId: string, integration: { __typename: 'Integration', id: string, name: string, status: IntegrationStatus, lastSyncedAt: string | null, lastErrorCode: string | null, consecutiveFailures: number, nextSyncAt: string | null, hasCredentials: boolean, health: { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem>, uptime: Array<{ __typename: 'UptimeDay', localDate: string, runs: number, succeeded: number, percent: number | null }> } } | null }> } | null };

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

export const IntegrationsDetailDocument = new TypedDocumentString(`
    query IntegrationsDetail($id: ID!, $first: Int!, $after: String) {
  integration(id: $id) {
    id
    provider
    kind
    name
    externalAccountId
    status
    lastSyncedAt
    lastSuccessAt
    lastErrorAt
    lastErrorCode
    consecutiveFailures
    syncIntervalMinutes
    nextSyncAt
    settings
    scopes
    hasCredentials
    credentialsExpiresAt
    createdAt
    health {
      score
      problems
      uptime {
        localDate
        runs
        succeeded
        percent
        __typename
      }
      __typename
    }
    logs(first: $first, after: $after) {
      totalCount
      nodes {
        id
        kind
        status
        finishedAt
        durationMs
        itemsFound
        itemsCreated
        itemsDuplicate
        itemsFailed
        httpStatus
        errorCode
        message
        createdAt
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
    __typename
  }
}
    `, {"hash":"sha256:7d894ee06df8013739e8ff405a7f4dc64de07e2e745d9d6dc3060567da99a15b"}) as unknown as TypedDocumentString<IntegrationsDetailQuery, IntegrationsDetailQueryVariables>;
export const IntegrationsListDocument = new TypedDocumentString(`
    query IntegrationsList($first: Int!, $after: String) {
  integrations(first: $first, after: $after) {
    totalCount
    nodes {
      id
      provider
      kind
      name
      externalAccountId
      status
      lastSyncedAt
      lastErrorCode
      consecutiveFailures
      nextSyncAt
      hasCredentials
      health {
        score
        problems
        uptime {
          localDate
          runs
          succeeded
          percent
          __typename
        }
        __typename
      }
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
    `, {"hash":"sha256:2512a83d24911306f90079392bf43c63d7d77e859c0f7796233d663509799e27"}) as unknown as TypedDocumentString<IntegrationsListQuery, IntegrationsListQueryVariables>;
export const IntegrationsConnectDocument = new TypedDocumentString(`
    mutation IntegrationsConnect($input: ConnectIntegrationInput!) {
  connectIntegration(input: $input) {
    integration {
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
    `, {"hash":"sha256:896a71c8aa60eca1de5f6146d397e8747936f2eecd55e2f51fabd8c0a782fe0a"}) as unknown as TypedDocumentString<IntegrationsConnectMutation, IntegrationsConnectMutationVariables>;
export const IntegrationsUpdateDocument = new TypedDocumentString(`
    mutation IntegrationsUpdate($input: UpdateIntegrationInput!) {
  updateIntegration(input: $input) {
    integration {
      id
      name
      settings
      scopes
      syncIntervalMinutes
      hasCredentials
      credentialsExpiresAt
      nextSyncAt
      health {
        score
        problems
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
    `, {"hash":"sha256:b7de61c466a3e427ac08c54b7a4e4d5c9ca5b6e5dc2c3e9b1bf3fe3295bab5a8"}) as unknown as TypedDocumentString<IntegrationsUpdateMutation, IntegrationsUpdateMutationVariables>;
export const IntegrationsObjectsDocument = new TypedDocumentString(`
    query IntegrationsObjects {
  mentions(first: 1) {
    nodes {
      id
      __typename
    }
    __typename
  }
  leads(first: 1) {
    nodes {
      id
      __typename
    }
    __typename
  }
  keywords(first: 1) {
    nodes {
      id
      __typename
    }
    __typename
  }
  integrations(first: 1) {
    nodes {
      id
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:3a046d2cf67a260329bde4cd950f35b52ba05ad53071f74b5e0db66cb0eaa551"}) as unknown as TypedDocumentString<IntegrationsObjectsQuery, IntegrationsObjectsQueryVariables>;
export const IntegrationsTestWebhookDocument = new TypedDocumentString(`
    mutation IntegrationsTestWebhook($input: TestWebhookInput!) {
  testWebhook(input: $input) {
    url
    headers {
      name
      value
      __typename
    }
    body
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:07042a60f32742eb463c72264bdae1b1dc1675e4c66846d85407f0adfe24d388"}) as unknown as TypedDocumentString<IntegrationsTestWebhookMutation, IntegrationsTestWebhookMutationVariables>;
export const IntegrationsWebhookDocument = new TypedDocumentString(`
    query IntegrationsWebhook($id: ID!, $first: Int!, $after: String, $filter: WebhookDeliveryFilter) {
  webhook(id: $id) {
    id
    url
    description
    eventTypes
    hasFilter
    scopes
    signature
    publicKey
    status
    disabledReason
    failingSince
    resumesAt
    createdAt
    deliveries(first: $first, after: $after, filter: $filter) {
      totalCount
      nodes {
        id
        messageId
        eventType
        occurredAt
        status
        attempts
        nextAttemptAt
        responseStatus
        responseExcerpt
        error
        durationMs
        __typename
      }
      pageInfo {
        hasNextPage
        endCursor
        __typename
      }
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:fb3ee6d0288e57ea0bd972156fdeaedee301dceb4419ced948e2dd56a83d12d5"}) as unknown as TypedDocumentString<IntegrationsWebhookQuery, IntegrationsWebhookQueryVariables>;
export const IntegrationsUpdateWebhookDocument = new TypedDocumentString(`
    mutation IntegrationsUpdateWebhook($input: UpdateWebhookInput!) {
  updateWebhook(input: $input) {
    webhook {
      id
      url
      description
      eventTypes
      status
      disabledReason
      failingSince
      resumesAt
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
    `, {"hash":"sha256:2abd4faef789e0293ea1a1703b7cf769738865306b82a21baf69714fe649d94f"}) as unknown as TypedDocumentString<IntegrationsUpdateWebhookMutation, IntegrationsUpdateWebhookMutationVariables>;
export const IntegrationsRotateSecretDocument = new TypedDocumentString(`
    mutation IntegrationsRotateSecret($input: RotateWebhookSecretInput!) {
  rotateWebhookSecret(input: $input) {
    secret
    webhook {
      id
      publicKey
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
    `, {"hash":"sha256:0ba2d8624213e58ccb2794a32c19fc5c48b24b0c34b0835c29c91a79f7a5a6cc"}) as unknown as TypedDocumentString<IntegrationsRotateSecretMutation, IntegrationsRotateSecretMutationVariables>;
export const IntegrationsSkipToNowDocument = new TypedDocumentString(`
    mutation IntegrationsSkipToNow($input: ReplayWebhookInput!) {
  replayWebhook(input: $input) {
    webhook {
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
    `, {"hash":"sha256:a81b9fb2821e0508dec5e465d7b3a62522c581f6b67d74b3040e05ea489417a2"}) as unknown as TypedDocumentString<IntegrationsSkipToNowMutation, IntegrationsSkipToNowMutationVariables>;
export const IntegrationsReplayDeliveryDocument = new TypedDocumentString(`
    mutation IntegrationsReplayDelivery($input: ReplayWebhookDeliveryInput!) {
  replayWebhookDelivery(input: $input) {
    delivery {
      id
      status
      attempts
      nextAttemptAt
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
    `, {"hash":"sha256:74dd783140140252c7f44c058712e2f225b32803caf5b12998b71349e56bfc79"}) as unknown as TypedDocumentString<IntegrationsReplayDeliveryMutation, IntegrationsReplayDeliveryMutationVariables>;
export const IntegrationsDeleteWebhookDocument = new TypedDocumentString(`
    mutation IntegrationsDeleteWebhook($input: DeleteWebhookInput!) {
  deleteWebhook(input: $input) {
    deletedWebhookId
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:e4b5763be196a52d0d8d58d538a89341d2d2b5f2bab5980f191524401d19aaf6"}) as unknown as TypedDocumentString<IntegrationsDeleteWebhookMutation, IntegrationsDeleteWebhookMutationVariables>;
export const IntegrationsWebhooksDocument = new TypedDocumentString(`
    query IntegrationsWebhooks($first: Int!, $after: String) {
  webhooks(first: $first, after: $after) {
    totalCount
    nodes {
      id
      url
      description
      eventTypes
      status
      failingSince
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
    `, {"hash":"sha256:ab1f98d869cbb179c9032e4e474f3ff88e71bab009ebb09106f8ae8f40d07ddb"}) as unknown as TypedDocumentString<IntegrationsWebhooksQuery, IntegrationsWebhooksQueryVariables>;
export const IntegrationsCreateWebhookDocument = new TypedDocumentString(`
    mutation IntegrationsCreateWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    secret
    webhook {
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
    `, {"hash":"sha256:c7dbb6ecd0bd13b2b3bea0380bbb9b07ace407054cddbc9c7a0c7cafe65d99dd"}) as unknown as TypedDocumentString<IntegrationsCreateWebhookMutation, IntegrationsCreateWebhookMutationVariables>;
export const IntegrationsPauseDocument = new TypedDocumentString(`
    mutation IntegrationsPause($input: PauseIntegrationInput!) {
  pauseIntegration(input: $input) {
    integration {
      id
      status
      nextSyncAt
      health {
        score
        problems
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
    `, {"hash":"sha256:d4a28658199d5219209bb44ff14fa33090f12506b6b65aacbd245d2386e5f086"}) as unknown as TypedDocumentString<IntegrationsPauseMutation, IntegrationsPauseMutationVariables>;
export const IntegrationsResumeDocument = new TypedDocumentString(`
    mutation IntegrationsResume($input: ResumeIntegrationInput!) {
  resumeIntegration(input: $input) {
    integration {
      id
      status
      nextSyncAt
      consecutiveFailures
      health {
        score
        problems
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
    `, {"hash":"sha256:f6efb7ff18f2c19437ead028666b03b42f01c526f8a9557eb11f3b2b4255bc10"}) as unknown as TypedDocumentString<IntegrationsResumeMutation, IntegrationsResumeMutationVariables>;
export const IntegrationsDisconnectDocument = new TypedDocumentString(`
    mutation IntegrationsDisconnect($input: DisconnectIntegrationInput!) {
  disconnectIntegration(input: $input) {
    integration {
      id
      status
      nextSyncAt
      hasCredentials
      credentialsExpiresAt
      health {
        score
        problems
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
    `, {"hash":"sha256:15e199a867b0ef89df8805661c6b2d116f2c558a965fd08584d2eab27c238b8e"}) as unknown as TypedDocumentString<IntegrationsDisconnectMutation, IntegrationsDisconnectMutationVariables>;
export const IntegrationsDeleteDocument = new TypedDocumentString(`
    mutation IntegrationsDelete($input: DeleteIntegrationInput!) {
  deleteIntegration(input: $input) {
    deletedIntegrationId
    userErrors {
      code
      message
      path
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:c9344ecb042bc12edecaef756930bc8ce8e2fe289a7b58a772bf02b3977ec748"}) as unknown as TypedDocumentString<IntegrationsDeleteMutation, IntegrationsDeleteMutationVariables>;
export const IntegrationsChangedDocument = new TypedDocumentString(`
    subscription IntegrationsChanged($after: String) {
  integrationChanged(after: $after) {
    cursor
    changes {
      kind
      integrationId
      integration {
        id
        name
        status
        lastSyncedAt
        lastErrorCode
        consecutiveFailures
        nextSyncAt
        hasCredentials
        health {
          score
          problems
          uptime {
            localDate
            runs
            succeeded
            percent
            __typename
          }
          __typename
        }
        __typename
      }
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:0d6f6496c82b410a0e49ff3787e63d6b5c058a847e12c6bc775289140271739c"}) as unknown as TypedDocumentString<IntegrationsChangedSubscription, IntegrationsChangedSubscriptionVariables>;