import { useState } from "react";
import { Link, useLocation } from "wouter";
import { usePages } from "../../api/hooks.ts";
import { mentionFilters } from "../../filters.ts";
import { format, timesIn, useTimes, words } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { type Column, Table } from "../../ui/Table.tsx";
import { Actions, StatusBadge } from "./actions.tsx";
import { graphql } from "./gql/index.ts";
import type { IntegrationsDetailQuery } from "./gql/graphql.ts";
import { Health, nameOf } from "./Health.tsx";
import { useIntegrationChanges } from "./live.ts";
import { SettingsForm } from "./SettingsForm.tsx";

const DETAIL = graphql(`
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
        }
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
        }
        pageInfo {
          hasNextPage
          endCursor
          changesAfter
        }
      }
    }
  }
`);

type Row = NonNullable<IntegrationsDetailQuery["integration"]>;
type Run = Row["logs"]["nodes"][number];

/** One integration: its state, its settings and its runs. */
export function Integration({ id }: { id: string }) {
  const state = usePages(DETAIL, { id, first: 25 }, (data) => data.integration?.logs);
  const [, navigate] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const changesAfter = state.data?.integration?.logs.pageInfo.changesAfter;
  useIntegrationChanges(changesAfter, ({ integrationId }) => {
    if (integrationId === id) state.refresh();
  }, state.poll);
  usePolling(state.poll);
  return (
    <Answer of={state}>
      {({ integration }) =>
        integration === null ? (
          state.error ? null : <Empty title="This integration does not exist." />
        ) : (
          <div className="parts">
            <section className="card" aria-labelledby="integration">
              <div className="heading">
                <h2 id="integration">{nameOf(integration)}</h2>
                <StatusBadge status={integration.status} />
              </div>
              <Health health={integration.health} />
              <Facts of={integration} />
              <div className="row">
                <button type="button" onClick={() => setOpen(true)}>
                  Edit
                </button>
                <Actions integration={integration} changed={state.refresh} gone={() => navigate("/")} />
              </div>
            </section>
            <section className="card" aria-labelledby="runs">
              <h2 id="runs">Runs</h2>
              <Runs runs={integration.logs.nodes}>
                <More more={state.more} shown={integration.logs.nodes.length} total={integration.logs.totalCount} />
              </Runs>
            </section>
            {isOpen && <SettingsForm integration={integration} onClose={() => setOpen(false)} />}
          </div>
        )
      }
    </Answer>
  );
}

const isPast = (moment: string) => Date.parse(moment) < Date.now();

function Facts({ of }: { of: Row }) {
  const times = useTimes();
  const facts: [string, React.ReactNode][] = [
    ["Service", `${words(of.provider)}, ${words(of.kind).toLowerCase()}`],
    ["Account", of.externalAccountId || "–"],
    ["Credentials", of.hasCredentials ? "Stored" : "None"],
    ["They expire", of.credentialsExpiresAt ? `${timesIn("UTC").date(of.credentialsExpiresAt)} (UTC)` : "Unknown"],
    ["Runs every", `${format.number(of.syncIntervalMinutes)} minutes`],
    ["Next run", of.nextSyncAt ? `${times.moment(of.nextSyncAt)}${isPast(of.nextSyncAt) ? " (overdue)" : ""}` : "–"],
    ["Last success", of.lastSuccessAt ? times.moment(of.lastSuccessAt) : "–"],
    ["Last failure", of.lastErrorAt ? `${times.moment(of.lastErrorAt)} (${of.lastErrorCode ?? "unknown"})` : "–"],
    ["Failures in a row", format.number(of.consecutiveFailures)],
    ["Permissions", of.scopes.join(", ") || "–"],
    ["Settings", <code key="settings">{JSON.stringify(of.settings)}</code>],
    ["Mentions", <Link key="mentions" href={`~/inbox${mentionFilters.write({ integration: [of.id] })}`}>Show in the inbox</Link>],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const TONES: Record<string, string> = { SUCCEEDED: "good", PARTIAL: "warn", FAILED: "bad", RATE_LIMITED: "warn" };

function Runs({ runs, children }: { runs: readonly Run[]; children: React.ReactNode }) {
  const times = useTimes();
  const box = useRowKeys<HTMLDivElement>();
  if (runs.length === 0) return <Empty title="No run was reported yet." />;
  const count = (title: string, of: (run: Run) => number | null): Column<Run> => ({
    title,
    isNumber: true,
    sortBy: of,
    cell: (run) => (of(run) === null ? "–" : format.number(of(run) ?? 0)),
  });
  const columns: Column<Run>[] = [
    {
      title: "Ended",
      sortBy: ({ finishedAt, createdAt }) => finishedAt ?? createdAt,
      cell: ({ finishedAt, createdAt }) => (
        <time dateTime={finishedAt ?? createdAt}>{times.moment(finishedAt ?? createdAt)}</time>
      ),
    },
    { title: "Kind", sortBy: ({ kind }) => kind, cell: ({ kind }) => words(kind) },
    {
      title: "Status",
      sortBy: ({ status }) => status,
      cell: ({ status }) => <span className={`badge ${TONES[status] ?? "muted"}`}>{words(status)}</span>,
    },
    count("Found", ({ itemsFound }) => itemsFound),
    count("Created", ({ itemsCreated }) => itemsCreated),
    count("Known", ({ itemsDuplicate }) => itemsDuplicate),
    count("Failed", ({ itemsFailed }) => itemsFailed),
    count("Milliseconds", ({ durationMs }) => durationMs),
    {
      title: "Message",
      cell: ({ httpStatus, errorCode, message }) => (
        <div className="wide">{[httpStatus, errorCode, message].filter(Boolean).join(" · ")}</div>
      ),
    },
  ];
  return (
    <div ref={box} className="bare">
      <Table caption="Runs" columns={columns} rows={runs} keyOf={({ id }) => id} />
      {children}
    </div>
  );
}
