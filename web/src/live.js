import { createClient } from "graphql-sse";
import { Kind, OperationTypeNode, parse } from "graphql";

/** Returns the operation that runs, or undefined for a document with a syntax error. */
function chosen({ query, operationName }) {
  try {
    const operations = parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    return operations.length === 1 ? operations[0] : operations.find(({ name }) => name?.value === operationName);
  } catch {
    return undefined; // The server reports the syntax error.
  }
}

/** Returns the name of the operation that runs. GraphiQL's own value is outdated just after an edit. */
export function operationName(request) {
  const operation = chosen(request);
  return operation ? operation.name?.value : request.operationName;
}

/** Whether an operation has more than one result: a subscription, or a query with `@live`. */
export function isLive(request) {
  const operation = chosen(request);
  const isLiveQuery = operation?.directives?.some(({ name }) => name.value === "live");
  return operation?.operation === OperationTypeNode.SUBSCRIPTION || Boolean(isLiveQuery);
}

/**
 * Returns the results of a live operation. A refusal is the last result. `return` ends the stream at once: that of an
 * asynchronous generator would wait for the next result.
 */
export function results(url, request, headers) {
  const client = createClient({ url, headers, retryAttempts: 0 });
  const stream = client.iterate(request);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return await stream.next();
      } catch (failure) {
        if (!failure.response?.headers.get("content-type")?.includes("json")) throw failure;
        return { value: await failure.response.json(), done: false };
      }
    },
    async return() {
      client.dispose();
      return { value: undefined, done: true };
    },
  };
}
