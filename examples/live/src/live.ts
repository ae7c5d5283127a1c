import { type DocumentNode, getOperationAST } from "graphql";

/** Whether an operation has more than one result: a subscription, or a query with `@live`. */
export function isLive(document: DocumentNode): boolean {
  const operation = getOperationAST(document);
  const isLiveQuery = operation?.directives?.some(({ name }) => name.value === "live") ?? false;
  return operation?.operation === "subscription" || isLiveQuery;
}
