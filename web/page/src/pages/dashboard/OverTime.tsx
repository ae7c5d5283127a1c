import { useState } from "react";
import { Link } from "wouter";
import { format, timesIn } from "../../format.ts";
import { Chart } from "./Chart.tsx";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";
import { rowsOf } from "./Totals.tsx";

const SERIES = graphql(`
  fragment DashboardSeries on Series {
    points {
      start
      end
      localDate
      partial
      future
      mentions
      leads
    }
  }
`);

const FIGURES = [
  ["mentions", "Mentions"],
  ["leads", "Leads"],
] as const;
const UNITS = { DAY: "Day", WEEK: "Week of", MONTH: "Month of" };
const days = timesIn("UTC");

/** Mentions and leads by day, week or month, as charts and as a table. */
export function OverTime({ of, by }: { of: FragmentType<typeof SERIES>; by: keyof typeof UNITS }) {
  const { points } = unmasked(SERIES, of);
  const [place, setPlace] = useState<number | null>(null);
  const shown = place === null ? undefined : points[place];
  return (
    <>
      <div className="charts">
        {FIGURES.map(([figure, name]) => (
          <figure key={figure}>
            <figcaption className="row">
              <span className={`swatch ${figure}`}>{name}</span>
              <span className="note" aria-hidden="true">
                {shown && `${days.date(shown.localDate)}: ${shown.future ? "–" : format.number(shown[figure])}`}
              </span>
            </figcaption>
            <Chart
              colour={figure}
              bars={points.map((point) => ({
                label: days.day(point.localDate),
                value: point.future ? null : point[figure],
                rows: rowsOf(point)[figure],
              }))}
              place={place}
              onPoint={setPlace}
            />
          </figure>
        ))}
      </div>
      <details className="numbers">
        <summary>Show the numbers</summary>
        <div className="table">
          <table>
            <caption className="hidden">Mentions and leads over time</caption>
            <thead>
              <tr>
                <th scope="col">{UNITS[by]}</th>
                <th scope="col" className="number">
                  Mentions
                </th>
                <th scope="col" className="number">
                  Leads
                </th>
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={point.start}>
                  <th scope="row">
                    {days.date(point.localDate)}
                    {point.future ? " (to come)" : point.partial ? " (not ended)" : ""}
                  </th>
                  {FIGURES.map(([figure]) => (
                    <td key={figure} className="number">
                      {point.future ? "–" : <Link href={rowsOf(point)[figure]}>{format.number(point[figure])}</Link>}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
