import {
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  fetchQuery,
  type ConcreteRequest,
  type FetchFunction,
} from "relay-runtime";

import NameQuery from "./__generated__/relayDocumentsNameQuery.graphql.ts";
import RenameMutation from "./__generated__/relayDocumentsRenameMutation.graphql.ts";
import SignInMutation from "./__generated__/relayDocumentsSignInMutation.graphql.ts";
import SignOutMutation from "./__generated__/relayDocumentsSignOutMutation.graphql.ts";
import { messages, type FrontEnd } from "./documents.ts";

export function relay(url: string): FrontEnd {
  const send: FetchFunction = async ({ text }, variables) => {
    const response = await fetch(url, {
      method: "POST",
      credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: text, variables }),
    });
    return await response.json();
  };
  const newEnvironment = () =>
    new Environment({ network: Network.create(send), store: new Store(new RecordSource()) });
  let environment = newEnvironment();
  const mutate = (mutation: ConcreteRequest, input: object) =>
    new Promise<any>((resolve, reject) => {
      commitMutation(environment, { mutation, variables: { input }, onCompleted: resolve, onError: reject });
    });
  return {
    async signIn(email, password) {
      const { signIn } = await mutate(SignInMutation, { email, password });
      environment = newEnvironment(); // the store may hold the data of another user
      return messages(signIn.userErrors);
    },
    async name() {
      const data: any = await fetchQuery(environment, NameQuery, {}).toPromise();
      return data.viewer.name;
    },
    rename: async (name) => (await mutate(RenameMutation, { name })).updateViewer.viewer.name,
    async signOut() {
      await mutate(SignOutMutation, {});
      environment = newEnvironment();
    },
  };
}
