import { Link } from "wouter";
import { mentionFilters } from "../../filters.ts";
import { format, timesIn, words } from "../../format.ts";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";

const HEALTH = graphql(`
  fragment DashboardIntegration on IntegrationHealth {
    integration {
      id
      name
      provider
      kind
      status
    }
    score
    problems
    uptime {
      localDate
      runs
      succeeded
      percent
    }
  }
`);

const GOOD = 99;
const FAIR = 90;

/** The integrations with their health, the worst first as the API returns them, and the runs of 30 days. */
export function Integrations({ of }: { of: readonly FragmentType<typeof HEALTH>[] }) {
  if (of.length === 0) return <p className="note">There are no integrations yet.</p>;
  return (
    <ul className="plain-list">
      {of.map((masked) => {
        const { integration, score, problems, uptime } = unmasked(HEALTH, masked);
        const { id, name, provider, kind, status } = integration;
        return (
          <li key={id} className="integration">
            <div className="row">
              <Link href={`/integrations/${id}`}>{name || words(provider)}</Link>
              <span className="badge">{words(status)}</span>
              <span className="score">{score == null ? "No health" : `Health ${format.number(score)}`}</span>
            </div>
            <div className="row note">
              <span>{words(provider)}</span>
              {problems.map((problem) => (
                <span key={problem} className="badge bad">
                  {words(problem)}
                </span>
              ))}
              {kind === "SOURCE" && <Link href={`/inbox${mentionFilters.write({ integration: [id] })}`}>Mentions</Link>}
            </div>
            <Uptime name={name} days={uptime} />
          </li>
        );
      })}
    </ul>
  );
}

interface Day {
  localDate: string;
  runs: number;
  succeeded: number;
  percent?: number | null;
}

const days = timesIn("UTC");

function Uptime({ name, days: shown }: { name: string; days: readonly Day[] }) {
  const runs = shown.reduce((sum, each) => sum + each.runs, 0);
  const succeeded = shown.reduce((sum, each) => sum + each.succeeded, 0);
  const summary =
    runs === 0
      ? `${name}: no runs in ${shown.length} days`
      : `${name}: ${format.number(succeeded)} of ${format.number(runs)} runs succeeded in ${shown.length} days`;
  return (
    <div className="uptime" role="img" aria-label={summary}>
      {shown.map(({ localDate, runs: ofDay, succeeded: good, percent }) => (
        <span key={localDate} className={toneOf(percent)} title={`${days.day(localDate)}: ${good} of ${ofDay} runs succeeded`} />
      ))}
    </div>
  );
}

function toneOf(percent: number | null | undefined): string {
  if (percent == null) return "none";
  return percent >= GOOD ? "good" : percent >= FAIR ? "fair" : "bad";
}
