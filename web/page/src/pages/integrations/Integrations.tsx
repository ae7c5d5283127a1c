import { useRef, useState } from "react";
import { Link } from "wouter";
import { usePages } from "../../api/hooks.ts";
import { format } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { useShortcut } from "../../ui/shortcuts.ts";
import { Actions, StatusBadge } from "./actions.tsx";
import { graphql } from "./gql/index.ts";
import type { IntegrationsListQuery } from "./gql/graphql.ts";
import { Health, nameOf } from "./Health.tsx";
import { useIntegrationChanges } from "./live.ts";
import { ConnectForm } from "./SettingsForm.tsx";

const LIST = graphql(`
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
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
        changesAfter
      }
    }
  }
`);

type Row = NonNullable<IntegrationsListQuery["integrations"]>["nodes"][number];

/** The list of connected accounts, with their health. */
export function Integrations() {
  const list = usePages(LIST, { first: 50 }, (data) => data.integrations);
  const [isOpen, setOpen] = useState(false);
  const known = useRef(new Set<string>());
  known.current = new Set(list.data?.integrations?.nodes.map(({ id }) => id));
  const box = useRowKeys<HTMLUListElement>();
  const changesAfter = list.data?.integrations?.pageInfo.changesAfter;
  useIntegrationChanges(changesAfter, ({ kind, integrationId }) => {
    if (kind === "DELETED" || !known.current.has(integrationId)) list.refresh();
  }, list.poll);
  usePolling(list.poll);
  useShortcut("n", "Connect an account", () => setOpen(true));
  return (
    <>
      <div className="heading">
        <h2>Accounts</h2>
        <button type="button" className="primary" onClick={() => setOpen(true)}>
          Connect an account
        </button>
      </div>
      <Answer of={list}>
        {({ integrations }) =>
          integrations &&
          (integrations.nodes.length === 0 ? (
            <Empty title="No account is connected yet.">
              <p>Integrations bring mentions in and take leads out.</p>
            </Empty>
          ) : (
            <>
              <ul className="cards" ref={box}>
                {integrations.nodes.map((each) => (
                  <Card key={each.id} integration={each} changed={list.restart} />
                ))}
              </ul>
              <More more={list.more} shown={integrations.nodes.length} total={integrations.totalCount} />
            </>
          ))
        }
      </Answer>
      {isOpen && <ConnectForm onClose={() => setOpen(false)} connected={list.restart} />}
    </>
  );
}

function Card({ integration, changed }: { integration: Row; changed: () => void }) {
  const { id, lastSyncedAt, lastErrorCode, consecutiveFailures, nextSyncAt, hasCredentials } = integration;
  return (
    <li className="card" data-row>
      <div className="heading">
        <h3>
          <Link href={`/${encodeURIComponent(id)}`}>{nameOf(integration)}</Link>
        </h3>
        <StatusBadge status={integration.status} />
      </div>
      <Health health={integration.health} />
      <p className="note">
        {lastSyncedAt ? `Last run ${format.age(lastSyncedAt)}` : "No run yet"}
        {nextSyncAt && ` · ${dueOf(nextSyncAt)}`}
        {consecutiveFailures > 0 && ` · ${failuresOf(consecutiveFailures)} (${lastErrorCode ?? "unknown"})`}
        {!hasCredentials && " · no credentials"}
      </p>
      <Actions integration={integration} changed={changed} />
    </li>
  );
}

/** Return when the next run is due, such as "next in 5 minutes", or since when it is overdue. */
function dueOf(moment: string): string {
  const seconds = (Date.parse(moment) - Date.now()) / 1000;
  if (Math.abs(seconds) < 60) return "due now";
  return `${seconds > 0 ? "next" : "was due"} ${format.age(moment)}`;
}

const failuresOf = (number: number) => (number === 1 ? "the last run failed" : `${number} failures in a row`);
