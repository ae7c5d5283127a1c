import { Link } from "wouter";
import { leadFilters, mentionFilters } from "../../filters.ts";
import { format } from "../../format.ts";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";

const TREND = graphql(`
  fragment DashboardTrend on Trend {
    value
    previousToDate
    changePercentToDate
  }
`);

const TOTALS = graphql(`
  fragment DashboardTotals on ConversionAnalytics {
    mentions {
      ...DashboardTrend
    }
    leads {
      ...DashboardTrend
    }
    qualified {
      ...DashboardTrend
    }
    converted {
      ...DashboardTrend
    }
    rate(basis: CONVERTED_PER_MENTION) {
      current {
        value
        numerator
        denominator
      }
      changeToDate
    }
  }
`);

const METRICS = graphql(`
  fragment DashboardMetrics on ConversionMetrics {
    totalLeads
    newLeadsToday
    topPerformingKeyword {
      keyword {
        id
        keyword
      }
    }
  }
`);

export interface Span {
  start: string;
  end: string;
}

/** Return the addresses of the rows behind the figures of a window. */
export function rowsOf({ start, end }: Span, keyword?: string[]) {
  const within = { createdFrom: start, createdTo: end, ...(keyword && { keyword }) };
  const also = keyword ? { keyword } : {};
  return {
    mentions: `/inbox${mentionFilters.write(within)}`,
    leads: `/leads${leadFilters.write(within)}`,
    qualified: `/leads${leadFilters.write({ ...also, qualifiedFrom: start, qualifiedTo: end })}`,
    converted: `/leads${leadFilters.write({ ...also, convertedFrom: start, convertedTo: end })}`,
  };
}

export function Totals({ of, span }: { of: FragmentType<typeof TOTALS>; span: Span }) {
  const { mentions, leads, qualified, converted, rate } = unmasked(TOTALS, of);
  const rows = rowsOf(span);
  return (
    <ul className="tiles">
      <Trend name="Mentions" of={mentions} rows={rows.mentions} />
      <Trend name="Leads" of={leads} rows={rows.leads} />
      <Trend name="Qualified" of={qualified} rows={rows.qualified} />
      <Trend name="Converted" of={converted} rows={rows.converted} />
      <li>
        <span className="note">Conversion rate</span>
        <Link href={rows.converted} className="figure">
          {format.percent(rate.current.value)}
        </Link>
        <Change value={rate.changeToDate} unit="points" />
        <span className="note">
          {format.number(rate.current.numerator)} of {format.number(rate.current.denominator)} mentions
        </span>
      </li>
    </ul>
  );
}

function Trend({ name, of, rows }: { name: string; of: FragmentType<typeof TREND>; rows: string }) {
  const { value, previousToDate, changePercentToDate } = unmasked(TREND, of);
  return (
    <li>
      <span className="note">{name}</span>
      <Link href={rows} className="figure">
        {format.number(value)}
      </Link>
      <Change value={changePercentToDate ?? null} unit="percent" />
      <span className="note">before: {format.number(previousToDate)}</span>
    </li>
  );
}

/** A change to the same part of the previous window. It is null without a previous value. */
export function Change({ value, unit }: { value: number | null; unit: "percent" | "points" }) {
  if (value === null) return <span className="note change">no comparison</span>;
  const tone = value > 0 ? "up" : value < 0 ? "down" : "";
  const text = unit === "percent" ? format.change(value) : format.points(value);
  return <span className={`change ${tone}`}>{text}</span>;
}

export function Metrics({ of, today }: { of: FragmentType<typeof METRICS>; today: Span }) {
  const { totalLeads, newLeadsToday, topPerformingKeyword } = unmasked(METRICS, of);
  const keyword = topPerformingKeyword?.keyword;
  return (
    <ul className="tiles">
      <li>
        <span className="note">Leads of all time</span>
        <Link href="/leads" className="figure">
          {format.number(totalLeads)}
        </Link>
      </li>
      <li>
        <span className="note">New leads today</span>
        <Link href={rowsOf(today).leads} className="figure">
          {format.number(newLeadsToday)}
        </Link>
      </li>
      <li>
        <span className="note">Best keyword of all time</span>
        {keyword ? (
          <Link href={`/leads${leadFilters.write({ keyword: [keyword.id] })}`} className="figure text">
            {keyword.keyword}
          </Link>
        ) : (
          <span className="note">No keyword has a lead yet.</span>
        )}
      </li>
    </ul>
  );
}
