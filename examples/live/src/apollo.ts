import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { print } from "graphql";
import type { Client as WebSocketClient } from "graphql-ws";
import { Observable } from "rxjs";

import type { Client } from "./client.ts";
import { isLive } from "./live.ts";
import type { Streams } from "./resuming.ts";

/** The link over a WebSocket. */
export const webSocketLink = (streams: Streams) => new GraphQLWsLink(streams as unknown as WebSocketClient);

/** The link over event streams. */
export function eventLink(streams: Streams) {
  return new ApolloLink(
    ({ query, variables, operationName }) =>
      new Observable((observer) =>
        streams.subscribe(
          { query: print(query), variables, operationName },
          {
            next: (result) => observer.next(result as ApolloLink.Result),
            error: (failure) => observer.error(failure),
            complete: () => observer.complete(),
          },
        ),
      ),
  );
}

/** Sends live operations over the live link, and all others by POST. */
export function apolloClient(live: ApolloLink, url: string, token: () => string) {
  const credential = new ApolloLink((operation, forward) => {
    operation.setContext({ headers: { Authorization: `Bearer ${token()}` } });
    return forward(operation);
  });
  const link = ApolloLink.split(({ query }) => isLive(query), live, credential.concat(new HttpLink({ uri: url })));
  return new ApolloClient({ link, cache: new InMemoryCache() });
}

/** The operations of this example by Apollo Client. */
export function apollo(client: ApolloClient): Client {
  return {
    watch({ query, variables }, sink) {
      const document = gql(query);
      const told = ({ data, error }: { data?: unknown; error?: unknown }) => {
        if (CombinedGraphQLErrors.is(error)) sink.next({ errors: error.errors });
        else if (error) sink.error(error);
        else if (data) sink.next({ data });
      };
      const isQuery = query.trimStart().startsWith("query");
      const results = isQuery
        ? client.watchQuery<any>({ query: document, variables: variables ?? {}, fetchPolicy: "network-only" })
        : client.subscribe<any>({ query: document, variables: variables ?? {}, fetchPolicy: "no-cache" });
      const observer = { next: told, error: sink.error, complete: sink.complete };
      const subscription = (results as Observable<any>).subscribe(observer);
      return () => subscription.unsubscribe();
    },
    async ask({ query, variables }) {
      const document = gql(query);
      const options = { variables: variables ?? {} };
      const isQuery = query.trimStart().startsWith("query");
      const answer = isQuery
        ? await client.query<any>({ query: document, ...options, fetchPolicy: "network-only" })
        : await client.mutate<any>({ mutation: document, ...options });
      return answer.data;
    },
  };
}
