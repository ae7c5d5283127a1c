// GraphiQL's storage: localStorage with a prefix, so that another GraphiQL on the same host and port keeps its own
// tabs and history.
const PREFIX = "leadgraph:";
const TABS = "graphiql:tabState";
const HISTORY = ["graphiql:queries", "graphiql:favorites"];

/** Returns the JSON with each value of `headers` replaced. */
const withHeaders = (json, headers) =>
  JSON.stringify(JSON.parse(json), (name, value) => (name === "headers" ? headers : value));

/** Stores typed headers only if the user enabled it. GraphiQL alone would store them in its history. */
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

  /** Whether the user enabled the storage of headers in GraphiQL's settings. */
  get keepsHeaders() {
    return this.getItem("graphiql:shouldPersistHeaders") === "true";
  }
}

/**
 * Never stores headers. Restored tabs and history get the configured headers, so a replaced key cannot
 * remain in them.
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
    return true; // Otherwise GraphiQL would not recognise the restored tabs.
  }
}

export const createStorage = (headers) => (headers ? new ConfiguredStorage(headers) : new PersonalStorage());

/**
 * Opens the tab of a link, or the first example on the first visit. GraphiQL opens the stored query: in its tab, or in
 * a new one.
 */
export function openAtFirst(linked, examples, storage) {
  const [tab] = linked.length || storage.getItem(TABS) ? linked : examples;
  if (!tab) return;
  storage.setItem("graphiql:query", tab.query);
  storage.setItem("graphiql:variables", tab.variables ?? "");
}
