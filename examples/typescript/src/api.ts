import type { TypedDocumentString } from "./gql/graphql.ts";

export type Api = { url: string; key: string };

type GraphQLProblem = { message: string; extensions?: { code?: string; requestId?: string } };
type Answer<Result> = { data?: Result | null; errors?: GraphQLProblem[] };

/** An error of the API. `code` is one of the documented codes. */
export class ApiError extends Error {
  readonly code: string;
  readonly requestId: string | undefined;

  constructor({ message, extensions }: GraphQLProblem) {
    super(message);
    this.code = extensions?.code ?? "UNKNOWN";
    this.requestId = extensions?.requestId;
  }
}

/** Runs one query. Throws the first error of a response with errors. */
export async function ask<Result, Variables>(
  api: Api,
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const response = await fetch(api.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${api.key}` },
    body: JSON.stringify({ query: document.toString(), variables }),
  }).catch((cause: unknown) => {
    throw new Error(`${api.url} cannot be reached.`, { cause });
  });
  const answer = (await response.json()) as Answer<Result>;
  if (answer.errors?.[0]) throw new ApiError(answer.errors[0]);
  if (!answer.data) throw new Error(`The API returned status ${response.status} without data.`);
  return answer.data;
}
