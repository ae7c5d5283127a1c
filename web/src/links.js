// Links that carry an operation: `/graphql?query=…&variables=…&operationName=…`. A link never carries headers.
import { Kind, parse } from "graphql";

const PARAMETERS = ["query", "variables", "operationName"];
const LONGEST = 16_384; // characters of the path and the parameters, which are ASCII: the limit of the server

/** Returns the operations of a document. Throws for a syntax error. */
const operationsIn = (query) =>
  parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);

const problemsOfNames = (given) => {
  const names = [...new Set(given.keys())];
  const unknown = names.filter((name) => !PARAMETERS.includes(name));
  const repeated = PARAMETERS.filter((name) => given.getAll(name).length > 1);
  return [
    ...unknown.map((name) => `The parameter ${name} is ignored. A link has ${PARAMETERS.join(", ")}.`),
    ...repeated.map((name) => `The parameter ${name} is given more than once. The first one is shown.`),
  ];
};

/** Returns variables as the editor shows them, and the problem of text that is not a JSON object. */
function readVariables(text) {
  if (!text) return ["", []];
  try {
    const value = JSON.parse(text);
    if (value === null) return ["", []];
    if (typeof value === "object" && !Array.isArray(value)) return [JSON.stringify(value, null, 2), []];
  } catch {
    // The text is shown as it is.
  }
  return [text, ["The variables of the link must be a JSON object."]];
}

function readOperations(query, operationName) {
  try {
    const operations = operationsIn(query);
    const types = operations.map(({ operation }) => operation);
    const isKnown = !operationName || operations.some(({ name }) => name?.value === operationName);
    return [types, isKnown ? [] : [`The document of the link lacks the operation ${operationName}.`]];
  } catch (error) {
    return [[], [`The query of the link is not a GraphQL document: ${error.message}`]];
  }
}

/** Returns the operation that the parameters of a URL carry, with the problems to show, or null without `query`. */
export function linkIn(parameters) {
  const given = new URLSearchParams(parameters);
  if (!given.has("query")) return null;
  const query = given.get("query");
  const operationName = given.get("operationName") || null;
  const [variables, problemsOfVariables] = readVariables(given.get("variables"));
  const [types, problemsOfQuery] = readOperations(query, operationName);
  const problems = [...problemsOfNames(given), ...problemsOfQuery, ...problemsOfVariables];
  return { query, variables, operationName, isMutation: types.includes("mutation"), problems };
}

/** Returns the variables on one line. GraphiQL allows comments in its editor, but a link does not. */
function writeVariables(text) {
  if (!text?.trim()) return null;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    throw new Error("The variables must be JSON without comments before a link can carry them.");
  }
}

/** Returns the URL that opens the operation. Throws if a link cannot carry it. */
export function linkTo(endpoint, { query, variables, operationName, operations }) {
  if (!query?.trim()) throw new Error("The editor is empty, so there is no operation to link to.");
  const url = new URL(endpoint, location.origin);
  const written = writeVariables(variables);
  url.searchParams.set("query", query);
  if (written) url.searchParams.set("variables", written);
  if (operationName && operations?.length > 1) url.searchParams.set("operationName", operationName);
  const length = url.href.length - url.origin.length;
  if (length > LONGEST) {
    throw new Error(
      `The link would have ${length.toLocaleString("en")} characters, and at most ${LONGEST.toLocaleString("en")} are allowed. Shorten the operation.`,
    );
  }
  return url.href;
}
