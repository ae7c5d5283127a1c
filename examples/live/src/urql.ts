import { Client as UrqlClient, fetchExchange, gql, subscriptionExchange } from "@urql/core";

import type { Client } from "./client.ts";
import { isLive } from "./live.ts";
import type { Streams } from "./resuming.ts";

/** Sends live operations over the streams, and all others by POST, or `everything` over the streams. */
export function urqlClient(streams: Streams, url: string, token: () => string, everything = false) {
  const live = subscriptionExchange({
    enableAllOperations: everything,
    isSubscriptionOperation: ({ query }) => everything || isLive(query),
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe: (sink) => ({
        unsubscribe: streams.subscribe({ query, variables: variables as Record<string, unknown> }, sink as any),
      }),
    }),
  });
  return new UrqlClient({
    url,
    fetchOptions: () => ({ headers: { Authorization: `Bearer ${token()}` } }),
    exchanges: [live, fetchExchange],
    preferGetMethod: false,
  });
}

/** The operations of this example by urql. */
export function urql(client: UrqlClient): Client {
  return {
    watch({ query, variables }, sink) {
      const document = gql(query);
      const isQuery = query.trimStart().startsWith("query");
      const results = isQuery ? client.query(document, variables ?? {}) : client.subscription(document, variables ?? {});
      const subscription = results.subscribe(({ data, error }) => {
        if (error?.graphQLErrors.length) sink.next({ errors: error.graphQLErrors });
        else if (error) sink.error(error.networkError);
        else sink.next({ data });
      });
      return subscription.unsubscribe;
    },
    async ask({ query, variables }) {
      const document = gql(query);
      const isQuery = query.trimStart().startsWith("query");
      const operation = isQuery ? client.query(document, variables ?? {}) : client.mutation(document, variables ?? {});
      const { data, error } = await operation.toPromise();
      if (error) throw error;
      return data;
    },
  };
}
