import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

import { NAME, RENAME, SIGN_IN, SIGN_OUT, messages, type FrontEnd } from "./documents.ts";

export function apollo(url: string): FrontEnd {
  const link = new HttpLink({ uri: url, credentials: "include" });
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const mutate = async (mutation: string, input: object) =>
    (await client.mutate<any>({ mutation: gql(mutation), variables: { input } })).data;
  return {
    async signIn(email, password) {
      const { signIn } = await mutate(SIGN_IN, { email, password });
      await client.resetStore(); // the cache may hold the data of another user
      return messages(signIn.userErrors);
    },
    name: async () => (await client.query<any>({ query: gql(NAME), fetchPolicy: "network-only" })).data.viewer.name,
    rename: async (name) => (await mutate(RENAME, { name })).updateViewer.viewer.name,
    async signOut() {
      await mutate(SIGN_OUT, {});
      await client.clearStore();
    },
  };
}
