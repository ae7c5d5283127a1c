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
    "\n  fragment DashboardFunnel on ConversionAnalytics {\n    funnel {\n      stage\n      count {\n        value\n      }\n      ofPrevious\n      ofFirst\n    }\n  }\n": typeof types.DashboardFunnelFragmentDoc,
    "\n  fragment DashboardIntegration on IntegrationHealth {\n    integration {\n      id\n      name\n      provider\n      kind\n      status\n    }\n    score\n    problems\n    uptime {\n      localDate\n      runs\n      succeeded\n      percent\n    }\n  }\n": typeof types.DashboardIntegrationFragmentDoc,
    "\n  fragment DashboardKeyword on KeywordPerformance {\n    keyword {\n      id\n      keyword\n    }\n    mentions {\n      value\n    }\n    leads {\n      value\n      changePercentToDate\n    }\n    converted {\n      value\n    }\n    rate(basis: LEADS_PER_MENTION) {\n      current {\n        value\n      }\n    }\n    performanceScore\n    efficiencyScore\n  }\n": typeof types.DashboardKeywordFragmentDoc,
    "\n  fragment DashboardSeries on Series {\n    points {\n      start\n      end\n      localDate\n      partial\n      future\n      mentions\n      leads\n    }\n  }\n": typeof types.DashboardSeriesFragmentDoc,
    "\n  fragment DashboardLead on Lead {\n    id\n    status\n    score\n    createdAt\n    contactName\n    company\n    mention {\n      id\n      title\n      content\n    }\n    keyword {\n      id\n      keyword\n    }\n  }\n": typeof types.DashboardLeadFragmentDoc,
    "\n  fragment DashboardTrend on Trend {\n    value\n    previousToDate\n    changePercentToDate\n  }\n": typeof types.DashboardTrendFragmentDoc,
    "\n  fragment DashboardTotals on ConversionAnalytics {\n    mentions {\n      ...DashboardTrend\n    }\n    leads {\n      ...DashboardTrend\n    }\n    qualified {\n      ...DashboardTrend\n    }\n    converted {\n      ...DashboardTrend\n    }\n    rate(basis: CONVERTED_PER_MENTION) {\n      current {\n        value\n        numerator\n        denominator\n      }\n      changeToDate\n    }\n  }\n": typeof types.DashboardTotalsFragmentDoc,
    "\n  fragment DashboardMetrics on ConversionMetrics {\n    totalLeads\n    newLeadsToday\n    topPerformingKeyword {\n      keyword {\n        id\n        keyword\n      }\n    }\n  }\n": typeof types.DashboardMetricsFragmentDoc,
    "\n  query DashboardPage(\n    $range: Range!\n    $timeZone: String!\n    $from: DateTime\n    $to: DateTime\n    $by: TimeUnit!\n    $maxAge: Int\n  ) {\n    viewer {\n      id\n      keywordsCount\n      mentionsCount\n      ...DashboardCounters\n    }\n    dashboard(range: $range, timeZone: $timeZone, from: $from, to: $to, maxAge: $maxAge) {\n      asOf\n      window {\n        start\n        end\n        firstDay\n        lastDay\n      }\n      recentLeads(first: 8) {\n        ...DashboardLead\n      }\n      keywordPerformance(first: 10) {\n        asOf\n        ...DashboardKeyword\n      }\n      integrationStatus(first: 20) {\n        asOf\n        ...DashboardIntegration\n      }\n      conversionMetrics {\n        asOf\n        ...DashboardMetrics\n      }\n      analytics {\n        conversions {\n          asOf\n          ...DashboardTotals\n          ...DashboardFunnel\n        }\n        overTime(by: $by) {\n          asOf\n          ...DashboardSeries\n        }\n      }\n    }\n    keywords(first: 0) {\n      pageInfo {\n        changesAfter\n      }\n    }\n    today: analytics(range: TODAY, timeZone: $timeZone) {\n      window {\n        start\n        end\n      }\n    }\n  }\n": typeof types.DashboardPageDocument,
    "\n  fragment DashboardCounters on User {\n    mentionsCount\n    newLeadsCount\n    contactedLeadsCount\n    qualifiedLeadsCount\n    convertedLeadsCount\n    disqualifiedLeadsCount\n  }\n": typeof types.DashboardCountersFragmentDoc,
    "\n  query DashboardPoll {\n    viewer {\n      id\n      ...DashboardCounters\n    }\n  }\n": typeof types.DashboardPollDocument,
    "\n  subscription DashboardChanged($after: String) {\n    figuresChanged(after: $after) {\n      cursor\n    }\n  }\n": typeof types.DashboardChangedDocument,
};
const documents: Documents = {
    "\n  fragment DashboardFunnel on ConversionAnalytics {\n    funnel {\n      stage\n      count {\n        value\n      }\n      ofPrevious\n      ofFirst\n    }\n  }\n": types.DashboardFunnelFragmentDoc,
    "\n  fragment DashboardIntegration on IntegrationHealth {\n    integration {\n      id\n      name\n      provider\n      kind\n      status\n    }\n    score\n    problems\n    uptime {\n      localDate\n      runs\n      succeeded\n      percent\n    }\n  }\n": types.DashboardIntegrationFragmentDoc,
    "\n  fragment DashboardKeyword on KeywordPerformance {\n    keyword {\n      id\n      keyword\n    }\n    mentions {\n      value\n    }\n    leads {\n      value\n      changePercentToDate\n    }\n    converted {\n      value\n    }\n    rate(basis: LEADS_PER_MENTION) {\n      current {\n        value\n      }\n    }\n    performanceScore\n    efficiencyScore\n  }\n": types.DashboardKeywordFragmentDoc,
    "\n  fragment DashboardSeries on Series {\n    points {\n      start\n      end\n      localDate\n      partial\n      future\n      mentions\n      leads\n    }\n  }\n": types.DashboardSeriesFragmentDoc,
    "\n  fragment DashboardLead on Lead {\n    id\n    status\n    score\n    createdAt\n    contactName\n    company\n    mention {\n      id\n      title\n      content\n    }\n    keyword {\n      id\n      keyword\n    }\n  }\n": types.DashboardLeadFragmentDoc,
    "\n  fragment DashboardTrend on Trend {\n    value\n    previousToDate\n    changePercentToDate\n  }\n": types.DashboardTrendFragmentDoc,
    "\n  fragment DashboardTotals on ConversionAnalytics {\n    mentions {\n      ...DashboardTrend\n    }\n    leads {\n      ...DashboardTrend\n    }\n    qualified {\n      ...DashboardTrend\n    }\n    converted {\n      ...DashboardTrend\n    }\n    rate(basis: CONVERTED_PER_MENTION) {\n      current {\n        value\n        numerator\n        denominator\n      }\n      changeToDate\n    }\n  }\n": types.DashboardTotalsFragmentDoc,
    "\n  fragment DashboardMetrics on ConversionMetrics {\n    totalLeads\n    newLeadsToday\n    topPerformingKeyword {\n      keyword {\n        id\n        keyword\n      }\n    }\n  }\n": types.DashboardMetricsFragmentDoc,
    "\n  query DashboardPage(\n    $range: Range!\n    $timeZone: String!\n    $from: DateTime\n    $to: DateTime\n    $by: TimeUnit!\n    $maxAge: Int\n  ) {\n    viewer {\n      id\n      keywordsCount\n      mentionsCount\n      ...DashboardCounters\n    }\n    dashboard(range: $range, timeZone: $timeZone, from: $from, to: $to, maxAge: $maxAge) {\n      asOf\n      window {\n        start\n        end\n        firstDay\n        lastDay\n      }\n      recentLeads(first: 8) {\n        ...DashboardLead\n      }\n      keywordPerformance(first: 10) {\n        asOf\n        ...DashboardKeyword\n      }\n      integrationStatus(first: 20) {\n        asOf\n        ...DashboardIntegration\n      }\n      conversionMetrics {\n        asOf\n        ...DashboardMetrics\n      }\n      analytics {\n        conversions {\n          asOf\n          ...DashboardTotals\n          ...DashboardFunnel\n        }\n        overTime(by: $by) {\n          asOf\n          ...DashboardSeries\n        }\n      }\n    }\n    keywords(first: 0) {\n      pageInfo {\n        changesAfter\n      }\n    }\n    today: analytics(range: TODAY, timeZone: $timeZone) {\n      window {\n        start\n        end\n      }\n    }\n  }\n": types.DashboardPageDocument,
    "\n  fragment DashboardCounters on User {\n    mentionsCount\n    newLeadsCount\n    contactedLeadsCount\n    qualifiedLeadsCount\n    convertedLeadsCount\n    disqualifiedLeadsCount\n  }\n": types.DashboardCountersFragmentDoc,
    "\n  query DashboardPoll {\n    viewer {\n      id\n      ...DashboardCounters\n    }\n  }\n": types.DashboardPollDocument,
    "\n  subscription DashboardChanged($after: String) {\n    figuresChanged(after: $after) {\n      cursor\n    }\n  }\n": types.DashboardChangedDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardFunnel on ConversionAnalytics {\n    funnel {\n      stage\n      count {\n        value\n      }\n      ofPrevious\n      ofFirst\n    }\n  }\n"): typeof import('./graphql.ts').DashboardFunnelFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardIntegration on IntegrationHealth {\n    integration {\n      id\n      name\n      provider\n      kind\n      status\n    }\n    score\n    problems\n    uptime {\n      localDate\n      runs\n      succeeded\n      percent\n    }\n  }\n"): typeof import('./graphql.ts').DashboardIntegrationFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardKeyword on KeywordPerformance {\n    keyword {\n      id\n      keyword\n    }\n    mentions {\n      value\n    }\n    leads {\n      value\n      changePercentToDate\n    }\n    converted {\n      value\n    }\n    rate(basis: LEADS_PER_MENTION) {\n      current {\n        value\n      }\n    }\n    performanceScore\n    efficiencyScore\n  }\n"): typeof import('./graphql.ts').DashboardKeywordFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardSeries on Series {\n    points {\n      start\n      end\n      localDate\n      partial\n      future\n      mentions\n      leads\n    }\n  }\n"): typeof import('./graphql.ts').DashboardSeriesFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardLead on Lead {\n    id\n    status\n    score\n    createdAt\n    contactName\n    company\n    mention {\n      id\n      title\n      content\n    }\n    keyword {\n      id\n      keyword\n    }\n  }\n"): typeof import('./graphql.ts').DashboardLeadFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardTrend on Trend {\n    value\n    previousToDate\n    changePercentToDate\n  }\n"): typeof import('./graphql.ts').DashboardTrendFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardTotals on ConversionAnalytics {\n    mentions {\n      ...DashboardTrend\n    }\n    leads {\n      ...DashboardTrend\n    }\n    qualified {\n      ...DashboardTrend\n    }\n    converted {\n      ...DashboardTrend\n    }\n    rate(basis: CONVERTED_PER_MENTION) {\n      current {\n        value\n        numerator\n        denominator\n      }\n      changeToDate\n    }\n  }\n"): typeof import('./graphql.ts').DashboardTotalsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardMetrics on ConversionMetrics {\n    totalLeads\n    newLeadsToday\n    topPerformingKeyword {\n      keyword {\n        id\n        keyword\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DashboardMetricsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DashboardPage(\n    $range: Range!\n    $timeZone: String!\n    $from: DateTime\n    $to: DateTime\n    $by: TimeUnit!\n    $maxAge: Int\n  ) {\n    viewer {\n      id\n      keywordsCount\n      mentionsCount\n      ...DashboardCounters\n    }\n    dashboard(range: $range, timeZone: $timeZone, from: $from, to: $to, maxAge: $maxAge) {\n      asOf\n      window {\n        start\n        end\n        firstDay\n        lastDay\n      }\n      recentLeads(first: 8) {\n        ...DashboardLead\n      }\n      keywordPerformance(first: 10) {\n        asOf\n        ...DashboardKeyword\n      }\n      integrationStatus(first: 20) {\n        asOf\n        ...DashboardIntegration\n      }\n      conversionMetrics {\n        asOf\n        ...DashboardMetrics\n      }\n      analytics {\n        conversions {\n          asOf\n          ...DashboardTotals\n          ...DashboardFunnel\n        }\n        overTime(by: $by) {\n          asOf\n          ...DashboardSeries\n        }\n      }\n    }\n    keywords(first: 0) {\n      pageInfo {\n        changesAfter\n      }\n    }\n    today: analytics(range: TODAY, timeZone: $timeZone) {\n      window {\n        start\n        end\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DashboardPageDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DashboardCounters on User {\n    mentionsCount\n    newLeadsCount\n    contactedLeadsCount\n    qualifiedLeadsCount\n    convertedLeadsCount\n    disqualifiedLeadsCount\n  }\n"): typeof import('./graphql.ts').DashboardCountersFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DashboardPoll {\n    viewer {\n      id\n      ...DashboardCounters\n    }\n  }\n"): typeof import('./graphql.ts').DashboardPollDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription DashboardChanged($after: String) {\n    figuresChanged(after: $after) {\n      cursor\n    }\n  }\n"): typeof import('./graphql.ts').DashboardChangedDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
