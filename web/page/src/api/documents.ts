import { createRequest, type TypedDocumentNode } from "urql";

/** A document that graphql-codegen has compiled: a `TypedDocumentString` of any `gql` folder. */
export interface CompiledDocument<Result, Variables> {
  __apiType?: (variables: Variables) => Result;
  __meta__?: Record<string, unknown> | undefined;
  toString(): string;
}

const parsed = new WeakMap<object, unknown>();
const hashes = new Map<string, string>();
const NAME = /\b(?:query|mutation|subscription)\s+(\w+)/;

/** Return the document for urql, and note its hash. Names of operations are unique in the page. */
export function documentOf<Result, Variables>(
  compiled: CompiledDocument<Result, Variables>,
): TypedDocumentNode<Result, Variables & object> {
  const known = parsed.get(compiled);
  if (known) return known as TypedDocumentNode<Result, Variables & object>;
  const text = compiled.toString();
  const name = NAME.exec(text)?.[1];
  const hash = compiled.__meta__?.["hash"];
  if (!name || typeof hash !== "string") throw new Error(`A document lacks a name or a hash: ${text.slice(0, 80)}`);
  if ((hashes.get(name) ?? hash) !== hash) throw new Error(`Two operations have the name ${name}.`);
  hashes.set(name, hash);
  const { query } = createRequest(text, {});
  parsed.set(compiled, query);
  return query as unknown as TypedDocumentNode<Result, Variables & object>;
}

/** Return the hash by which the server knows the operation. */
export function hashOf(operationName: string): string {
  const hash = hashes.get(operationName);
  if (!hash) throw new Error(`The operation ${operationName} is not compiled.`);
  return hash;
}
