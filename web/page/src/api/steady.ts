// Requests that outlive troubles. They wait while the API is away, while the rate limit asks for a pause, and until the
// user is signed in. Then they are sent again. A mutation is sent again only if the server has refused it unread.
import { status } from "./status.ts";
import { until } from "./store.ts";

const UNAUTHENTICATED = 401;
const RATE_LIMITED = 429;
const AWAY: readonly number[] = [502, 503, 504];
const MOST_REPEATS = 5;
const LONGEST_PAUSE = 15_000;
const CONDITION = "if-none-match";
const UNCONDITIONAL = '"none"';
const MOST_KEPT = 50;

/** Options of a request whose answer may be "unchanged". The answer is then read from memory. */
export const CONDITIONAL = { headers: { [CONDITION]: UNCONDITIONAL } } satisfies RequestInit;

type Send = typeof fetch;

/** Return a function that sends requests of queries, or of mutations. */
export function steadyFetch(kind: "query" | "mutation"): Send {
  return async (input, init) => {
    for (let repeats = 0; ; ) {
      const response = await sent(input, init, kind);
      if (response?.status === UNAUTHENTICATED) {
        status.set({ isSignedOut: true });
        await orAborted(until(status, ({ isSignedOut }) => !isSignedOut), init?.signal);
      } else if (response?.status === RATE_LIMITED) {
        await orAborted(rateLimitOver(response), init?.signal);
      } else if (response && (kind === "mutation" || !AWAY.includes(response.status))) {
        return response;
      } else {
        if (response && ++repeats > MOST_REPEATS) return response;
        await orAborted(recovered(), init?.signal);
      }
    }
  };
}

/** Return the response, or undefined if the API cannot be reached and the request may be sent again. */
async function sent(input: RequestInfo | URL, init: RequestInit | undefined, kind: string) {
  try {
    return await sentConditionally(input, init);
  } catch (failure) {
    if (init?.signal?.aborted) throw failure;
    if (kind === "query") return undefined;
    void recovered();
    throw failure;
  }
}

let recovering: Promise<void> | null = null;

/** Wait until the server is ready. All requests share the attempts. */
function recovered(): Promise<void> {
  recovering ??= probed().finally(() => {
    recovering = null;
    status.set({ awayUntil: null });
  });
  return recovering;
}

async function probed(): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const pause = Math.min(1000 * 2 ** attempt, LONGEST_PAUSE);
    status.set({ awayUntil: Date.now() + pause });
    await pauseOrOnline(pause);
    try {
      if ((await fetch("/readyz", { cache: "no-store" })).ok) return;
    } catch {
      // The next attempt follows.
    }
  }
}

/** Wait, at most until the browser is online again or a person asks for an attempt. */
function pauseOrOnline(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      removeEventListener(RETRY_NOW, done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    addEventListener(RETRY_NOW, done);
  });
}

const RETRY_NOW = "leadgraph:retry";

/** Try at once to reach the API. */
export function retryNow(): void {
  dispatchEvent(new Event(RETRY_NOW));
}

async function rateLimitOver(response: Response): Promise<void> {
  const seconds = Number(response.headers.get("retry-after")) || 1;
  const end = Math.max(status.get().limitedUntil ?? 0, Date.now() + seconds * 1000);
  status.set({ limitedUntil: end });
  await new Promise((resolve) => setTimeout(resolve, end - Date.now()));
  if (status.get().limitedUntil === end) status.set({ limitedUntil: null });
}

function orAborted(waiting: Promise<void>, signal: AbortSignal | null | undefined): Promise<void> {
  if (!signal) return waiting;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

const kept = new Map<string, { tag: string; text: string; type: string }>();

/** Send a request. One with a condition sends the tag of its last answer, which 304 confirms. */
async function sentConditionally(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers);
  if (!headers.has(CONDITION)) return fetch(input, init);
  const key = String(init?.body);
  const known = kept.get(key);
  headers.set(CONDITION, known?.tag ?? UNCONDITIONAL);
  const response = await fetch(input, { ...init, headers });
  if (response.status === 304 && known) return new Response(known.text, { headers: { "content-type": known.type } });
  const tag = response.headers.get("etag");
  if (response.ok && tag) {
    const type = response.headers.get("content-type") ?? "application/json";
    kept.delete(key);
    kept.set(key, { tag, text: await response.clone().text(), type });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value ?? "");
  }
  return response;
}
