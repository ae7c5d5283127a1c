/** The clients of graphql-ws and graphql-sse, which connect again by themselves. */
import { createClient as createSse } from "graphql-sse";
import { createClient as createWebSocket } from "graphql-ws";

import { type Streams, resuming } from "./resuming.ts";

const FORBIDDEN = 4403;
const UNAUTHORIZED = 401;
const RETRIES = 20;

async function pause(retries: number) {
  const seconds = Math.min(10, 0.25 * 2 ** retries) * (0.5 + Math.random());
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** One WebSocket for all operations. */
export function webSocket(url: string, token: () => string): Streams {
  return resuming(
    createWebSocket({
      url: url.replace(/^http/, "ws"),
      connectionParams: () => ({ Authorization: `Bearer ${token()}` }),
      retryAttempts: RETRIES,
      retryWait: pause,
      // An Error is a fault of the request: graphql-ws would retry it without a pause, and hang. A failed or closed
      // connection is an event.
      shouldRetry: (failure) => !(failure instanceof Error) && (failure as CloseEvent).code !== FORBIDDEN,
      keepAlive: 15_000,
    }),
  );
}

/** One event stream for each operation. */
export function eventStreams(url: string, token: () => string): Streams {
  let status = 0;
  return resuming(
    createSse({
      url,
      headers: () => ({ Authorization: `Bearer ${token()}` }),
      async fetchFn(input: RequestInfo, init: RequestInit) {
        const response = await fetch(input, init);
        status = response.status;
        return response;
      },
      retryAttempts: RETRIES,
      async retry(retries) {
        if (status === UNAUTHORIZED) throw new Error("The credential does not work.");
        await pause(retries);
      },
    }),
  );
}
