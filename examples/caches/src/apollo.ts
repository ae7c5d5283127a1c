import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { firstValueFrom, skipWhile } from "rxjs";

import { headers, url } from "./api.ts";
import { DASHBOARD, MENTION, MENTIONS, RATE, STAR } from "./documents.ts";
import { EMBEDDED } from "./embedded.ts";

const LISTS = ["users", "keywords", "mentions", "leads", "integrations", "exports"];
const pages = Object.fromEntries(LISTS.map((list) => [list, relayStylePagination(["filter", "orderBy"])]));

const cache = new InMemoryCache({
  typePolicies: {
    Query: { fields: pages },
    User: { fields: pages },
    Keyword: { fields: { mentions: pages["mentions"]!, leads: pages["leads"]! } },
    Integration: { fields: { mentions: pages["mentions"]! } },
    ...Object.fromEntries(EMBEDDED.map((type) => [type, { keyFields: false, merge: true }])),
  },
});

const client = new ApolloClient({ cache, link: new HttpLink({ uri: url, headers }) });

const filter = { read: false, relevance: { in: ["HIGH", "MEDIUM", "LOW"] } };
const mentions = client.watchQuery<any>({ query: gql(MENTIONS), variables: { first: 3, filter } });
const firstPage = await firstValueFrom(mentions.pipe(skipWhile(({ loading }) => loading)));
await mentions.fetchMore({ variables: { after: firstPage.data.mentions.pageInfo.endCursor } });
const list = () => cache.readQuery<any>({ query: gql(MENTIONS), variables: { first: 3, filter } }).mentions;
const id: string = list().edges[0].node.id;

await client.query({ query: gql(MENTION), variables: { id } });
await client.mutate({ mutation: gql(STAR), variables: { id, starred: true } });
const starred = Boolean(list().edges[0].node.starredAt);
const analysis = { ...list().edges[0].node.analysis };
await client.mutate({ mutation: gql(STAR), variables: { id, starred: false } });

for (const range of ["TODAY", "PREVIOUS_MONTH"]) {
  await client.query({ query: gql(DASHBOARD), variables: { range } });
  await client.query({ query: gql(RATE), variables: { range } });
}
const newLeads = ["TODAY", "PREVIOUS_MONTH"].map(
  (range) =>
    cache.readQuery<any>({ query: gql(DASHBOARD), variables: { range } }).dashboard.conversionMetrics.newLeads.value,
);

console.log(
  JSON.stringify({
    ids: list().edges.map((edge: any) => edge.node.id),
    starred,
    sentiment: analysis.sentiment,
    newLeads,
  }),
);
