/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Input for cancelling an export. */
export type CancelExportInput = {
  /** Global ID of the export. */
  id: string;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
};

/** Kind of a change of an object. */
export type ChangeKind =
  /** The object was created. */
  | 'CREATED'
  /** The object was deleted. */
  | 'DELETED'
  /** Fields of the object changed. */
  | 'UPDATED'
  | '%future added value';

/** Input for creating an export. */
export type CreateExportInput = {
  /** Whether a CSV file begins with a byte order mark, by which Excel recognises UTF-8. Defaults to false. Allowed only with the format CSV. */
  byteOrderMark?: boolean | null | undefined;
  /** Format of the rows in the file. The file is compressed with gzip. */
  format?: ExportFormat | null | undefined;
  /** Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the same key and input writes nothing and returns the earlier result. A call with the same key and a different input fails with IDEMPOTENCY_KEY_REUSED. */
  idempotencyKey?: string | null | undefined;
  /** List to export. Exactly one list must be given. */
  list: ExportListInput;
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

/** Format of the rows of an export. */
export type ExportFormat =
  /** Comma-separated values (RFC 4180) with a header line. Null is an empty value and lists are JSON. A string that a spreadsheet would read as a formula is prefixed with an apostrophe. */
  | 'CSV'
  /** One JSON object per line, with one member per column. Values are formatted as in this API. */
  | 'JSON_LINES'
  | '%future added value';

/** Filter, order and columns of an export of logs of integrations. */
export type ExportIntegrationLogsInput = {
  /**
   * Columns of each row by their names in the file, such as `userId`.
   * @deprecated Use `fields`, whose values the schema lists.
   */
  columns?: Array<string> | null | undefined;
  /** Columns of each row, in the given order. Defaults to ID, INTEGRATION_ID, KIND, STATUS, STARTED_AT, FINISHED_AT, DURATION_MS, ITEMS_FOUND, ITEMS_CREATED, ITEMS_DUPLICATE, ITEMS_FAILED, HTTP_STATUS, ERROR_CODE, MESSAGE, CREATED_AT. */
  fields?: Array<IntegrationLogExportField> | null | undefined;
  /** Filter of the rows, as in the list. By default, all rows visible to the viewer. */
  filter?: IntegrationLogFilter | null | undefined;
  /** Order of the rows, as in the list. Defaults to NEWEST. */
  orderBy?: IntegrationLogOrder | null | undefined;
};

/** Filter, order and columns of an export of integrations. */
export type ExportIntegrationsInput = {
  /**
   * Columns of each row by their names in the file, such as `userId`.
   * @deprecated Use `fields`, whose values the schema lists.
   */
  columns?: Array<string> | null | undefined;
  /** Columns of each row, in the given order. Defaults to ID, USER_ID, PROVIDER, KIND, NAME, EXTERNAL_ACCOUNT_ID, STATUS, LAST_SYNCED_AT, LAST_SUCCESS_AT, LAST_ERROR_AT, LAST_ERROR_CODE, CONSECUTIVE_FAILURES, SYNC_INTERVAL_MINUTES, SYNC_CURSOR, NEXT_SYNC_AT, HEALTH_SCORE, SETTINGS, SCOPES, CREDENTIALS_EXPIRES_AT, CREATED_AT, UPDATED_AT. */
  fields?: Array<IntegrationExportField> | null | undefined;
  /** Filter of the rows, as in the list. By default, all rows visible to the viewer. */
  filter?: IntegrationFilter | null | undefined;
  /** Order of the rows, as in the list. Defaults to NEWEST. */
  orderBy?: IntegrationOrder | null | undefined;
};

/** Filter, order and columns of an export of keywords. */
export type ExportKeywordsInput = {
  /**
   * Columns of each row by their names in the file, such as `userId`.
   * @deprecated Use `fields`, whose values the schema lists.
   */
  columns?: Array<string> | null | undefined;
  /** Columns of each row, in the given order. Defaults to ID, USER_ID, KEYWORD, MATCH_TYPE, REQUIRED_TERMS, EXCLUDED_TERMS, PLATFORMS, STATUS, MENTIONS_COUNT, LEADS_COUNT, NEW_LEADS_COUNT, CONTACTED_LEADS_COUNT, QUALIFIED_LEADS_COUNT, CONVERTED_LEADS_COUNT, DISQUALIFIED_LEADS_COUNT, CREATED_AT, UPDATED_AT, ARCHIVED_AT, AUTO_LEAD_SCORE. */
  fields?: Array<KeywordExportField> | null | undefined;
  /** Filter of the rows, as in the list. By default, all rows visible to the viewer. */
  filter?: KeywordFilter | null | undefined;
  /** Order of the rows, as in the list. Defaults to NEWEST. */
  orderBy?: KeywordOrder | null | undefined;
};

/** Filter, order and columns of an export of leads. */
export type ExportLeadsInput = {
  /**
   * Columns of each row by their names in the file, such as `userId`.
   * @deprecated Use `fields`, whose values the schema lists.
   */
  columns?: Array<string> | null | undefined;
  /** Columns of each row, in the given order. Defaults to ID, USER_ID, MENTION_ID, KEYWORD_ID, ASSIGNEE_ID, STATUS, DISQUALIFY_REASON, CONTACTED_AT, QUALIFIED_AT, CONVERTED_AT, DISQUALIFIED_AT, STATUS_CHANGED_AT, SCORE, SCORE_VERSION, VALUE, CURRENCY, CONTACT_NAME, CONTACT_HANDLE, CONTACT_EMAIL, COMPANY, NOTES, TAGS, ORIGIN, EXTERNAL_REFERENCE, VERSION, CREATED_AT, UPDATED_AT. */
  fields?: Array<LeadExportField> | null | undefined;
  /** Filter of the rows, as in the list. By default, all rows visible to the viewer. */
  filter?: LeadFilter | null | undefined;
  /** Order of the rows, as in the list. Defaults to NEWEST. */
  orderBy?: LeadOrder | null | undefined;
};

/** List to export. Exactly one field must be given. */
export type ExportListInput =
  {   /** Exports logs of integrations. Requires the scope `read:integrations`. */
  integrationLogs: ExportIntegrationLogsInput; integrations?: never; keywords?: never; leads?: never; mentions?: never; }
  |  { integrationLogs?: never;   /** Exports integrations. Requires the scope `read:integrations`. */
  integrations: ExportIntegrationsInput; keywords?: never; leads?: never; mentions?: never; }
  |  { integrationLogs?: never; integrations?: never;   /** Exports keywords. Requires the scope `read:keywords`. */
  keywords: ExportKeywordsInput; leads?: never; mentions?: never; }
  |  { integrationLogs?: never; integrations?: never; keywords?: never;   /** Exports leads. Requires the scope `read:leads`. */
  leads: ExportLeadsInput; mentions?: never; }
  |  { integrationLogs?: never; integrations?: never; keywords?: never; leads?: never;   /** Exports mentions. Requires the scope `read:mentions`. */
  mentions: ExportMentionsInput; };

/** Filter, order and columns of an export of mentions. */
export type ExportMentionsInput = {
  /**
   * Columns of each row by their names in the file, such as `userId`.
   * @deprecated Use `fields`, whose values the schema lists.
   */
  columns?: Array<string> | null | undefined;
  /** Columns of each row, in the given order. Defaults to ID, USER_ID, KEYWORD_ID, INTEGRATION_ID, PLATFORM, EXTERNAL_ID, KIND, URL, TITLE, CONTENT, AUTHOR, LANGUAGE, LIKES, COMMENTS, PUBLISHED_AT, CREATED_AT, READ_AT, STARRED_AT, DISMISSED_AT, DISMISS_REASON, ENGAGED_AT, UPDATED_AT. */
  fields?: Array<MentionExportField> | null | undefined;
  /** Filter of the rows, as in the list. By default, all rows visible to the viewer. */
  filter?: MentionFilter | null | undefined;
  /** Order of the rows, as in the list. Defaults to NEWEST. */
  orderBy?: MentionOrder | null | undefined;
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

/** Column of an exported file of integrations. */
export type IntegrationExportField =
  /** Adds the column `consecutiveFailures` to the file. */
  | 'CONSECUTIVE_FAILURES'
  /** Adds the column `createdAt` to the file. */
  | 'CREATED_AT'
  /** Adds the column `credentialsExpiresAt` to the file. */
  | 'CREDENTIALS_EXPIRES_AT'
  /** Adds the column `externalAccountId` to the file. */
  | 'EXTERNAL_ACCOUNT_ID'
  /** Adds the column `healthScore` to the file. */
  | 'HEALTH_SCORE'
  /** Adds the column `id` to the file. */
  | 'ID'
  /** Adds the column `kind` to the file. */
  | 'KIND'
  /** Adds the column `lastErrorAt` to the file. */
  | 'LAST_ERROR_AT'
  /** Adds the column `lastErrorCode` to the file. */
  | 'LAST_ERROR_CODE'
  /** Adds the column `lastSuccessAt` to the file. */
  | 'LAST_SUCCESS_AT'
  /** Adds the column `lastSyncedAt` to the file. */
  | 'LAST_SYNCED_AT'
  /** Adds the column `name` to the file. */
  | 'NAME'
  /** Adds the column `nextSyncAt` to the file. */
  | 'NEXT_SYNC_AT'
  /** Adds the column `provider` to the file. */
  | 'PROVIDER'
  /** Adds the column `scopes` to the file. */
  | 'SCOPES'
  /** Adds the column `settings` to the file. */
  | 'SETTINGS'
  /** Adds the column `status` to the file. */
  | 'STATUS'
  /** Adds the column `syncCursor` to the file. */
  | 'SYNC_CURSOR'
  /** Adds the column `syncIntervalMinutes` to the file. */
  | 'SYNC_INTERVAL_MINUTES'
  /** Adds the column `updatedAt` to the file. */
  | 'UPDATED_AT'
  /** Adds the column `userId` to the file. */
  | 'USER_ID'
  | '%future added value';

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

/** Column of an exported file of logs of integrations. */
export type IntegrationLogExportField =
  /** Adds the column `createdAt` to the file. */
  | 'CREATED_AT'
  /** Adds the column `durationMs` to the file. */
  | 'DURATION_MS'
  /** Adds the column `errorCode` to the file. */
  | 'ERROR_CODE'
  /** Adds the column `finishedAt` to the file. */
  | 'FINISHED_AT'
  /** Adds the column `httpStatus` to the file. */
  | 'HTTP_STATUS'
  /** Adds the column `id` to the file. */
  | 'ID'
  /** Adds the column `integration.consecutiveFailures` to the file. */
  | 'INTEGRATION_CONSECUTIVE_FAILURES'
  /** Adds the column `integration.createdAt` to the file. */
  | 'INTEGRATION_CREATED_AT'
  /** Adds the column `integration.credentialsExpiresAt` to the file. */
  | 'INTEGRATION_CREDENTIALS_EXPIRES_AT'
  /** Adds the column `integration.externalAccountId` to the file. */
  | 'INTEGRATION_EXTERNAL_ACCOUNT_ID'
  /** Adds the column `integration.healthScore` to the file. */
  | 'INTEGRATION_HEALTH_SCORE'
  /** Adds the column `integrationId` to the file. */
  | 'INTEGRATION_ID'
  /** Adds the column `integration.kind` to the file. */
  | 'INTEGRATION_KIND'
  /** Adds the column `integration.lastErrorAt` to the file. */
  | 'INTEGRATION_LAST_ERROR_AT'
  /** Adds the column `integration.lastErrorCode` to the file. */
  | 'INTEGRATION_LAST_ERROR_CODE'
  /** Adds the column `integration.lastSuccessAt` to the file. */
  | 'INTEGRATION_LAST_SUCCESS_AT'
  /** Adds the column `integration.lastSyncedAt` to the file. */
  | 'INTEGRATION_LAST_SYNCED_AT'
  /** Adds the column `integration.name` to the file. */
  | 'INTEGRATION_NAME'
  /** Adds the column `integration.nextSyncAt` to the file. */
  | 'INTEGRATION_NEXT_SYNC_AT'
  /** Adds the column `integration.provider` to the file. */
  | 'INTEGRATION_PROVIDER'
  /** Adds the column `integration.scopes` to the file. */
  | 'INTEGRATION_SCOPES'
  /** Adds the column `integration.settings` to the file. */
  | 'INTEGRATION_SETTINGS'
  /** Adds the column `integration.status` to the file. */
  | 'INTEGRATION_STATUS'
  /** Adds the column `integration.syncCursor` to the file. */
  | 'INTEGRATION_SYNC_CURSOR'
  /** Adds the column `integration.syncIntervalMinutes` to the file. */
  | 'INTEGRATION_SYNC_INTERVAL_MINUTES'
  /** Adds the column `integration.updatedAt` to the file. */
  | 'INTEGRATION_UPDATED_AT'
  /** Adds the column `integration.userId` to the file. */
  | 'INTEGRATION_USER_ID'
  /** Adds the column `itemsCreated` to the file. */
  | 'ITEMS_CREATED'
  /** Adds the column `itemsDuplicate` to the file. */
  | 'ITEMS_DUPLICATE'
  /** Adds the column `itemsFailed` to the file. */
  | 'ITEMS_FAILED'
  /** Adds the column `itemsFound` to the file. */
  | 'ITEMS_FOUND'
  /** Adds the column `kind` to the file. */
  | 'KIND'
  /** Adds the column `message` to the file. */
  | 'MESSAGE'
  /** Adds the column `startedAt` to the file. */
  | 'STARTED_AT'
  /** Adds the column `status` to the file. */
  | 'STATUS'
  | '%future added value';

/** Filter for logs of integrations. All given conditions must hold. */
export type IntegrationLogFilter = {
  /** All of these filters must match (at most 250). */
  and?: Array<IntegrationLogFilter> | null | undefined;
  /** Filters logs by time of recording. */
  createdAt?: DateTimeComparison | null | undefined;
  /** Filters logs by the ID of the integration. */
  integrationId?: IdComparison | null | undefined;
  /** Filters logs by kind of run or event. */
  kind?: IntegrationLogKindComparison | null | undefined;
  /** This filter must not match. Conditions on null count as not met. */
  not?: IntegrationLogFilter | null | undefined;
  /** At least one of these filters must match (at most 250). An empty list matches no rows. */
  or?: Array<IntegrationLogFilter> | null | undefined;
  /** Filters logs by result of the run. */
  status?: IntegrationLogStatusComparison | null | undefined;
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

/** Conditions on a value. All given conditions must hold. */
export type IntegrationLogKindComparison = {
  /** Equals the given value. */
  eq?: IntegrationLogKind | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<IntegrationLogKind> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<IntegrationLogKind> | null | undefined;
};

/** Order of a list of logs of integrations. */
export type IntegrationLogOrder =
  /** Orders logs by time of recording, newest first. */
  | 'NEWEST'
  /** Orders logs by time of recording, oldest first. */
  | 'OLDEST'
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

/** Conditions on a value. All given conditions must hold. */
export type IntegrationLogStatusComparison = {
  /** Equals the given value. */
  eq?: IntegrationLogStatus | null | undefined;
  /** Equals one of these values (at most 250). */
  in?: Array<IntegrationLogStatus> | null | undefined;
  /** True matches null. False matches every other value. */
  isNull?: boolean | null | undefined;
  /** Equals none of these values (at most 250). Also matches null. */
  notIn?: Array<IntegrationLogStatus> | null | undefined;
};

/** Order of a list of integrations. */
export type IntegrationOrder =
  /** Orders integrations by time of the last update, earliest first. A new or changed row comes last, even while others write, so a program that reads on from its last cursor misses no row. Requires a list with the rows of one user. Operators use such a list below `user`. */
  | 'EARLIEST_UPDATE'
  /** Orders integrations by time of the last update, latest first. */
  | 'LATEST_UPDATE'
  /** Orders integrations by time of creation, newest first. */
  | 'NEWEST'
  /** Orders integrations by time of creation, oldest first. */
  | 'OLDEST'
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

/** Column of an exported file of keywords. */
export type KeywordExportField =
  /** Adds the column `archivedAt` to the file. */
  | 'ARCHIVED_AT'
  /** Adds the column `autoLeadScore` to the file. */
  | 'AUTO_LEAD_SCORE'
  /** Adds the column `contactedLeadsCount` to the file. */
  | 'CONTACTED_LEADS_COUNT'
  /** Adds the column `convertedLeadsCount` to the file. */
  | 'CONVERTED_LEADS_COUNT'
  /** Adds the column `createdAt` to the file. */
  | 'CREATED_AT'
  /** Adds the column `disqualifiedLeadsCount` to the file. */
  | 'DISQUALIFIED_LEADS_COUNT'
  /** Adds the column `excludedTerms` to the file. */
  | 'EXCLUDED_TERMS'
  /** Adds the column `id` to the file. */
  | 'ID'
  /** Adds the column `keyword` to the file. */
  | 'KEYWORD'
  /** Adds the column `leadsCount` to the file. */
  | 'LEADS_COUNT'
  /** Adds the column `matchType` to the file. */
  | 'MATCH_TYPE'
  /** Adds the column `mentionsCount` to the file. */
  | 'MENTIONS_COUNT'
  /** Adds the column `newLeadsCount` to the file. */
  | 'NEW_LEADS_COUNT'
  /** Adds the column `platforms` to the file. */
  | 'PLATFORMS'
  /** Adds the column `qualifiedLeadsCount` to the file. */
  | 'QUALIFIED_LEADS_COUNT'
  /** Adds the column `requiredTerms` to the file. */
  | 'REQUIRED_TERMS'
  /** Adds the column `status` to the file. */
  | 'STATUS'
  /** Adds the column `updatedAt` to the file. */
  | 'UPDATED_AT'
  /** Adds the column `userId` to the file. */
  | 'USER_ID'
  | '%future added value';

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

/** Column of an exported file of leads. */
export type LeadExportField =
  /** Adds the column `assigneeId` to the file. */
  | 'ASSIGNEE_ID'
  /** Adds the column `company` to the file. */
  | 'COMPANY'
  /** Adds the column `contactedAt` to the file. */
  | 'CONTACTED_AT'
  /** Adds the column `contactEmail` to the file. */
  | 'CONTACT_EMAIL'
  /** Adds the column `contactHandle` to the file. */
  | 'CONTACT_HANDLE'
  /** Adds the column `contactName` to the file. */
  | 'CONTACT_NAME'
  /** Adds the column `convertedAt` to the file. */
  | 'CONVERTED_AT'
  /** Adds the column `createdAt` to the file. */
  | 'CREATED_AT'
  /** Adds the column `currency` to the file. */
  | 'CURRENCY'
  /** Adds the column `disqualifiedAt` to the file. */
  | 'DISQUALIFIED_AT'
  /** Adds the column `disqualifyReason` to the file. */
  | 'DISQUALIFY_REASON'
  /** Adds the column `externalReference` to the file. */
  | 'EXTERNAL_REFERENCE'
  /** Adds the column `id` to the file. */
  | 'ID'
  /** Adds the column `keyword.archivedAt` to the file. */
  | 'KEYWORD_ARCHIVED_AT'
  /** Adds the column `keyword.autoLeadScore` to the file. */
  | 'KEYWORD_AUTO_LEAD_SCORE'
  /** Adds the column `keyword.contactedLeadsCount` to the file. */
  | 'KEYWORD_CONTACTED_LEADS_COUNT'
  /** Adds the column `keyword.convertedLeadsCount` to the file. */
  | 'KEYWORD_CONVERTED_LEADS_COUNT'
  /** Adds the column `keyword.createdAt` to the file. */
  | 'KEYWORD_CREATED_AT'
  /** Adds the column `keyword.disqualifiedLeadsCount` to the file. */
  | 'KEYWORD_DISQUALIFIED_LEADS_COUNT'
  /** Adds the column `keyword.excludedTerms` to the file. */
  | 'KEYWORD_EXCLUDED_TERMS'
  /** Adds the column `keywordId` to the file. */
  | 'KEYWORD_ID'
  /** Adds the column `keyword.keyword` to the file. */
  | 'KEYWORD_KEYWORD'
  /** Adds the column `keyword.leadsCount` to the file. */
  | 'KEYWORD_LEADS_COUNT'
  /** Adds the column `keyword.matchType` to the file. */
  | 'KEYWORD_MATCH_TYPE'
  /** Adds the column `keyword.mentionsCount` to the file. */
  | 'KEYWORD_MENTIONS_COUNT'
  /** Adds the column `keyword.newLeadsCount` to the file. */
  | 'KEYWORD_NEW_LEADS_COUNT'
  /** Adds the column `keyword.platforms` to the file. */
  | 'KEYWORD_PLATFORMS'
  /** Adds the column `keyword.qualifiedLeadsCount` to the file. */
  | 'KEYWORD_QUALIFIED_LEADS_COUNT'
  /** Adds the column `keyword.requiredTerms` to the file. */
  | 'KEYWORD_REQUIRED_TERMS'
  /** Adds the column `keyword.status` to the file. */
  | 'KEYWORD_STATUS'
  /** Adds the column `keyword.updatedAt` to the file. */
  | 'KEYWORD_UPDATED_AT'
  /** Adds the column `keyword.userId` to the file. */
  | 'KEYWORD_USER_ID'
  /** Adds the column `mention.author` to the file. */
  | 'MENTION_AUTHOR'
  /** Adds the column `mention.comments` to the file. */
  | 'MENTION_COMMENTS'
  /** Adds the column `mention.content` to the file. */
  | 'MENTION_CONTENT'
  /** Adds the column `mention.createdAt` to the file. */
  | 'MENTION_CREATED_AT'
  /** Adds the column `mention.dismissedAt` to the file. */
  | 'MENTION_DISMISSED_AT'
  /** Adds the column `mention.dismissReason` to the file. */
  | 'MENTION_DISMISS_REASON'
  /** Adds the column `mention.engagedAt` to the file. */
  | 'MENTION_ENGAGED_AT'
  /** Adds the column `mention.externalId` to the file. */
  | 'MENTION_EXTERNAL_ID'
  /** Adds the column `mentionId` to the file. */
  | 'MENTION_ID'
  /** Adds the column `mention.integrationId` to the file. */
  | 'MENTION_INTEGRATION_ID'
  /** Adds the column `mention.keywordId` to the file. */
  | 'MENTION_KEYWORD_ID'
  /** Adds the column `mention.kind` to the file. */
  | 'MENTION_KIND'
  /** Adds the column `mention.language` to the file. */
  | 'MENTION_LANGUAGE'
  /** Adds the column `mention.likes` to the file. */
  | 'MENTION_LIKES'
  /** Adds the column `mention.platform` to the file. */
  | 'MENTION_PLATFORM'
  /** Adds the column `mention.publishedAt` to the file. */
  | 'MENTION_PUBLISHED_AT'
  /** Adds the column `mention.readAt` to the file. */
  | 'MENTION_READ_AT'
  /** Adds the column `mention.starredAt` to the file. */
  | 'MENTION_STARRED_AT'
  /** Adds the column `mention.title` to the file. */
  | 'MENTION_TITLE'
  /** Adds the column `mention.updatedAt` to the file. */
  | 'MENTION_UPDATED_AT'
  /** Adds the column `mention.url` to the file. */
  | 'MENTION_URL'
  /** Adds the column `mention.userId` to the file. */
  | 'MENTION_USER_ID'
  /** Adds the column `notes` to the file. */
  | 'NOTES'
  /** Adds the column `origin` to the file. */
  | 'ORIGIN'
  /** Adds the column `qualifiedAt` to the file. */
  | 'QUALIFIED_AT'
  /** Adds the column `score` to the file. */
  | 'SCORE'
  /** Adds the column `scoreVersion` to the file. */
  | 'SCORE_VERSION'
  /** Adds the column `status` to the file. */
  | 'STATUS'
  /** Adds the column `statusChangedAt` to the file. */
  | 'STATUS_CHANGED_AT'
  /** Adds the column `tags` to the file. */
  | 'TAGS'
  /** Adds the column `updatedAt` to the file. */
  | 'UPDATED_AT'
  /** Adds the column `userId` to the file. */
  | 'USER_ID'
  /** Adds the column `value` to the file. */
  | 'VALUE'
  /** Adds the column `version` to the file. */
  | 'VERSION'
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

/** Column of an exported file of mentions. */
export type MentionExportField =
  /** Adds the column `analysis.analyzedAt` to the file. */
  | 'ANALYSIS_ANALYZED_AT'
  /** Adds the column `analysis.analyzer` to the file. */
  | 'ANALYSIS_ANALYZER'
  /** Adds the column `analysis.analyzerVersion` to the file. */
  | 'ANALYSIS_ANALYZER_VERSION'
  /** Adds the column `analysis.error` to the file. */
  | 'ANALYSIS_ERROR'
  /** Adds the column `analysis.intent` to the file. */
  | 'ANALYSIS_INTENT'
  /** Adds the column `analysis.intentScore` to the file. */
  | 'ANALYSIS_INTENT_SCORE'
  /** Adds the column `analysis.relevance` to the file. */
  | 'ANALYSIS_RELEVANCE'
  /** Adds the column `analysis.relevanceReason` to the file. */
  | 'ANALYSIS_RELEVANCE_REASON'
  /** Adds the column `analysis.relevanceScore` to the file. */
  | 'ANALYSIS_RELEVANCE_SCORE'
  /** Adds the column `analysis.sentiment` to the file. */
  | 'ANALYSIS_SENTIMENT'
  /** Adds the column `analysis.sentimentScore` to the file. */
  | 'ANALYSIS_SENTIMENT_SCORE'
  /** Adds the column `analysis.status` to the file. */
  | 'ANALYSIS_STATUS'
  /** Adds the column `analysis.summary` to the file. */
  | 'ANALYSIS_SUMMARY'
  /** Adds the column `analysis.topics` to the file. */
  | 'ANALYSIS_TOPICS'
  /** Adds the column `author` to the file. */
  | 'AUTHOR'
  /** Adds the column `comments` to the file. */
  | 'COMMENTS'
  /** Adds the column `content` to the file. */
  | 'CONTENT'
  /** Adds the column `createdAt` to the file. */
  | 'CREATED_AT'
  /** Adds the column `dismissedAt` to the file. */
  | 'DISMISSED_AT'
  /** Adds the column `dismissReason` to the file. */
  | 'DISMISS_REASON'
  /** Adds the column `engagedAt` to the file. */
  | 'ENGAGED_AT'
  /** Adds the column `externalId` to the file. */
  | 'EXTERNAL_ID'
  /** Adds the column `id` to the file. */
  | 'ID'
  /** Adds the column `integration.consecutiveFailures` to the file. */
  | 'INTEGRATION_CONSECUTIVE_FAILURES'
  /** Adds the column `integration.createdAt` to the file. */
  | 'INTEGRATION_CREATED_AT'
  /** Adds the column `integration.credentialsExpiresAt` to the file. */
  | 'INTEGRATION_CREDENTIALS_EXPIRES_AT'
  /** Adds the column `integration.externalAccountId` to the file. */
  | 'INTEGRATION_EXTERNAL_ACCOUNT_ID'
  /** Adds the column `integration.healthScore` to the file. */
  | 'INTEGRATION_HEALTH_SCORE'
  /** Adds the column `integrationId` to the file. */
  | 'INTEGRATION_ID'
  /** Adds the column `integration.kind` to the file. */
  | 'INTEGRATION_KIND'
  /** Adds the column `integration.lastErrorAt` to the file. */
  | 'INTEGRATION_LAST_ERROR_AT'
  /** Adds the column `integration.lastErrorCode` to the file. */
  | 'INTEGRATION_LAST_ERROR_CODE'
  /** Adds the column `integration.lastSuccessAt` to the file. */
  | 'INTEGRATION_LAST_SUCCESS_AT'
  /** Adds the column `integration.lastSyncedAt` to the file. */
  | 'INTEGRATION_LAST_SYNCED_AT'
  /** Adds the column `integration.name` to the file. */
  | 'INTEGRATION_NAME'
  /** Adds the column `integration.nextSyncAt` to the file. */
  | 'INTEGRATION_NEXT_SYNC_AT'
  /** Adds the column `integration.provider` to the file. */
  | 'INTEGRATION_PROVIDER'
  /** Adds the column `integration.scopes` to the file. */
  | 'INTEGRATION_SCOPES'
  /** Adds the column `integration.settings` to the file. */
  | 'INTEGRATION_SETTINGS'
  /** Adds the column `integration.status` to the file. */
  | 'INTEGRATION_STATUS'
  /** Adds the column `integration.syncCursor` to the file. */
  | 'INTEGRATION_SYNC_CURSOR'
  /** Adds the column `integration.syncIntervalMinutes` to the file. */
  | 'INTEGRATION_SYNC_INTERVAL_MINUTES'
  /** Adds the column `integration.updatedAt` to the file. */
  | 'INTEGRATION_UPDATED_AT'
  /** Adds the column `integration.userId` to the file. */
  | 'INTEGRATION_USER_ID'
  /** Adds the column `keyword.archivedAt` to the file. */
  | 'KEYWORD_ARCHIVED_AT'
  /** Adds the column `keyword.autoLeadScore` to the file. */
  | 'KEYWORD_AUTO_LEAD_SCORE'
  /** Adds the column `keyword.contactedLeadsCount` to the file. */
  | 'KEYWORD_CONTACTED_LEADS_COUNT'
  /** Adds the column `keyword.convertedLeadsCount` to the file. */
  | 'KEYWORD_CONVERTED_LEADS_COUNT'
  /** Adds the column `keyword.createdAt` to the file. */
  | 'KEYWORD_CREATED_AT'
  /** Adds the column `keyword.disqualifiedLeadsCount` to the file. */
  | 'KEYWORD_DISQUALIFIED_LEADS_COUNT'
  /** Adds the column `keyword.excludedTerms` to the file. */
  | 'KEYWORD_EXCLUDED_TERMS'
  /** Adds the column `keywordId` to the file. */
  | 'KEYWORD_ID'
  /** Adds the column `keyword.keyword` to the file. */
  | 'KEYWORD_KEYWORD'
  /** Adds the column `keyword.leadsCount` to the file. */
  | 'KEYWORD_LEADS_COUNT'
  /** Adds the column `keyword.matchType` to the file. */
  | 'KEYWORD_MATCH_TYPE'
  /** Adds the column `keyword.mentionsCount` to the file. */
  | 'KEYWORD_MENTIONS_COUNT'
  /** Adds the column `keyword.newLeadsCount` to the file. */
  | 'KEYWORD_NEW_LEADS_COUNT'
  /** Adds the column `keyword.platforms` to the file. */
  | 'KEYWORD_PLATFORMS'
  /** Adds the column `keyword.qualifiedLeadsCount` to the file. */
  | 'KEYWORD_QUALIFIED_LEADS_COUNT'
  /** Adds the column `keyword.requiredTerms` to the file. */
  | 'KEYWORD_REQUIRED_TERMS'
  /** Adds the column `keyword.status` to the file. */
  | 'KEYWORD_STATUS'
  /** Adds the column `keyword.updatedAt` to the file. */
  | 'KEYWORD_UPDATED_AT'
  /** Adds the column `keyword.userId` to the file. */
  | 'KEYWORD_USER_ID'
  /** Adds the column `kind` to the file. */
  | 'KIND'
  /** Adds the column `language` to the file. */
  | 'LANGUAGE'
  /** Adds the column `lead.company` to the file. */
  | 'LEAD_COMPANY'
  /** Adds the column `lead.contactedAt` to the file. */
  | 'LEAD_CONTACTED_AT'
  /** Adds the column `lead.contactEmail` to the file. */
  | 'LEAD_CONTACT_EMAIL'
  /** Adds the column `lead.contactHandle` to the file. */
  | 'LEAD_CONTACT_HANDLE'
  /** Adds the column `lead.contactName` to the file. */
  | 'LEAD_CONTACT_NAME'
  /** Adds the column `lead.convertedAt` to the file. */
  | 'LEAD_CONVERTED_AT'
  /** Adds the column `lead.createdAt` to the file. */
  | 'LEAD_CREATED_AT'
  /** Adds the column `lead.currency` to the file. */
  | 'LEAD_CURRENCY'
  /** Adds the column `lead.disqualifiedAt` to the file. */
  | 'LEAD_DISQUALIFIED_AT'
  /** Adds the column `lead.disqualifyReason` to the file. */
  | 'LEAD_DISQUALIFY_REASON'
  /** Adds the column `lead.externalReference` to the file. */
  | 'LEAD_EXTERNAL_REFERENCE'
  /** Adds the column `lead.id` to the file. */
  | 'LEAD_ID'
  /** Adds the column `lead.keywordId` to the file. */
  | 'LEAD_KEYWORD_ID'
  /** Adds the column `lead.mentionId` to the file. */
  | 'LEAD_MENTION_ID'
  /** Adds the column `lead.notes` to the file. */
  | 'LEAD_NOTES'
  /** Adds the column `lead.origin` to the file. */
  | 'LEAD_ORIGIN'
  /** Adds the column `lead.qualifiedAt` to the file. */
  | 'LEAD_QUALIFIED_AT'
  /** Adds the column `lead.score` to the file. */
  | 'LEAD_SCORE'
  /** Adds the column `lead.scoreVersion` to the file. */
  | 'LEAD_SCORE_VERSION'
  /** Adds the column `lead.status` to the file. */
  | 'LEAD_STATUS'
  /** Adds the column `lead.statusChangedAt` to the file. */
  | 'LEAD_STATUS_CHANGED_AT'
  /** Adds the column `lead.tags` to the file. */
  | 'LEAD_TAGS'
  /** Adds the column `lead.updatedAt` to the file. */
  | 'LEAD_UPDATED_AT'
  /** Adds the column `lead.userId` to the file. */
  | 'LEAD_USER_ID'
  /** Adds the column `lead.value` to the file. */
  | 'LEAD_VALUE'
  /** Adds the column `lead.version` to the file. */
  | 'LEAD_VERSION'
  /** Adds the column `likes` to the file. */
  | 'LIKES'
  /** Adds the column `platform` to the file. */
  | 'PLATFORM'
  /** Adds the column `publishedAt` to the file. */
  | 'PUBLISHED_AT'
  /** Adds the column `readAt` to the file. */
  | 'READ_AT'
  /** Adds the column `starredAt` to the file. */
  | 'STARRED_AT'
  /** Adds the column `title` to the file. */
  | 'TITLE'
  /** Adds the column `updatedAt` to the file. */
  | 'UPDATED_AT'
  /** Adds the column `url` to the file. */
  | 'URL'
  /** Adds the column `userId` to the file. */
  | 'USER_ID'
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

export type ExportsCreateMutationVariables = Exact<{
  input: CreateExportInput;
}>;


export type ExportsCreateMutation = { createExport: { __typename: 'CreateExportPayload', export: { __typename: 'Export', id: string } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

export type ExportsListQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type ExportsListQuery = { exports: { __typename: 'ExportConnection', totalCount: number, nodes: Array<{ __typename: 'Export', id: string, entity: ExportEntity, format: ExportFormat, status: ExportStatus, columns: Array<string>, rowsCount: number, rowsTotal: number | null, sizeBytes: number, error: string | null, createdAt: string, expiresAt: string | null, url: string | null }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null, changesAfter: string } } | null };

export type ExportsChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ExportsChangedSubscription = { exportChanged: { __typename: 'ExportsChanged', cursor: string, changes: Array<{ __typename: 'ChangedExport', kind: ChangeKind, exportId: string, export: { __typename: 'Export', id: string, status: ExportStatus, rowsCount: number, rowsTotal: number | null, sizeBytes: number, error: string | null, expiresAt: string | null, url: string | null } | null }> } | null };

export type ExportsCancelMutationVariables = Exact<{
  input: CancelExportInput;
}>;


export type ExportsCancelMutation = { cancelExport: { __typename: 'CancelExportPayload', export: { __typename: 'Export', id: string, status: ExportStatus, expiresAt: string | null, url: string | null } | null, userErrors: Array<{ __typename: 'UserError', code: UserErrorCode, message: string, path: Array<string> }> } | null };

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

export const ExportsCreateDocument = new TypedDocumentString(`
    mutation ExportsCreate($input: CreateExportInput!) {
  createExport(input: $input) {
    export {
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
    `, {"hash":"sha256:765cff6e7d8b09812f957d5a8a69efdf5e7594d080b20a86c538210bdfa787b0"}) as unknown as TypedDocumentString<ExportsCreateMutation, ExportsCreateMutationVariables>;
export const ExportsListDocument = new TypedDocumentString(`
    query ExportsList($first: Int!, $after: String) {
  exports(first: $first, after: $after) {
    totalCount
    nodes {
      id
      entity
      format
      status
      columns
      rowsCount
      rowsTotal
      sizeBytes
      error
      createdAt
      expiresAt
      url
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
    `, {"hash":"sha256:06b0ce7d4da633b2aad79a556fcacd91495525a73e44c06b415bbbde83467d1e"}) as unknown as TypedDocumentString<ExportsListQuery, ExportsListQueryVariables>;
export const ExportsChangedDocument = new TypedDocumentString(`
    subscription ExportsChanged($after: String) {
  exportChanged(after: $after) {
    cursor
    changes {
      kind
      exportId
      export {
        id
        status
        rowsCount
        rowsTotal
        sizeBytes
        error
        expiresAt
        url
        __typename
      }
      __typename
    }
    __typename
  }
}
    `, {"hash":"sha256:6a2dfa7dbf04cc8e51df4c100951b72ed0a2418c741b6449e548fc9578b6db35"}) as unknown as TypedDocumentString<ExportsChangedSubscription, ExportsChangedSubscriptionVariables>;
export const ExportsCancelDocument = new TypedDocumentString(`
    mutation ExportsCancel($input: CancelExportInput!) {
  cancelExport(input: $input) {
    export {
      id
      status
      expiresAt
      url
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
    `, {"hash":"sha256:5c4b2fa45110bb84c5f0ffa4a4af1f7a1d24d8332f9a41c33667caf23ece7266"}) as unknown as TypedDocumentString<ExportsCancelMutation, ExportsCancelMutationVariables>;