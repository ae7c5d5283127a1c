import { createContext, use } from "react";
import type { CombinedError } from "urql";
import { missingScopes, NoPermission } from "../../ui/Answer.tsx";

/** The error of the shown answer. */
export const ErrorContext = createContext<CombinedError | undefined>(undefined);

/** The reason why one part of the answer is missing, while the others are shown. */
export function Unavailable({ field }: { field: string }) {
  const error = use(ErrorContext);
  const missing = error && missingScopes(error);
  if (missing) return <NoPermission scopes={missing} />;
  const found = error?.graphQLErrors.find(({ path }) => path?.includes(field));
  return (
    <div className="state error" role="alert">
      <p>{found?.message ?? "This part could not be loaded."}</p>
    </div>
  );
}
