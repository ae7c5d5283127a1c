// The side panel with the cost and the profile of the last response.
import { useSyncExternalStore } from "react";

const INTROSPECTION = "IntrospectionQuery";
let last = null;
const listeners = new Set();

const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Keeps the explanation of a response for the panel, and returns the response without it. */
export function explained(response, operationName) {
  if (!response?.extensions || operationName === INTROSPECTION) return response;
  const { cost, profile, ...others } = response.extensions;
  last = { operationName, cost, profile, warnings: others.warnings, statements: others.statements };
  for (const listener of listeners) listener();
  const { extensions, ...rest } = response;
  return Object.keys(others).length ? { ...rest, extensions: others } : rest;
}

const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const place = (path) => path?.join(" › ") ?? "";

function Cost({ cost }) {
  const rows = [
    ["Statements", `${cost.statements} of at most ${cost.statementsBound}`],
    ["Objects", `at most ${cost.objectsBound.toLocaleString("en")}`],
    ["Depth", cost.depth],
  ];
  return (
    <dl className="leadgraph-facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Warnings({ warnings }) {
  return (
    <section>
      <h3>Warnings</h3>
      <ul className="leadgraph-warnings">
        {warnings.map(({ code, message, path }) => (
          <li key={code + place(path)}>
            <strong>{place(path)}</strong> {message}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Table({ title, head, rows }) {
  if (!rows.length) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table className="leadgraph-table">
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, number) => (
            <tr key={number}>
              {cells.map((cell, index) => (
                <td key={head[index]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const named = (name, path) => (
  <>
    <code>{name}</code>
    <small>{place(path)}</small>
  </>
);

function Profile({ profile }) {
  const { statements, batches, cache, levels } = profile;
  return (
    <>
      <dl className="leadgraph-facts">
        <div>
          <dt>Execution</dt>
          <dd>{milliseconds(profile.milliseconds)}</dd>
        </div>
        <div>
          <dt>Database</dt>
          <dd>{milliseconds(profile.databaseMilliseconds)}</dd>
        </div>
        <div>
          <dt>Wait for a connection</dt>
          <dd>{milliseconds(profile.poolMilliseconds)}</dd>
        </div>
      </dl>
      <Table
        title="Statements"
        head={["Statement", "Time", "Rows"]}
        rows={statements.map((one) => [named(one.name, one.path), milliseconds(one.milliseconds), one.rows])}
      />
      <Table
        title="Levels"
        head={["Level", "Time", "Statements"]}
        rows={levels.map((one) => [one.level, milliseconds(one.milliseconds), one.statements])}
      />
      <Table
        title="Batches"
        head={["Loader", "Keys"]}
        rows={batches.map((one) => [named(one.loader, one.path), one.keys])}
      />
      <Table
        title="Figures"
        head={["Figure", "Outcome", "Number"]}
        rows={cache.map((one) => [<code key="figure">{one.figure}</code>, one.outcome, one.count])}
      />
    </>
  );
}

function Panel() {
  const shown = useSyncExternalStore(subscribe, () => last);
  return (
    <div className="leadgraph-costs">
      <h2>Cost and profile</h2>
      {!shown && <p>Run an operation to see its cost.</p>}
      {shown?.cost && <Cost cost={shown.cost} />}
      {shown?.warnings && <Warnings warnings={shown.warnings} />}
      {shown?.profile && <Profile profile={shown.profile} />}
      {shown && !shown.profile && (
        <>
          <Table
            title="Statements"
            head={["Statement"]}
            rows={(shown.statements ?? []).map((name) => [<code key="name">{name}</code>])}
          />
          <p>API keys of operators get a profile, too: times, rows, batches and figures.</p>
        </>
      )}
    </div>
  );
}

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 15a8 8 0 1 1 16 0" strokeLinecap="round" />
      <path d="M12 15l4-5" strokeLinecap="round" />
      <path d="M4 19h16" strokeLinecap="round" />
    </svg>
  );
}

export const COSTS_PLUGIN = { title: "Cost and Profile", icon: Icon, content: Panel };
