import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";

import { NAME, RENAME, SIGN_IN, SIGN_OUT, messages, type FrontEnd } from "./documents.ts";

export function urql(url: string): FrontEnd {
  const fetchOptions: RequestInit = { credentials: "include" };
  const exchanges = [cacheExchange, fetchExchange];
  const newClient = () => new Client({ url, fetchOptions, exchanges, preferGetMethod: false });
  let client = newClient();
  const mutate = async (mutation: string, input: object) => {
    const { data, error } = await client.mutation<any>(gql(mutation), { input }).toPromise();
    if (error) throw error;
    return data;
  };
  return {
    async signIn(email, password) {
      const { signIn } = await mutate(SIGN_IN, { email, password });
      client = newClient(); // the cache may hold the data of another user
      return messages(signIn.userErrors);
    },
    async name() {
      const context = { requestPolicy: "network-only" } as const;
      const { data, error } = await client.query<any>(gql(NAME), {}, context).toPromise();
      if (error) throw error;
      return data.viewer.name;
    },
    rename: async (name) => (await mutate(RENAME, { name })).updateViewer.viewer.name,
    async signOut() {
      await mutate(SIGN_OUT, {});
      client = newClient();
    },
  };
}
