// The states of a query: loading, failed, not permitted, empty, and its data.
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import type { QueryState } from "../api/hooks.ts";

export function Loading({ label = "Loading …" }: { label?: string }) {
  return (
    <p className="state loading" role="status">
      {label}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children}
    </div>
  );
}

export function ErrorState({ error, retry }: { error: CombinedError; retry?: (() => void) | undefined }) {
  const missing = missingScopes(error);
  if (missing) return <NoPermission scopes={missing} />;
  const [first] = error.graphQLErrors;
  const requestId = first?.extensions["requestId"];
  return (
    <div className="state error" role="alert">
      <p className="state-title">This could not be loaded.</p>
      <p>{first?.message ?? "The server sent no usable answer."}</p>
      {typeof requestId === "string" && <p className="note">Request {requestId}</p>}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function NoPermission({ scopes }: { scopes: string[] }) {
  return (
    <div className="state error" role="alert">
      <p className="state-title">You may not see this.</p>
      {scopes.length > 0 && (
        <p>
          Missing {scopes.length === 1 ? "scope" : "scopes"}:{" "}
          {scopes.map((scope) => (
            <code key={scope}>{scope}</code>
          ))}
        </p>
      )}
      <p>Ask an operator, or sign in as another user.</p>
    </div>
  );
}

/** Return the missing scopes of a refused operation, or null for other errors. */
export function missingScopes(error: CombinedError): string[] | null {
  const refused = error.graphQLErrors.find(({ extensions }) => extensions["code"] === "FORBIDDEN");
  if (!refused) return null;
  const missing = refused.extensions["missingScopes"];
  return Array.isArray(missing) ? missing.map(String) : [];
}

/**
 * Render the data of a query, or its state. `children` returns null where a part of the data is missing: the error of
 * that part is shown instead.
 */
export function Answer<Result>({
  of: { data, error, isFetching, refresh },
  children,
  loading,
}: {
  of: QueryState<Result>;
  children: (data: Result) => ReactNode;
  loading?: ReactNode;
}) {
  const shown = data === undefined ? null : children(data);
  if (shown !== null) {
    return (
      <div className="answer" aria-busy={isFetching}>
        {shown}
      </div>
    );
  }
  if (error) return <ErrorState error={error} retry={refresh} />;
  return loading ?? <Loading />;
}
