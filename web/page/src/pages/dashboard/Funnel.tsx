import { Link } from "wouter";
import { format, words } from "../../format.ts";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";
import { rowsOf, type Span } from "./Totals.tsx";

const FUNNEL = graphql(`
  fragment DashboardFunnel on ConversionAnalytics {
    funnel {
      stage
      count {
        value
      }
      ofPrevious
      ofFirst
    }
  }
`);

const ROWS = { MENTIONS: "mentions", LEADS: "leads", QUALIFIED: "qualified", CONVERTED: "converted" } as const;

/** The stages that were reached within the window. A bar is as long as its share of the largest stage. */
export function Funnel({ of, span }: { of: FragmentType<typeof FUNNEL>; span: Span }) {
  const { funnel } = unmasked(FUNNEL, of);
  const rows = rowsOf(span);
  const largest = Math.max(1, ...funnel.map(({ count }) => count.value));
  return (
    <ol className="funnel">
      {funnel.map(({ stage, count, ofPrevious }) => (
        <li key={stage}>
          <span>{words(stage)}</span>
          <Link href={stage in ROWS ? rows[ROWS[stage as keyof typeof ROWS]] : rows.leads}>
            {format.number(count.value)}
          </Link>
          <span className="note">{ofPrevious == null ? "" : `${format.percent(ofPrevious)} of the stage before`}</span>
          <meter min={0} max={largest} value={count.value} aria-label={`${words(stage)} of the largest stage`} />
        </li>
      ))}
    </ol>
  );
}
