import { createStore } from "./store.ts";

/** The state of the connection to the API. The status bar shows it. */
export const status = createStore({
  /** Time of the next attempt while the API cannot be reached. */
  awayUntil: null as number | null,
  /** End of the pause that the rate limit asks for. */
  limitedUntil: null as number | null,
  /** Whether the session of the browser has ended. Requests wait until `isSignedOut` is false again. */
  isSignedOut: false,
  /** Whether the server does not know the documents of this page any more. */
  isOutdated: false,
  /** Whether changes arrive by a WebSocket. Without one, pages poll. It is idle until a page follows changes. */
  live: "idle" as "idle" | "connecting" | "on" | "off",
});
