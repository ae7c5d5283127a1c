// Ask twice by Apollo Client's link for persisted queries, and print the data and the requests.
// Arguments: the URL, an API key, and optionally a manifest of trusted documents.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { print } from 'graphql';

const [url, key, manifest] = process.argv.slice(2);
const requests = [];

async function recorded(address, options) {
  const sent = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams);
  requests.push([options.method, 'query' in sent]);
  return fetch(address, options);
}

const trusted = manifest && JSON.parse(readFileSync(manifest, 'utf8')).operations;
const persisted = trusted
  ? new PersistedQueryLink({ generateHash: (document) => trusted.find(({ body }) => body === print(document)).id })
  : new PersistedQueryLink({
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      useGETForHashedQueries: true,
    });
const http = new HttpLink({ uri: url, fetch: recorded, headers: { authorization: `Bearer ${key}` } });
const client = new ApolloClient({ link: persisted.concat(http), cache: new InMemoryCache() });
const query = gql('query Me($n: Int!) { viewer { email keywordsCount } keywords(first: $n) { nodes { id } } }');

const answers = [];
for (const n of [1, 2]) answers.push((await client.query({ query, variables: { n } })).data.viewer.email);
console.log(JSON.stringify({ answers, requests, document: print(query) }));
