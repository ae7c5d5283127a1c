import { format, words } from "../../format.ts";

interface Day {
  localDate: string;
  runs: number;
  succeeded: number;
  percent: number | null;
}

const GOOD = 99;
const FAIR = 90;

/** Return the name of an integration, or of its service and account. */
export function nameOf(of: { name: string; provider: string; externalAccountId: string }): string {
  const service = words(of.provider);
  if (of.name) return of.name;
  return of.externalAccountId ? `${service}: ${of.externalAccountId}` : service;
}

const toneOf = (percent: number) => (percent >= GOOD ? "good" : percent >= FAIR ? "warn" : "bad");

/** The score, the problems and a strip with the uptime of each day. */
export function Health({ health }: { health: { score: number | null; problems: string[]; uptime: Day[] } }) {
  const runs = health.uptime.reduce((sum, day) => sum + day.runs, 0);
  const succeeded = health.uptime.reduce((sum, day) => sum + day.succeeded, 0);
  const total = runs > 0 ? `${format.percent((succeeded / runs) * 100)} of ${format.number(runs)} runs succeeded` : "No runs";
  return (
    <div>
      <div className="row">
        <span>
          <span className="score">{health.score ?? "–"}</span> <span className="note">health</span>
        </span>
        {health.problems.map((problem) => (
          <span key={problem} className="badge bad">
            {words(problem)}
          </span>
        ))}
      </div>
      <div className="uptime" role="img" aria-label={`Last ${health.uptime.length} days: ${total}`}>
        {health.uptime.map(({ localDate, percent, runs: ofDay }) => (
          <span
            key={localDate}
            className={percent === null ? "" : toneOf(percent)}
            title={`${localDate}: ${percent === null ? "no runs" : `${format.percent(percent)} of ${ofDay} runs`}`}
          />
        ))}
      </div>
      <div className="note">{total} in {health.uptime.length} days</div>
    </div>
  );
}
