// The side panel with the cost, the statements and the times of the last response.
import { Fragment } from "react";
import { observable } from "./observable.js";

const INTROSPECTION = "IntrospectionQuery";
const MOST_FIELDS = 10; // shown at once
const last = observable(null);

/** Keeps the explanation of a response for the panel, and returns the response without it. */
export function explained(response, operationName, roundTrip) {
  if (!response || operationName === INTROSPECTION) return response;
  const { cost, profile, ...others } = response.extensions ?? {};
  const { warnings, statements } = others;
  last.set({ operationName, cost, profile, warnings, statements, roundTrip });
  const { extensions, ...rest } = response;
  return Object.keys(others).length ? { ...rest, extensions: others } : rest;
}

const number = (value) => value.toLocaleString("en");
const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const place = (path) => path?.join(" › ") ?? "";

function Facts({ rows }) {
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

function Bounds({ cost }) {
  const rows = [
    ["Statements", `${number(cost.statements)} of at most ${number(cost.statementsBound)}`],
    ["Objects", `at most ${number(cost.objectsBound)}`],
    ["Points of the rate limit", `at most ${number(cost.points)}`],
    ["Depth", number(cost.depth)],
  ];
  return <Facts rows={rows} />;
}

const costsOf = (fields) =>
  fields.map(({ path, objects, points }) => [
    named(path.at(-1), place(path.slice(0, -1))),
    number(objects),
    points.toFixed(2),
  ]);

/** Shows the most expensive fields first, and opens the others on request. */
function Fields({ fields }) {
  const sorted = fields.toSorted((one, other) => other.objects - one.objects);
  const [most, others] = [sorted.slice(0, MOST_FIELDS), sorted.slice(MOST_FIELDS)];
  const head = ["Field", "Objects", "Points"];
  return (
    <>
      <Table
        title="Cost by field"
        head={head}
        rows={costsOf(most)}
        note="At most, with the objects of the fields below. 100 objects are a point."
      />
      {others.length > 0 && (
        <details className="leadgraph-more">
          <summary>{others.length} other fields</summary>
          <Table head={head} rows={costsOf(others)} />
        </details>
      )}
    </>
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

function Table({ title, head, rows, note }) {
  if (!rows.length) return null;
  return (
    <section>
      {title && <h3>{title}</h3>}
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
      {note && <p className="leadgraph-note">{note}</p>}
    </section>
  );
}

/** Shows a name of the server, which may break after an underscore or within a camel-case name. */
const Name = ({ of }) => (
  <code>
    {of.split(/(?<=_)|(?<=[a-z])(?=[A-Z])/).map((part, index) => (
      <Fragment key={index}>
        {index > 0 && <wbr />}
        {part}
      </Fragment>
    ))}
  </code>
);

const named = (name, ...lines) => (
  <>
    <Name of={name} />
    {lines.filter(Boolean).map((line) => (
      <small key={line}>{line}</small>
    ))}
  </>
);

/** Returns the phases of a request with their times. The phases of the server need a profile. */
function phasesOf({ profile, roundTrip }) {
  if (!profile) return [];
  const { milliseconds: execution, databaseMilliseconds: database, poolMilliseconds: wait } = profile;
  return [
    ["Wait for a connection", wait],
    ["Database", database],
    ["Other execution", Math.max(0, execution - database - wait)],
    ["Network and the rest", Math.max(0, roundTrip - execution)],
  ];
}

function Timing({ shown }) {
  const phases = phasesOf(shown);
  const sum = phases.reduce((total, [, value]) => total + value, 0);
  return (
    <section>
      <h3>Timing by phase</h3>
      <dl className="leadgraph-facts leadgraph-phases">
        {phases.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{milliseconds(value)}</dd>
            <meter max={sum} value={value} aria-label={name} />
          </div>
        ))}
        <div>
          <dt>Round trip</dt>
          <dd>{milliseconds(shown.roundTrip)}</dd>
        </div>
      </dl>
    </section>
  );
}

/** Returns the runs of each statement: their number, and of a profile their time, their rows and their fields. */
function sumsOf({ profile, statements }) {
  const sums = new Map();
  for (const run of profile?.statements ?? (statements ?? []).map((name) => ({ name }))) {
    const sum = sums.get(run.name) ?? { name: run.name, runs: 0, time: 0, rows: 0, places: new Set() };
    sum.runs += 1;
    sum.time += run.milliseconds ?? 0;
    sum.rows += run.rows ?? 0;
    if (run.path) sum.places.add(place(run.path));
    sums.set(run.name, sum);
  }
  return [...sums.values()];
}

function Statements({ shown }) {
  const sums = sumsOf(shown);
  if (shown.profile) {
    const rows = sums.map(({ name, runs, time, rows: read, places }) => [
      named(name, ...places),
      number(runs),
      milliseconds(time),
      number(read),
    ]);
    return <Table title="Statements" head={["Statement", "Runs", "Time", "Rows"]} rows={rows} />;
  }
  return (
    <Table
      title="Statements"
      head={["Statement", "Runs"]}
      rows={sums.map(({ name, runs }) => [named(name), number(runs)])}
    />
  );
}

const OUTCOMES = { hit: "cached", stale: "cached, stale", waited: "awaited", computed: "computed" };

const Figures = ({ cache }) => (
  <Table
    title="Figures"
    head={["Figure", "Source", "Number"]}
    rows={cache.map(({ figure, outcome, count }) => [
      named(figure),
      OUTCOMES[outcome] ?? outcome,
      number(count),
    ])}
  />
);

const Reads = ({ profile: { batches, levels } }) => (
  <>
    <Table
      title="Batches"
      head={["Loader", "Keys"]}
      rows={batches.map(({ loader, path, keys }) => [named(loader, place(path)), number(keys)])}
    />
    <Table
      title="Levels"
      head={["Level", "Statements", "Time"]}
      rows={levels.map((one) => [one.level, number(one.statements), milliseconds(one.milliseconds)])}
    />
  </>
);

function Panel() {
  const shown = last.use();
  return (
    <div className="leadgraph-costs" aria-live="polite">
      <h2>Cost and profile</h2>
      {!shown && <p>Run an operation to see its cost.</p>}
      {shown?.warnings && <Warnings warnings={shown.warnings} />}
      {shown?.cost && <Bounds cost={shown.cost} />}
      {shown && <Statements shown={shown} />}
      {shown && <Timing shown={shown} />}
      {shown?.profile && <Figures cache={shown.profile.cache} />}
      {shown?.cost && <Fields fields={shown.cost.fields} />}
      {shown?.profile && <Reads profile={shown.profile} />}
      {shown && !shown.profile && (
        <p>API keys of operators get a profile, too: the time by phase, rows, batches and figures.</p>
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
