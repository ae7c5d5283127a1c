import type { Request, Sink, Streams } from "./resuming.ts";

/** The operations of this example, by any client. */
export type Client = {
  /** Tells each result, until the returned function is called. */
  watch(request: Request, sink: Sink): () => void;
  /** Returns the data of one result, or throws. */
  ask(request: Request): Promise<any>;
};

/** Returns graphql-ws or graphql-sse without a cache. */
export function plain(streams: Streams): Client {
  return {
    watch: streams.subscribe,
    ask: (request) =>
      new Promise((resolve, reject) => {
        streams.subscribe(request, {
          next: ({ data, errors }) => (errors ? reject(errors) : resolve(data)),
          error: reject,
          complete: () => {},
        });
      }),
  };
}
