/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Purpose of an integration. */
export type IntegrationKind =
  /** The integration sends leads to a CRM. */
  | 'CRM'
  /** The integration sends notifications. */
  | 'NOTIFICATION'
  /** The integration delivers mentions. */
  | 'SOURCE'
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

/** Name of a window of time. Days and months are those of the time zone given with the name. The current day and month last until their end in the future. Each window is compared with the window directly before, and while it is in progress also with the corresponding part of that window. */
export type Range =
  /** From `from` to `to`. A window of whole calendar months in the time zone is compared with the same number of calendar months before the window, other whole days with the same number of days, any other window with the period of the same length. */
  | 'CUSTOM'
  /** The current day and the 6 days before, compared with the 7 days before the window. */
  | 'LAST_7_DAYS'
  /** The current day and the 29 days before, compared with the 30 days before the window. */
  | 'LAST_30_DAYS'
  /** The calendar month before the current month, compared with the month before that month. */
  | 'PREVIOUS_MONTH'
  /** One month up to the end of the current 15 minutes, compared with the month before the window. The window starts at the same time of the same day of the previous month, or of the month's last day if the month is shorter. */
  | 'ROLLING_MONTH'
  /** The current calendar month up to the end of the month, compared with the whole previous month. */
  | 'THIS_MONTH'
  /** The current day, compared with the day before. */
  | 'TODAY'
  /** The day before the current day, compared with the day before yesterday. */
  | 'YESTERDAY'
  | '%future added value';

/** A stage on the way from a mention to a customer. A lead counts when the lead first reaches the stage. */
export type Stage =
  /** A lead first became CONVERTED. */
  | 'CONVERTED'
  /** A lead was created from a mention. */
  | 'LEADS'
  /** A mention was ingested. */
  | 'MENTIONS'
  /** A lead first reached QUALIFIED, at the latest when the lead became CONVERTED. */
  | 'QUALIFIED'
  | '%future added value';

/** A unit of time in a time zone. */
export type TimeUnit =
  /** A day from midnight to midnight in the time zone. */
  | 'DAY'
  /** A calendar month in the time zone. */
  | 'MONTH'
  /** Seven days, beginning on the viewer's first day of the week. */
  | 'WEEK'
  | '%future added value';

export type DashboardFunnelFragment = { __typename: 'ConversionAnalytics', funnel: Array<{ __typename: 'FunnelStage', stage: Stage, ofPrevious: number | null, ofFirst: number | null, count: { __typename: 'Trend', value: number } }> } & { ' $fragmentName'?: 'DashboardFunnelFragment' };

export type DashboardIntegrationFragment = { __typename: 'IntegrationHealth', score: number | null, problems: Array<IntegrationProblem>, integration: { __typename: 'Integration', id: string, name: string, provider: IntegrationProvider, kind: IntegrationKind, status: IntegrationStatus }, uptime: Array<{ __typename: 'UptimeDay', localDate: string, runs: number, succeeded: number, percent: number | null }> } & { ' $fragmentName'?: 'DashboardIntegrationFragment' };

export type DashboardKeywordFragment = { __typename: 'KeywordPerformance', performanceScore: number, efficiencyScore: number | null, keyword: { __typename: 'Keyword', id: string, keyword: string }, mentions: { __typename: 'Trend', value: number }, leads: { __typename: 'Trend', value: number, changePercentToDate: number | null }, converted: { __typename: 'Trend', value: number }, rate: { __typename: 'RateTrend', current: { __typename: 'Rate', value: number } } } & { ' $fragmentName'?: 'DashboardKeywordFragment' };

export type DashboardSeriesFragment = { __typename: 'Series', points: Array<{ __typename: 'Point', start: string, end: string, localDate: string, partial: boolean, future: boolean, mentions: number, leads: number }> } & { ' $fragmentName'?: 'DashboardSeriesFragment' };

export type DashboardLeadFragment = { __typename: 'Lead', id: string, status: LeadStatus, score: number | null, createdAt: string, contactName: string | null, company: string | null, mention: { __typename: 'Mention', id: string, title: string | null, content: string }, keyword: { __typename: 'Keyword', id: string, keyword: string } } & { ' $fragmentName'?: 'DashboardLeadFragment' };

export type DashboardTrendFragment = { __typename: 'Trend', value: number, previousToDate: number, changePercentToDate: number | null } & { ' $fragmentName'?: 'DashboardTrendFragment' };

export type DashboardTotalsFragment = { __typename: 'ConversionAnalytics', mentions: (
    { __typename: 'Trend' }
    & { ' $fragmentRefs'?: { 'DashboardTrendFragment': DashboardTrendFragment } }
  ), leads: (
    { __typename: 'Trend' }
    & { ' $fragmentRefs'?: { 'DashboardTrendFragment': DashboardTrendFragment } }
  ), qualified: (
    { __typename: 'Trend' }
    & { ' $fragmentRefs'?: { 'DashboardTrendFragment': DashboardTrendFragment } }
  ), converted: (
    { __typename: 'Trend' }
    & { ' $fragmentRefs'?: { 'DashboardTrendFragment': DashboardTrendFragment } }
  ), rate: { __typename: 'RateTrend', changeToDate: number, current: { __typename: 'Rate', value: number, numerator: number, denominator: number } } } & { ' $fragmentName'?: 'DashboardTotalsFragment' };

export type DashboardMetricsFragment = { __typename: 'ConversionMetrics', totalLeads: number, newLeadsToday: number, topPerformingKeyword: { __typename: 'KeywordPerformance', keyword: { __typename: 'Keyword', id: string, keyword: string } } | null } & { ' $fragmentName'?: 'DashboardMetricsFragment' };

export type DashboardPageQueryVariables = Exact<{
  range: Range;
  timeZone: string;
  from?: string | null | undefined;
  to?: string | null | undefined;
  by: TimeUnit;
  maxAge?: number | null | undefined;
}>;


export type DashboardPageQuery = { viewer: (
    { __typename: 'User', id: string, keywordsCount: number, mentionsCount: number }
    & { ' $fragmentRefs'?: { 'DashboardCountersFragment': DashboardCountersFragment } }
  ) | null, dashboard: { __typename: 'Dashboard', asOf: string | null, window: { __typename: 'Window', start: string, end: string, firstDay: string, lastDay: string }, recentLeads: Array<(
      { __typename: 'Lead' }
      & { ' $fragmentRefs'?: { 'DashboardLeadFragment': DashboardLeadFragment } }
    )> | null, keywordPerformance: Array<(
      { __typename: 'KeywordPerformance', asOf: string }
      & { ' $fragmentRefs'?: { 'DashboardKeywordFragment': DashboardKeywordFragment } }
    )> | null, integrationStatus: Array<(
      { __typename: 'IntegrationHealth', asOf: string }
      & { ' $fragmentRefs'?: { 'DashboardIntegrationFragment': DashboardIntegrationFragment } }
    )> | null, conversionMetrics: (
      { __typename: 'ConversionMetrics', asOf: string }
      & { ' $fragmentRefs'?: { 'DashboardMetricsFragment': DashboardMetricsFragment } }
    ) | null, analytics: { __typename: 'Analytics', conversions: (
        { __typename: 'ConversionAnalytics', asOf: string }
        & { ' $fragmentRefs'?: { 'DashboardTotalsFragment': DashboardTotalsFragment;'DashboardFunnelFragment': DashboardFunnelFragment } }
      ) | null, overTime: (
        { __typename: 'Series', asOf: string }
        & { ' $fragmentRefs'?: { 'DashboardSeriesFragment': DashboardSeriesFragment } }
      ) | null } | null } | null, keywords: { __typename: 'KeywordConnection', pageInfo: { __typename: 'PageInfo', changesAfter: string } } | null, today: { __typename: 'Analytics', window: { __typename: 'Window', start: string, end: string } } | null };

export type DashboardCountersFragment = { __typename: 'User', mentionsCount: number, newLeadsCount: number, contactedLeadsCount: number, qualifiedLeadsCount: number, convertedLeadsCount: number, disqualifiedLeadsCount: number } & { ' $fragmentName'?: 'DashboardCountersFragment' };

export type DashboardPollQueryVariables = Exact<{ [key: string]: never; }>;


export type DashboardPollQuery = { viewer: (
    { __typename: 'User', id: string }
    & { ' $fragmentRefs'?: { 'DashboardCountersFragment': DashboardCountersFragment } }
  ) | null };

export type DashboardChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type DashboardChangedSubscription = { figuresChanged: { __typename: 'FiguresChanged', cursor: string } | null };

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
export const DashboardFunnelFragmentDoc = new TypedDocumentString(`
    fragment DashboardFunnel on ConversionAnalytics {
  funnel {
    stage
    count {
      value
      __typename
    }
    ofPrevious
    ofFirst
    __typename
  }
  __typename
}
    `, {"fragmentName":"DashboardFunnel"}) as unknown as TypedDocumentString<DashboardFunnelFragment, unknown>;
export const DashboardIntegrationFragmentDoc = new TypedDocumentString(`
    fragment DashboardIntegration on IntegrationHealth {
  integration {
    id
    name
    provider
    kind
    status
    __typename
  }
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
    `, {"fragmentName":"DashboardIntegration"}) as unknown as TypedDocumentString<DashboardIntegrationFragment, unknown>;
export const DashboardKeywordFragmentDoc = new TypedDocumentString(`
    fragment DashboardKeyword on KeywordPerformance {
  keyword {
    id
    keyword
    __typename
  }
  mentions {
    value
    __typename
  }
  leads {
    value
    changePercentToDate
    __typename
  }
  converted {
    value
    __typename
  }
  rate(basis: LEADS_PER_MENTION) {
    current {
      value
      __typename
    }
    __typename
  }
  performanceScore
  efficiencyScore
  __typename
}
    `, {"fragmentName":"DashboardKeyword"}) as unknown as TypedDocumentString<DashboardKeywordFragment, unknown>;
export const DashboardSeriesFragmentDoc = new TypedDocumentString(`
    fragment DashboardSeries on Series {
  points {
    start
    end
    localDate
    partial
    future
    mentions
    leads
    __typename
  }
  __typename
}
    `, {"fragmentName":"DashboardSeries"}) as unknown as TypedDocumentString<DashboardSeriesFragment, unknown>;
export const DashboardLeadFragmentDoc = new TypedDocumentString(`
    fragment DashboardLead on Lead {
  id
  status
  score
  createdAt
  contactName
  company
  mention {
    id
    title
    content
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  __typename
}
    `, {"fragmentName":"DashboardLead"}) as unknown as TypedDocumentString<DashboardLeadFragment, unknown>;
export const DashboardTrendFragmentDoc = new TypedDocumentString(`
    fragment DashboardTrend on Trend {
  value
  previousToDate
  changePercentToDate
  __typename
}
    `, {"fragmentName":"DashboardTrend"}) as unknown as TypedDocumentString<DashboardTrendFragment, unknown>;
export const DashboardTotalsFragmentDoc = new TypedDocumentString(`
    fragment DashboardTotals on ConversionAnalytics {
  mentions {
    ...DashboardTrend
    __typename
  }
  leads {
    ...DashboardTrend
    __typename
  }
  qualified {
    ...DashboardTrend
    __typename
  }
  converted {
    ...DashboardTrend
    __typename
  }
  rate(basis: CONVERTED_PER_MENTION) {
    current {
      value
      numerator
      denominator
      __typename
    }
    changeToDate
    __typename
  }
  __typename
}
    fragment DashboardTrend on Trend {
  value
  previousToDate
  changePercentToDate
  __typename
}`, {"fragmentName":"DashboardTotals"}) as unknown as TypedDocumentString<DashboardTotalsFragment, unknown>;
export const DashboardMetricsFragmentDoc = new TypedDocumentString(`
    fragment DashboardMetrics on ConversionMetrics {
  totalLeads
  newLeadsToday
  topPerformingKeyword {
    keyword {
      id
      keyword
      __typename
    }
    __typename
  }
  __typename
}
    `, {"fragmentName":"DashboardMetrics"}) as unknown as TypedDocumentString<DashboardMetricsFragment, unknown>;
export const DashboardCountersFragmentDoc = new TypedDocumentString(`
    fragment DashboardCounters on User {
  mentionsCount
  newLeadsCount
  contactedLeadsCount
  qualifiedLeadsCount
  convertedLeadsCount
  disqualifiedLeadsCount
  __typename
}
    `, {"fragmentName":"DashboardCounters"}) as unknown as TypedDocumentString<DashboardCountersFragment, unknown>;
export const DashboardPageDocument = new TypedDocumentString(`
    query DashboardPage($range: Range!, $timeZone: String!, $from: DateTime, $to: DateTime, $by: TimeUnit!, $maxAge: Int) {
  viewer {
    id
    keywordsCount
    mentionsCount
    ...DashboardCounters
    __typename
  }
  dashboard(
    range: $range
    timeZone: $timeZone
    from: $from
    to: $to
    maxAge: $maxAge
  ) {
    asOf
    window {
      start
      end
      firstDay
      lastDay
      __typename
    }
    recentLeads(first: 8) {
      ...DashboardLead
      __typename
    }
    keywordPerformance(first: 10) {
      asOf
      ...DashboardKeyword
      __typename
    }
    integrationStatus(first: 20) {
      asOf
      ...DashboardIntegration
      __typename
    }
    conversionMetrics {
      asOf
      ...DashboardMetrics
      __typename
    }
    analytics {
      conversions {
        asOf
        ...DashboardTotals
        ...DashboardFunnel
        __typename
      }
      overTime(by: $by) {
        asOf
        ...DashboardSeries
        __typename
      }
      __typename
    }
    __typename
  }
  keywords(first: 0) {
    pageInfo {
      changesAfter
      __typename
    }
    __typename
  }
  today: analytics(range: TODAY, timeZone: $timeZone) {
    window {
      start
      end
      __typename
    }
    __typename
  }
}
    fragment DashboardFunnel on ConversionAnalytics {
  funnel {
    stage
    count {
      value
      __typename
    }
    ofPrevious
    ofFirst
    __typename
  }
  __typename
}
fragment DashboardIntegration on IntegrationHealth {
  integration {
    id
    name
    provider
    kind
    status
    __typename
  }
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
fragment DashboardKeyword on KeywordPerformance {
  keyword {
    id
    keyword
    __typename
  }
  mentions {
    value
    __typename
  }
  leads {
    value
    changePercentToDate
    __typename
  }
  converted {
    value
    __typename
  }
  rate(basis: LEADS_PER_MENTION) {
    current {
      value
      __typename
    }
    __typename
  }
  performanceScore
  efficiencyScore
  __typename
}
fragment DashboardSeries on Series {
  points {
    start
    end
    localDate
    partial
    future
    mentions
    leads
    __typename
  }
  __typename
}
fragment DashboardLead on Lead {
  id
  status
  score
  createdAt
  contactName
  company
  mention {
    id
    title
    content
    __typename
  }
  keyword {
    id
    keyword
    __typename
  }
  __typename
}
fragment DashboardTrend on Trend {
  value
  previousToDate
  changePercentToDate
  __typename
}
fragment DashboardTotals on ConversionAnalytics {
  mentions {
    ...DashboardTrend
    __typename
  }
  leads {
    ...DashboardTrend
    __typename
  }
  qualified {
    ...DashboardTrend
    __typename
  }
  converted {
    ...DashboardTrend
    __typename
  }
  rate(basis: CONVERTED_PER_MENTION) {
    current {
      value
      numerator
      denominator
      __typename
    }
    changeToDate
    __typename
  }
  __typename
}
fragment DashboardMetrics on ConversionMetrics {
  totalLeads
  newLeadsToday
  topPerformingKeyword {
    keyword {
      id
      keyword
      __typename
    }
    __typename
  }
  __typename
}
fragment DashboardCounters on User {
  mentionsCount
  newLeadsCount
  contactedLeadsCount
  qualifiedLeadsCount
  convertedLeadsCount
  disqualifiedLeadsCount
  __typename
}`, {"hash":"sha256:d37bba01c90e7ea171bb02bd8d8040408e32e76e057026d6f53a85602ad3a6ae"}) as unknown as TypedDocumentString<DashboardPageQuery, DashboardPageQueryVariables>;
export const DashboardPollDocument = new TypedDocumentString(`
    query DashboardPoll {
  viewer {
    id
    ...DashboardCounters
    __typename
  }
}
    fragment DashboardCounters on User {
  mentionsCount
  newLeadsCount
  contactedLeadsCount
  qualifiedLeadsCount
  convertedLeadsCount
  disqualifiedLeadsCount
  __typename
}`, {"hash":"sha256:a87aefadfb372bf333ab1f0b147128704b600fc29e61856588aa14bf3df9081e"}) as unknown as TypedDocumentString<DashboardPollQuery, DashboardPollQueryVariables>;
export const DashboardChangedDocument = new TypedDocumentString(`
    subscription DashboardChanged($after: String) {
  figuresChanged(after: $after) {
    cursor
    __typename
  }
}
    `, {"hash":"sha256:91b8736eb6944180cf6d4f301253999132a7574ae437039e172da02464ca5ae1"}) as unknown as TypedDocumentString<DashboardChangedSubscription, DashboardChangedSubscriptionVariables>;