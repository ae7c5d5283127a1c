import "./style.css";
import { useState } from "react";
import { useClient } from "urql";
import { Link } from "wouter";
import { documentOf } from "../../api/documents.ts";
import { POLLED, useQuery } from "../../api/hooks.ts";
import { useLive } from "../../api/live.ts";
import { timesIn } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { useShortcut } from "../../ui/shortcuts.ts";
import { Card } from "./Card.tsx";
import { Controls } from "./Controls.tsx";
import { Funnel } from "./Funnel.tsx";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";
import type { DashboardCountersFragment, DashboardPageQuery } from "./gql/graphql.ts";
import { Integrations } from "./Integrations.tsx";
import { Keywords } from "./Keywords.tsx";
import { OverTime } from "./OverTime.tsx";
import { Recent } from "./Recent.tsx";
import { useThrottled } from "./throttled.ts";
import { Metrics, Totals } from "./Totals.tsx";
import { ErrorContext } from "./Unavailable.tsx";
import { useWindow, variablesOf } from "./window.ts";

const PAGE = graphql(`
  query DashboardPage(
    $range: Range!
    $timeZone: String!
    $from: DateTime
    $to: DateTime
    $by: TimeUnit!
    $maxAge: Int
  ) {
    viewer {
      id
      keywordsCount
      mentionsCount
      ...DashboardCounters
    }
    dashboard(range: $range, timeZone: $timeZone, from: $from, to: $to, maxAge: $maxAge) {
      asOf
      window {
        start
        end
        firstDay
        lastDay
      }
      recentLeads(first: 8) {
        ...DashboardLead
      }
      keywordPerformance(first: 10) {
        asOf
        ...DashboardKeyword
      }
      integrationStatus(first: 20) {
        asOf
        ...DashboardIntegration
      }
      conversionMetrics {
        asOf
        ...DashboardMetrics
      }
      analytics {
        conversions {
          asOf
          ...DashboardTotals
          ...DashboardFunnel
        }
        overTime(by: $by) {
          asOf
          ...DashboardSeries
        }
      }
    }
    keywords(first: 0) {
      pageInfo {
        changesAfter
      }
    }
    today: analytics(range: TODAY, timeZone: $timeZone) {
      window {
        start
        end
      }
    }
  }
`);

const COUNTERS = graphql(`
  fragment DashboardCounters on User {
    mentionsCount
    newLeadsCount
    contactedLeadsCount
    qualifiedLeadsCount
    convertedLeadsCount
    disqualifiedLeadsCount
  }
`);

// An answer with `asOf` has no ETag, so that a poll of the figures would never be answered by 304.
const POLL = graphql(`
  query DashboardPoll {
    viewer {
      id
      ...DashboardCounters
    }
  }
`);

const COUNTED = [
  "mentionsCount",
  "newLeadsCount",
  "contactedLeadsCount",
  "qualifiedLeadsCount",
  "convertedLeadsCount",
  "disqualifiedLeadsCount",
] as const;

const CHANGED = graphql(`
  subscription DashboardChanged($after: String) {
    figuresChanged(after: $after) {
      cursor
    }
  }
`);

type Variables = NonNullable<ReturnType<typeof variablesOf>>;

/** The page at /. */
export default function Dashboard() {
  const [shown, change] = useWindow();
  const variables = variablesOf(shown);
  const known = variables ?? (variablesOf({ timeZone: shown.timeZone }) as Variables);
  const state = useQuery(PAGE, { ...known, maxAge: null }, { pause: !variables });
  const [refresh, isRefreshing] = useRefresh(known, state.refresh);
  const refreshSoon = useThrottled(() => void refresh());
  const poll = usePoll(state.data?.viewer, refreshSoon);
  const after = state.data?.keywords?.pageInfo.changesAfter;
  useLive(CHANGED, { after: after ?? null }, { onEvent: refreshSoon, poll, pause: after === undefined });
  useShortcut("r", "Compute the figures anew", () => void refresh());

  return (
    <div className="dashboard">
      <h1>Dashboard</h1>
      <Controls shown={shown} change={change}>
        <button type="button" disabled={isRefreshing} onClick={() => void refresh()}>
          Refresh
        </button>
      </Controls>
      {variables ? (
        <ErrorContext value={state.error}>
          <Answer of={state}>
            {(data) => <Figures data={data} by={variables.by} refresh={() => void refresh()} />}
          </Answer>
        </ErrorContext>
      ) : (
        <Empty title="Choose two days, the first one before the last one." />
      )}
    </div>
  );
}

/** Return a function that lets the server compute the figures anew, and shows them. */
function useRefresh(variables: Variables, show: () => void): [() => Promise<void>, boolean] {
  const client = useClient();
  const [running, setRunning] = useState(0);
  async function refresh() {
    setRunning((number) => number + 1);
    const fresh = { ...variables, maxAge: 0 };
    await client.query(documentOf(PAGE), fresh, { requestPolicy: "network-only" }).toPromise();
    show();
    setRunning((number) => number - 1);
  }
  return [refresh, running > 0];
}

/** Return a function that reads the counters, and calls another one if they differ from those beside the figures. */
function usePoll(shown: FragmentType<typeof COUNTERS> | null | undefined, changed: () => void): () => void {
  const client = useClient();
  return async () => {
    const { data } = await client.query(documentOf(POLL), {}, POLLED).toPromise();
    if (shown && data?.viewer && !areEqual(unmasked(COUNTERS, shown), unmasked(COUNTERS, data.viewer))) changed();
  };
}

function areEqual(one: DashboardCountersFragment, other: DashboardCountersFragment): boolean {
  return COUNTED.every((name) => one[name] === other[name]);
}

interface FiguresProps {
  data: DashboardPageQuery;
  by: Variables["by"];
  refresh: () => void;
}

function Figures({ data: { viewer, dashboard, today }, by, refresh }: FiguresProps) {
  if (!viewer || !dashboard || !today) return null;
  if (viewer.mentionsCount === 0) return <NothingYet keywords={viewer.keywordsCount} />;
  const { window: span, recentLeads, keywordPerformance, integrationStatus, conversionMetrics, analytics } = dashboard;
  const conversions = analytics?.conversions;
  const oldest = (parts: readonly { asOf: string }[]) => parts.map(({ asOf }) => asOf).toSorted()[0];
  const ofPart = (part: { asOf: string }) => part.asOf;
  return (
    <div className="cards">
      <Card title="Totals" field="conversions" of={conversions} asOf={ofPart} refresh={refresh} wide>
        {(of) => (
          <>
            <Days first={span.firstDay} last={span.lastDay} />
            <Totals of={of} span={span} />
          </>
        )}
      </Card>
      <Card title="Over time" field="overTime" of={analytics?.overTime} asOf={ofPart} refresh={refresh} wide>
        {(of) => <OverTime of={of} by={by} />}
      </Card>
      <Card title="Funnel" field="conversions" of={conversions} asOf={ofPart} refresh={refresh}>
        {(of) => <Funnel of={of} span={span} />}
      </Card>
      <Card title="All time and today" field="conversionMetrics" of={conversionMetrics} asOf={ofPart} refresh={refresh}>
        {(of) => <Metrics of={of} today={today.window} />}
      </Card>
      <Card title="Keywords" field="keywordPerformance" of={keywordPerformance} asOf={oldest} refresh={refresh} wide>
        {(of) => <Keywords of={of} span={span} />}
      </Card>
      <Card title="Integrations" field="integrationStatus" of={integrationStatus} asOf={oldest} refresh={refresh}>
        {(of) => <Integrations of={of} />}
      </Card>
      <Card title="Recent leads" field="recentLeads" of={recentLeads} asOf={() => dashboard.asOf} refresh={refresh}>
        {(of) => <Recent of={of} />}
      </Card>
    </div>
  );
}

/** The days of the window, and what the changes compare. */
function Days({ first, last }: { first: string; last: string }) {
  const { date } = timesIn("UTC");
  return (
    <p className="note">
      {first === last ? date(first) : `${date(first)} to ${date(last)}`}, compared with the same part of the window before.
    </p>
  );
}

function NothingYet({ keywords }: { keywords: number }) {
  return (
    <Empty title="There are no mentions yet.">
      {keywords === 0 ? (
        <p>
          <Link href="/keywords">Add a keyword</Link> to find posts that contain it.
        </p>
      ) : (
        <p>
          <Link href="/integrations">Connect a source</Link>, or import posts. Figures appear with the first mention.
        </p>
      )}
    </Empty>
  );
}
