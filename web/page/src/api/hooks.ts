import { useCallback, useState } from "react";
import { type CombinedError, useClient, useQuery as useUrqlQuery } from "urql";
import { toast } from "../ui/toasts.ts";
import { type CompiledDocument, documentOf } from "./documents.ts";
import { CONDITIONAL } from "./steady.ts";

export interface QueryState<Result> {
  data: Result | undefined;
  error: CombinedError | undefined;
  /** Whether an answer is on its way, also while older data is shown. */
  isFetching: boolean;
  /** Read again from the server. */
  refresh(): void;
  /** Read again if something has changed: an unchanged answer costs one statement and has no body. */
  poll(): void;
}

const REFRESHED = { requestPolicy: "network-only" } as const;
/** Options of a request that reads from the server, and whose answer may be "unchanged". */
export const POLLED = { ...REFRESHED, fetchOptions: CONDITIONAL } as const;

/** Read a document. `<Answer of={…}>` renders its states. */
export function useQuery<Result, Variables>(
  document: CompiledDocument<Result, Variables>,
  variables: Variables,
  options: { pause?: boolean } = {},
): QueryState<Result> {
  const [{ data, error, fetching, stale }, execute] = useUrqlQuery<Result, Variables & object>({
    query: documentOf(document),
    variables: variables as Variables & object,
    pause: options.pause ?? false,
  });
  const refresh = useCallback(() => execute(REFRESHED), [execute]);
  const poll = useCallback(() => execute(POLLED), [execute]);
  // A failed operation has null as its data.
  return { data: data ?? undefined, error, isFetching: fetching || stale, refresh, poll };
}

export interface UserError {
  code: string;
  message: string;
  path: string[];
}

type Payload<Result> = NonNullable<Result[Exclude<keyof Result, "__typename">]>;

export interface Outcome<Result> {
  /** The payload, or null if the mutation wrote nothing. */
  payload: Payload<Result> | null;
  /** The errors that the user can fix. */
  userErrors: UserError[];
}

export interface MutationOptions {
  /** Message after the success, with an undo action. */
  done?: string;
  undo?: () => unknown;
  /** Whether the caller shows the user errors, such as beside the fields of a form. By default, toasts do. */
  showsErrors?: boolean;
}

const AWAY = "The server cannot be reached. Nothing is known to be saved. Try again.";

/**
 * Return a function that runs a mutation, and whether it runs. Optimistic changes are rolled back by the cache if the
 * mutation fails. The function never throws.
 */
export function useMutation<Result extends object, Variables>(
  document: CompiledDocument<Result, Variables>,
): [(variables: Variables, options?: MutationOptions) => Promise<Outcome<Result>>, boolean] {
  const client = useClient();
  const [running, setRunning] = useState(0);
  const run = useCallback(
    async (variables: Variables, options: MutationOptions = {}): Promise<Outcome<Result>> => {
      setRunning((number) => number + 1);
      const { data, error } = await client.mutation(documentOf(document), variables as Variables & object).toPromise();
      setRunning((number) => number - 1);
      const outcome = outcomeOf<Result>(data, error);
      if (outcome.userErrors.length > 0) {
        if (!options.showsErrors) for (const { message } of outcome.userErrors) toast(message, { tone: "error" });
      } else if (options.done) toast(options.done, options.undo ? { undo: options.undo } : {});
      return outcome;
    },
    [client, document],
  );
  return [run, running > 0];
}

function outcomeOf<Result extends object>(data: Result | undefined, error: CombinedError | undefined): Outcome<Result> {
  const found = Object.entries(data ?? {}).find(([name]) => name !== "__typename")?.[1];
  if (error || !found) {
    const messages = error?.networkError ? [AWAY] : (error?.graphQLErrors.map(({ message }) => message) ?? [AWAY]);
    return { payload: null, userErrors: messages.map((message) => ({ code: "FAILED", message, path: [] })) };
  }
  const { userErrors = [] } = found as { userErrors?: UserError[] };
  return { payload: userErrors.length > 0 ? null : (found as Payload<Result>), userErrors };
}

interface Connection {
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

/**
 * Read a list page by page. The document has the variables `$first` and `$after`, and `connection` finds the list in
 * the data. The cache joins the pages. `more` reads the next page. `restart` shows the first page again, which is
 * necessary after `forgetList`. `refresh` and `poll` begin with the first page, too.
 */
export function usePages<Result, Variables>(
  document: CompiledDocument<Result, Variables>,
  variables: Omit<Variables, "after">,
  connection: (data: Result) => Connection | null | undefined,
): QueryState<Result> & { more: (() => void) | null; restart: () => void } {
  const key = JSON.stringify(variables);
  const [place, setPlace] = useState({ key, after: null as string | null });
  const after = place.key === key ? place.after : null;
  const state = useQuery(document, { ...variables, after } as Variables);
  const info = state.data ? connection(state.data)?.pageInfo : undefined;
  const end = info?.hasNextPage ? (info.endCursor ?? null) : null;
  const restart = useCallback(() => setPlace({ key, after: null }), [key]);
  // Another first page makes the later ones obsolete. The changed variables read it from the server.
  const [refresh, poll] = after === null ? [state.refresh, state.poll] : [restart, restart];
  return { ...state, refresh, poll, restart, more: end && !state.isFetching ? () => setPlace({ key, after: end }) : null };
}
