import { Client, fetchExchange, gql } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

import { headers, url } from "./api.ts";
import { DASHBOARD, MENTION, MENTIONS, RATE, STAR } from "./documents.ts";
import { EMBEDDED } from "./embedded.ts";

const LISTS = ["users", "keywords", "mentions", "leads", "integrations", "exports"];
const pages = Object.fromEntries(LISTS.map((list) => [list, relayPagination()]));

const cache = cacheExchange({
  keys: Object.fromEntries(EMBEDDED.map((type) => [type, () => null])),
  resolvers: {
    Query: pages,
    User: pages,
    Keyword: { mentions: relayPagination(), leads: relayPagination() },
    Integration: { mentions: relayPagination() },
  },
});

const client = new Client({
  url,
  fetchOptions: { headers },
  exchanges: [cache, fetchExchange],
  preferGetMethod: false,
});

async function ask(document: string, variables: Record<string, unknown>, requestPolicy?: "cache-only") {
  const operation = document.trimStart().startsWith("mutation")
    ? client.mutation<any>(gql(document), variables)
    : client.query<any>(gql(document), variables, requestPolicy ? { requestPolicy } : {});
  const { data, error } = await operation.toPromise();
  if (error) throw error;
  return data;
}

const filter = { read: false, relevance: { in: ["HIGH", "MEDIUM", "LOW"] } };
const firstPage = (await ask(MENTIONS, { first: 3, filter })).mentions;
const after = firstPage.pageInfo.endCursor;
await ask(MENTIONS, { first: 3, filter, after });
const list = async () => (await ask(MENTIONS, { first: 3, filter, after }, "cache-only")).mentions;
const id: string = (await list()).edges[0].node.id;

await ask(MENTION, { id });
await ask(STAR, { id, starred: true });
const first = (await list()).edges[0].node;
await ask(STAR, { id, starred: false });

for (const range of ["TODAY", "PREVIOUS_MONTH"]) {
  await ask(DASHBOARD, { range });
  await ask(RATE, { range });
}
const newLeads = [];
for (const range of ["TODAY", "PREVIOUS_MONTH"]) {
  const { dashboard } = await ask(DASHBOARD, { range }, "cache-only");
  newLeads.push(dashboard.conversionMetrics.newLeads.value);
}

console.log(
  JSON.stringify({
    ids: (await list()).edges.map((edge: any) => edge.node.id),
    starred: Boolean(first.starredAt),
    sentiment: first.analysis.sentiment,
    newLeads,
  }),
);
