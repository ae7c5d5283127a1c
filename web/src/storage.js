// Where GraphiQL keeps its tabs and its history: localStorage, under names of our own, so that other
// GraphiQLs on the same host and port keep theirs.
const PREFIX = "leadgraph:";
const TABS = "graphiql:tabState";
const HISTORY = ["graphiql:queries", "graphiql:favorites"];

/** The same JSON with each `headers` in it replaced. */
const withHeaders = (json, headers) =>
  JSON.stringify(JSON.parse(json), (name, value) => (name === "headers" ? headers : value));

/** Stores headers that a person typed only where they asked for it, which GraphiQL alone forgets in its history. */
class PersonalStorage {
  getItem(name) {
    return localStorage.getItem(PREFIX + name);
  }

  setItem(name, value) {
    const stripped = HISTORY.includes(name) && !this.keepsHeaders;
    localStorage.setItem(PREFIX + name, stripped ? withHeaders(value, null) : value);
  }

  removeItem(name) {
    localStorage.removeItem(PREFIX + name);
  }

  clear() {
    for (const name of this.names) localStorage.removeItem(name);
  }

  get length() {
    return this.names.length;
  }

  get names() {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  }

  /** Whether GraphiQL may take headers for kept: in its settings a person can say so. */
  get keepsHeaders() {
    return this.getItem("graphiql:shouldPersistHeaders") === "true";
  }
}

/**
 * Never stores headers. What is read back carries the configured ones, so a key that was replaced
 * cannot linger in a tab or in the history.
 */
class ConfiguredStorage extends PersonalStorage {
  constructor(headers) {
    super();
    this.headers = headers;
  }

  getItem(name) {
    const value = super.getItem(name);
    return value && (name === TABS || HISTORY.includes(name)) ? withHeaders(value, this.headers) : value;
  }

  setItem(name, value) {
    if (name === "graphiql:headers") return;
    super.setItem(name, name === TABS || HISTORY.includes(name) ? withHeaders(value, null) : value);
  }

  get keepsHeaders() {
    return true; // So GraphiQL believes; it would otherwise not recognise the tabs that come back.
  }
}

export const createStorage = (headers) => (headers ? new ConfiguredStorage(headers) : new PersonalStorage());

/** On the first visit, makes the first of the given tabs the one that is open, variables included. */
export function openFirst(tabs, storage) {
  if (storage.getItem(TABS) || !tabs.length) return;
  storage.setItem("graphiql:query", tabs[0].query);
  storage.setItem("graphiql:variables", tabs[0].variables ?? "");
}
