import { Link } from "wouter";
import { leadFilters } from "../../filters.ts";
import { format } from "../../format.ts";
import { type Column, Table } from "../../ui/Table.tsx";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";
import { Change, rowsOf, type Span } from "./Totals.tsx";

const PERFORMANCE = graphql(`
  fragment DashboardKeyword on KeywordPerformance {
    keyword {
      id
      keyword
    }
    mentions {
      value
    }
    leads {
      value
      changePercentToDate
    }
    converted {
      value
    }
    rate(basis: LEADS_PER_MENTION) {
      current {
        value
      }
    }
    performanceScore
    efficiencyScore
  }
`);

type Row = ReturnType<typeof rowOf>;

const rowOf = (masked: FragmentType<typeof PERFORMANCE>) => unmasked(PERFORMANCE, masked);

/** The best keywords by their performance of all time, with their figures of the window. */
export function Keywords({ of, span }: { of: readonly FragmentType<typeof PERFORMANCE>[]; span: Span }) {
  if (of.length === 0) return <p className="note">There are no keywords yet.</p>;
  const columns: Column<Row>[] = [
    {
      title: "Keyword",
      cell: ({ keyword }) => <Link href={`/leads${leadFilters.write({ keyword: [keyword.id] })}`}>{keyword.keyword}</Link>,
      sortBy: ({ keyword }) => keyword.keyword,
    },
    number("Mentions", ({ mentions }) => mentions.value, ({ keyword }) => rowsOf(span, [keyword.id]).mentions),
    number("Leads", ({ leads }) => leads.value, ({ keyword }) => rowsOf(span, [keyword.id]).leads),
    {
      title: "Change",
      isNumber: true,
      cell: ({ leads }) => <Change value={leads.changePercentToDate ?? null} unit="percent" />,
      sortBy: ({ leads }) => leads.changePercentToDate ?? null,
    },
    number("Converted", ({ converted }) => converted.value, ({ keyword }) => rowsOf(span, [keyword.id]).converted),
    {
      title: "Leads per mention",
      isNumber: true,
      cell: ({ rate }) => format.percent(rate.current.value),
      sortBy: ({ rate }) => rate.current.value,
    },
    number("Performance", ({ performanceScore }) => performanceScore),
    number("Efficiency", ({ efficiencyScore }) => efficiencyScore ?? null),
  ];
  return (
    <div className="keywords">
      <p className="note">The keywords with the most leads of all time. Scores are of all time, and the other figures of the window.</p>
      <Table
        caption="Performance of keywords"
        columns={columns}
        rows={of.map(rowOf)}
        keyOf={({ keyword }) => keyword.id}
      />
    </div>
  );
}

function number(title: string, valueOf: (row: Row) => number | null, rows?: (row: Row) => string): Column<Row> {
  return {
    title,
    isNumber: true,
    sortBy: valueOf,
    cell: (row) => {
      const value = valueOf(row);
      const text = value === null ? "–" : format.number(value);
      return rows ? <Link href={rows(row)}>{text}</Link> : text;
    },
  };
}
