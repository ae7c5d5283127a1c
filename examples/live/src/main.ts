/**
 * Prints the newest mentions and those that are added, and the number of keywords whenever it changes, as lines of JSON.
 * Each line of the input is a keyword to create. The second argument is a cursor to resume from.
 *
 *     npm start --silent graphql-ws
 */
import { createInterface } from "node:readline";

import { apollo, apolloClient, eventLink, webSocketLink } from "./apollo.ts";
import { type Client, plain } from "./client.ts";
import { ADDED, CREATE, NEWEST, TOTAL } from "./documents.ts";
import { eventStreams, webSocket } from "./streams.ts";
import { urql, urqlClient } from "./urql.ts";

const { LEADGRAPH_URL: url = "", LEADGRAPH_API_KEY: key = "" } = process.env;
const token = () => key;
const CLIENTS: Record<string, () => Client> = {
  "graphql-ws": () => plain(webSocket(url, token)),
  "graphql-sse": () => plain(eventStreams(url, token)),
  "apollo-ws": () => apollo(apolloClient(webSocketLink(webSocket(url, token)), url, token)),
  "apollo-sse": () => apollo(apolloClient(eventLink(eventStreams(url, token)), url, token)),
  "urql-ws": () => urql(urqlClient(webSocket(url, token), url, token, true)),
  "urql-sse": () => urql(urqlClient(eventStreams(url, token), url, token)),
};

const [name = "", cursor] = process.argv.slice(2);
const create = CLIENTS[name];
if (!create || !url || !key) {
  console.error(`Set LEADGRAPH_URL and LEADGRAPH_API_KEY, and name one of ${Object.keys(CLIENTS).join(", ")}.`);
  process.exit(1);
}
const client = create();

function tell(line: Record<string, unknown>) {
  console.log(JSON.stringify(line));
}

/** Tells a failure in the words of the client: GraphQL errors, the end of a WebSocket, or a response. */
function tellFailure(failure: any) {
  const errors = Array.isArray(failure) ? failure : (failure?.errors ?? failure?.graphQLErrors);
  if (errors?.length) tell({ codes: errors.map(({ extensions }: any) => extensions?.code) });
  else tell({ failed: failure?.code ?? failure?.response?.status ?? failure?.statusCode ?? String(failure) });
}

function follow(query: string, variables: Record<string, unknown>, told: (data: any) => void) {
  client.watch(
    { query, variables },
    {
      next: ({ data, errors }) => (errors ? tellFailure(errors) : told(data)),
      error: tellFailure,
      complete: () => tell({ complete: true }),
    },
  );
}

async function start(): Promise<string> {
  if (cursor) return cursor;
  const { mentions } = await client.ask({ query: NEWEST });
  tell({ newest: mentions.nodes.map((node: any) => node.externalId) });
  return mentions.pageInfo.changesAfter;
}

try {
  follow(ADDED, { after: await start() }, ({ mentionAdded }) =>
    tell({ added: mentionAdded.mentions.map((node: any) => node.externalId), cursor: mentionAdded.cursor }),
  );
  follow(TOTAL, {}, ({ keywords }) => tell({ total: keywords.totalCount }));
} catch (failure) {
  tellFailure(failure);
  process.exit(1);
}

for await (const keyword of createInterface({ input: process.stdin })) {
  try {
    const { createKeyword } = await client.ask({ query: CREATE, variables: { keyword } });
    tell({ created: createKeyword.keyword?.keyword ?? createKeyword.userErrors[0].code });
  } catch (failure) {
    tellFailure(failure);
  }
}
process.exit();
