// Subscriptions over one WebSocket of the tab. A subscription resumes after its last cursor, so that no change is lost
// or told twice. Without a WebSocket, pages poll politely: hidden tabs do not, and unchanged answers have no body.
import { createClient as createSocket } from "graphql-ws";
import { useEffect, useEffectEvent } from "react";
import { type ExchangeIO, subscriptionExchange, useClient } from "urql";
import { type CompiledDocument, documentOf } from "./documents.ts";
import { status } from "./status.ts";
import { until, useStore } from "./store.ts";

const FORBIDDEN = 4403;
const NORMAL = 1000;
const ATTEMPTS_BEFORE_POLLING = 2;
const LONGEST_PAUSE = 30_000;
const TEMPORARY: readonly unknown[] = ["TOO_SLOW", "UNAVAILABLE", "RATE_LIMITED", "TIMEOUT"];
const EXPIRED = "EXPIRED_CURSOR";

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

let failures = 0;

const socket = createSocket({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
  retryAttempts: Number.POSITIVE_INFINITY,
  retryWait: (attempt) => pause(Math.min(500 * 2 ** attempt * (0.75 + Math.random() / 2), LONGEST_PAUSE)),
  // An Error is a fault of the request. A failed or closed connection is an event.
  shouldRetry: (failure) => !(failure instanceof Error) && (failure as CloseEvent).code !== FORBIDDEN,
  keepAlive: 15_000,
  on: {
    connecting: () => status.get().live === "idle" && status.set({ live: "connecting" }),
    connected() {
      failures = 0;
      status.set({ live: "on" });
    },
    closed(event) {
      const { code } = event as CloseEvent;
      if (code === FORBIDDEN) status.set({ isSignedOut: true });
      if (code === NORMAL) return status.set({ live: "idle" });
      failures += 1;
      status.set({ live: failures > ATTEMPTS_BEFORE_POLLING ? "off" : "connecting" });
    },
  },
});

interface Answer {
  data?: Record<string, { cursor?: string } | null> | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

interface Sink {
  next(answer: never): void;
  error(failure: unknown): void;
  complete(): void;
}

/** Follow a subscription until the returned function is called. It resumes after each interruption. */
function follow(payload: { variables?: Record<string, unknown> | undefined }, sink: Sink): () => void {
  // The socket reads the variables again at each connection.
  const variables: Record<string, unknown> = { ...payload.variables };
  let stop = () => {};
  let isOver = false;
  const again = async () => {
    if (status.get().isSignedOut) await until(status, ({ isSignedOut }) => !isSignedOut);
    else await pause(1000);
    if (!isOver) start();
  };
  const start = () => {
    // The server knows the document by its hash. The package requires a text.
    stop = socket.subscribe({ ...payload, query: "", variables } as never, {
      next(answer: Answer) {
        const code = answer.errors?.[0]?.extensions?.["code"];
        if (TEMPORARY.includes(code)) return;
        if (code === EXPIRED) delete variables["after"];
        const cursor = Object.values(answer.data ?? {})[0]?.cursor;
        if (cursor) variables["after"] = cursor;
        sink.next(answer as never);
      },
      error: (failure) => {
        if (Array.isArray(failure)) {
          const code = failure[0]?.extensions?.code;
          if (code === EXPIRED) delete variables["after"];
          else if (!TEMPORARY.includes(code)) return sink.error(failure);
          if (code === EXPIRED) sink.next({ data: null, errors: failure } as never);
        }
        void again();
      },
      complete: () => void again(),
    });
  };
  start();
  return () => {
    isOver = true;
    stop();
  };
}

export const liveExchange: (input: never) => ExchangeIO = subscriptionExchange({
  forwardSubscription: (request) => ({
    subscribe: (sink) => ({ unsubscribe: follow(request, sink as never) }),
  }),
}) as never;

const POLL_SECONDS = 30;

export interface LiveOptions<Result> {
  /** Receive an event. Objects of the event are in the cache already. */
  onEvent(event: Result): void;
  /** Read again what the page shows: the `poll` of `useQuery`. Called without a WebSocket, and after lost changes. */
  poll(): void;
  /** Whether to wait, such as for the first `after`: without one, changes before the subscription began are lost. */
  pause?: boolean;
  seconds?: number;
}

/** Follow a subscription with the variable `$after` while the component is shown. Poll where live data is off. */
export function useLive<Result, Variables>(
  document: CompiledDocument<Result, Variables>,
  variables: Variables,
  options: LiveOptions<Result>,
): void {
  const client = useClient();
  const { live } = useStore(status);
  const onEvent = useEffectEvent(options.onEvent);
  const poll = useEffectEvent(options.poll);
  const { pause: isPaused = false, seconds = POLL_SECONDS } = options;
  const current = useEffectEvent(() => variables as Variables & object);
  // The subscription moves its cursor itself, so that another first one does not restart it.
  const key = JSON.stringify({ ...variables, after: null });

  useEffect(() => {
    if (isPaused || !key) return;
    const { unsubscribe } = client
      .subscription(documentOf(document), current())
      .subscribe(({ data, error }) => {
        if (error?.graphQLErrors.some(({ extensions }) => extensions["code"] === EXPIRED)) poll();
        else if (data) onEvent(data as Result);
      });
    return unsubscribe;
  }, [client, document, key, isPaused]);

  useEffect(() => {
    if (live !== "off" || isPaused) return;
    return whileVisible(seconds * 1000, () => poll());
  }, [live, seconds, isPaused]);
}

/** Run a task at once and then periodically, except in hidden tabs. Return a function that ends this. */
export function whileVisible(milliseconds: number, task: () => void): () => void {
  let last = 0;
  const run = () => {
    if (document.hidden || Date.now() - last < milliseconds) return;
    last = Date.now();
    task();
  };
  run();
  const timer = setInterval(run, milliseconds);
  document.addEventListener("visibilitychange", run);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", run);
  };
}
