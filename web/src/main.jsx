import "./workers.js";
// The parts of graphiql/style.css, without its copy of Monaco's styles: Monaco includes them itself.
import "@graphiql/react/font/roboto.css";
import "@graphiql/react/font/fira-code.css";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-explorer/style.css";
import "graphiql/graphiql.css";
import "./style.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { COSTS_PLUGIN, explained } from "./costs.jsx";
import { defaultFieldNames, EXPLORER_PLUGIN } from "./explorer.js";
import { PLACEHOLDER, remember, sendable, SharedHeaders } from "./headers.jsx";
import { ChosenOperation, CopyLink, Notice, tellOfLink } from "./link.jsx";
import { linkIn } from "./links.js";
import { isLive, operationName, results } from "./live.js";
import { createStorage, openAtFirst } from "./storage.js";
import { VisibleTab } from "./tabs.jsx";

// The server writes the configuration into the page. It is empty under `vite dev`.
const { endpoint = "/graphql", headers = null, tabs = [] } = JSON.parse(
  document.getElementById("graphiql-config").textContent,
);
const shown = headers ? JSON.stringify(headers, null, 2) : undefined;

const ask = createGraphiQLFetcher({ url: endpoint, enableIncrementalDelivery: false });

/**
 * Uses the configured headers if the headers editor is empty, or does not exist yet during introspection. Asks for the
 * explanation that the panel shows. A live operation has a stream of results instead.
 */
async function fetcher(request, options) {
  const asked = { ...request, operationName: operationName(request) };
  const given = sendable(options?.headers ?? headers ?? {});
  if (isLive(asked)) return results(endpoint, asked, given);
  const sent = { ...given, "Leadgraph-Explain": "cost, profile" };
  const began = performance.now();
  const response = await ask(asked, { ...options, headers: sent });
  return explained(response, asked.operationName, performance.now() - began);
}

const examples = tabs.map(({ title, query, variables }) => ({
  query: `# ${title}\n${query.trim()}`,
  variables: variables ? JSON.stringify(variables, null, 2) : null,
  headers: shown ?? null,
}));

const storage = createStorage(shown);
const link = linkIn(location.search);
const opened = link ? [{ query: link.query, variables: link.variables, headers: shown ?? null }] : [];
openAtFirst(opened, examples, storage);
if (link) tellOfLink(link);
// A reload then shows the tab as it was edited. A link with problems stays in the address for its reader to mend.
if (link?.problems.length === 0) history.replaceState(null, "", location.pathname);

const plugins = [HISTORY_PLUGIN, EXPLORER_PLUGIN, COSTS_PLUGIN];
const firstTabs = [...opened, ...examples];

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    storage={storage}
    defaultTabs={firstTabs.length ? firstTabs : undefined}
    initialHeaders={shown}
    defaultHeaders={shown ?? PLACEHOLDER}
    defaultEditorToolsVisibility="variables"
    getDefaultFieldNames={defaultFieldNames}
    onEditHeaders={remember}
    // Undefined instead of false, since GraphiQL hides the setting if the value is defined.
    shouldPersistHeaders={storage.keepsHeaders || undefined}
    showPersistHeadersSettings={!headers}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <span className="leadgraph-logo">Leadgraph</span>
    </GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <CopyLink endpoint={endpoint} />
        </>
      )}
    </GraphiQL.Toolbar>
    <GraphiQL.Footer>
      <Notice />
    </GraphiQL.Footer>
    <SharedHeaders />
    <VisibleTab />
    {link?.operationName && <ChosenOperation name={link.operationName} />}
  </GraphiQL>,
);
