export type Variables = Record<string, unknown>;
export type Request = { query: string; variables?: Variables | undefined; operationName?: string | undefined };
export type Failure = { message: string; extensions?: Record<string, any> | undefined };
export type Result = { data?: any; errors?: readonly Failure[] | undefined };
export type Sink = {
  next(result: Result): void;
  error(failure: unknown): void;
  complete(): void;
};
/** The common part of the clients of graphql-ws and graphql-sse. */
export type Streams = { subscribe(request: Request, sink: Sink): () => void };

/** The server ends a stream with these errors if it stops, or if the client was too slow. */
const TEMPORARY = ["UNAVAILABLE", "TOO_SLOW"];
const PAUSE_MILLISECONDS = 500;

/**
 * Returns the client with subscriptions that lose and repeat nothing: when they connect again, `$after` is the cursor of
 * the last event. Both packages write the request anew for each connection, so it is enough to change its variables.
 */
export function resuming(client: Streams): Streams {
  return {
    subscribe(request, sink) {
      const variables: Variables = { ...request.variables };
      const sent = { ...request, variables };
      let stop = () => {};
      const begin = () => {
        let again = false;
        const restart = () => {
          const timer = setTimeout(begin, PAUSE_MILLISECONDS);
          stop = () => clearTimeout(timer);
        };
        stop = client.subscribe(sent, {
          next(result) {
            again = isTemporary(result.errors);
            if (again) return;
            const cursor = cursorOf(result);
            if (cursor) variables["after"] = cursor;
            sink.next(result);
          },
          error: (failure) => (isTemporary(failure) ? restart() : sink.error(failure)),
          complete: () => (again ? restart() : sink.complete()),
        });
      };
      begin();
      return () => stop();
    },
  };
}

function isTemporary(errors: unknown): boolean {
  return Array.isArray(errors) && errors.some(({ extensions }) => TEMPORARY.includes(extensions?.code));
}

function cursorOf({ data }: Result): string | undefined {
  return (Object.values(data ?? {})[0] as { cursor?: string } | null)?.cursor;
}
