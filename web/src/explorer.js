// The Explorer, and the fields that GraphiQL selects of an object without a selection.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { getNamedType, isLeafType } from "graphql";

const isConnection = (type) => getNamedType(type).name.endsWith("Connection");

/** Gives each added connection the argument `first`. The Explorer's value for integers is 10. */
const makeDefaultArg = (field, { name }) => name === "first" && isConnection(field.type);

export const EXPLORER_PLUGIN = explorerPlugin({ showAttribution: false, makeDefaultArg });

export function defaultFieldNames(type) {
  const fields = type.getFields?.() ?? {};
  const usual = ["id", "nodes", "node"].find((name) => name in fields);
  return usual ? [usual] : Object.keys(fields).filter((name) => isLeafType(getNamedType(fields[name].type)));
}
