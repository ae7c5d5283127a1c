import {
  cacheExchange,
  type Cache,
  type OptimisticMutationConfig,
  type UpdateResolver,
  type UpdatesConfig,
} from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { Client, type CombinedError, fetchExchange, getOperationName, makeOperation, mapExchange } from "urql";
import { hashOf } from "./documents.ts";
import { liveExchange } from "./live.ts";
import { status } from "./status.ts";
import { steadyFetch } from "./steady.ts";

const LISTS = ["users", "keywords", "mentions", "leads", "integrations", "exports", "apiKeys", "webhooks"];
const lists = (names: string[]) => Object.fromEntries(names.map((name) => [name, relayPagination()]));
const OUTDATED: readonly unknown[] = ["PERSISTED_QUERY_NOT_FOUND", "DOCUMENT_NOT_TRUSTED"];

const optimistic: OptimisticMutationConfig = {};
const updates: UpdatesConfig & { Mutation: object; Subscription: object } = { Mutation: {}, Subscription: {} };

/** Add optimistic results of mutations, by their field. A page adds its own when its module is loaded. */
export function addOptimistic(more: OptimisticMutationConfig): void {
  Object.assign(optimistic, more);
}

/** Add updates of the cache after mutations and events, by their field, such as created and deleted objects. */
export function addUpdates(more: { Mutation?: UpdatesConfig[string]; Subscription?: UpdatesConfig[string] }): void {
  Object.assign(updates.Mutation, more.Mutation);
  Object.assign(updates.Subscription, more.Subscription);
}

/** Forget all pages of a list, such as `leads`, so that the pages that show the list read it again. */
export function forgetList(cache: Cache, field: string, of: string = "Query"): void {
  for (const { fieldName, fieldKey } of cache.inspectFields(of)) {
    if (fieldName === field) cache.invalidate(of, fieldKey);
  }
}

/**
 * Forget the pages behind a first page that ends elsewhere than before. Joined to it, they would leave a gap: the rows
 * that newer rows have moved from the first page.
 */
const forgetLaterPages: UpdateResolver = (_result, { after, before }, cache, { fieldName }) => {
  if (after || before) return;
  const pages = cache.inspectFields("Query").filter((each) => each.fieldName === fieldName);
  const ends = pages.map(({ fieldKey }) => endOf(cache, fieldKey));
  for (const { fieldKey, arguments: args } of pages) {
    if (args?.["after"] && !ends.includes(String(args["after"]))) cache.invalidate("Query", fieldKey);
  }
};

function endOf(cache: Cache, fieldKey: string): unknown {
  const list = cache.resolve("Query", fieldKey);
  const info = typeof list === "string" ? cache.resolve(list, "pageInfo") : null;
  return typeof info === "string" ? cache.resolve(info, "endCursor") : null;
}

const cache = cacheExchange({
  resolvers: {
    Query: lists(LISTS),
    User: lists(["keywords", "mentions", "leads", "integrations"]),
    Keyword: lists(["mentions", "leads"]),
    Integration: lists(["mentions", "logs"]),
    Webhook: lists(["deliveries"]),
  },
  optimistic,
  updates: Object.assign(updates, { Query: Object.fromEntries(LISTS.map((name) => [name, forgetLaterPages])) }),
});

/** Sends the hash of each document instead of its text, and waits for troubles to end. */
const hashed = mapExchange({
  onOperation(operation) {
    if (operation.kind === "teardown") return operation;
    const sha256Hash = hashOf(getOperationName(operation.query) ?? "");
    const request = { ...operation, extensions: { persistedQuery: { version: 1, sha256Hash } } };
    const fetch = steadyFetch(operation.kind === "mutation" ? "mutation" : "query");
    return makeOperation(operation.kind, request as never, { ...operation.context, fetch });
  },
  onError(error) {
    if (codesOf(error).some((code) => OUTDATED.includes(code))) status.set({ isOutdated: true });
  },
});

export const client = new Client({
  url: "/graphql",
  exchanges: [cache, hashed, fetchExchange, liveExchange as never],
  preferGetMethod: false,
  requestPolicy: "cache-and-network",
});

/** Return the codes of the errors in an answer. */
export function codesOf(error: CombinedError): unknown[] {
  return error.graphQLErrors.map(({ extensions }) => extensions["code"]);
}
