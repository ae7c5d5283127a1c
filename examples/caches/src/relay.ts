import {
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  type ConcreteRequest,
  type FetchFunction,
} from "relay-runtime";

import DashboardQuery from "./__generated__/relayDocumentsDashboardQuery.graphql.ts";
import MentionQuery from "./__generated__/relayDocumentsMentionQuery.graphql.ts";
import MentionsQuery from "./__generated__/relayDocumentsMentionsQuery.graphql.ts";
import StarMutation from "./__generated__/relayDocumentsStarMutation.graphql.ts";
import { headers, url } from "./api.ts";

const send: FetchFunction = async ({ text }, variables) => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ query: text, variables }),
  });
  return await response.json();
};

// Records without an `id` need no configuration: Relay keeps them at the field that returned them.
const environment = new Environment({ network: Network.create(send), store: new Store(new RecordSource()) });

async function ask(query: ConcreteRequest, variables: Record<string, unknown>): Promise<any> {
  environment.retain(createOperationDescriptor(query, variables));
  return await fetchQuery(environment, query, variables).toPromise();
}

function cached(query: ConcreteRequest, variables: Record<string, unknown>): any {
  return environment.lookup(createOperationDescriptor(query, variables).fragment).data;
}

function star(id: string, starred: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    commitMutation(environment, {
      mutation: StarMutation,
      variables: { id, starred },
      onCompleted: () => resolve(),
      onError: reject,
    });
  });
}

const filter = { read: false, relevance: { in: ["HIGH", "MEDIUM", "LOW"] } };
const firstPage = (await ask(MentionsQuery, { first: 3, filter })).mentions;
await ask(MentionsQuery, { first: 3, filter, after: firstPage.pageInfo.endCursor });
const list = () => cached(MentionsQuery, { first: 3, filter }).mentions;
const id: string = list().edges[0].node.id;

await ask(MentionQuery, { id });
await star(id, true);
const first = list().edges[0].node;
await star(id, false);

const newLeads = [];
for (const range of ["TODAY", "PREVIOUS_MONTH"]) await ask(DashboardQuery, { range });
for (const range of ["TODAY", "PREVIOUS_MONTH"]) {
  newLeads.push(cached(DashboardQuery, { range }).dashboard.conversionMetrics.newLeads.value);
}

console.log(
  JSON.stringify({
    ids: list().edges.map((edge: any) => edge.node.id),
    starred: Boolean(first.starredAt),
    sentiment: first.analysis.sentiment,
    newLeads,
  }),
);
