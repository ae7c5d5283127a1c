// The header with the API key: its placeholder, and the key that a visitor types once for all tabs.
import { tryParseJSONC, useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

export const PLACEHOLDER = JSON.stringify({ Authorization: "Bearer " }, null, 2);

const isEmptyCredential = ([name, value]) =>
  name.toLowerCase() === "authorization" && /^\s*(bearer)?\s*$/i.test(String(value));

/** Returns the headers without a credential that is still empty: the server would refuse it. */
export const sendable = (headers) =>
  Object.fromEntries(Object.entries(headers).filter((header) => !isEmptyCredential(header)));

let typed = null;

const hasCredential = (text) => {
  try {
    const names = Object.keys(sendable(tryParseJSONC(text) ?? {}));
    return names.some((name) => name.toLowerCase() === "authorization");
  } catch {
    return false; // The text is being typed.
  }
};

/** Remembers headers with a credential until the page is left. */
export function remember(text) {
  if (hasCredential(text)) typed = text;
}

/** Puts the remembered headers into the editor of a tab that still has the placeholder. */
export function SharedHeaders() {
  const tab = useGraphiQL(({ activeTabIndex }) => activeTabIndex);
  const editor = useGraphiQL(({ headerEditor }) => headerEditor);
  useEffect(() => {
    if (typed && editor && [PLACEHOLDER, ""].includes(editor.getValue())) editor.setValue(typed);
  }, [tab, editor]);
  return null;
}
