import { useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { usePages } from "../../api/hooks.ts";
import { codec, leadFilters, mentionFilters, someOf, text, word } from "../../filters.ts";
import { format, useTimes, words } from "../../format.ts";
import { Answer, Empty } from "../../ui/Answer.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { More } from "../../ui/More.tsx";
import { usePolling, useRowKeys } from "../../ui/rows.ts";
import { useShortcut } from "../../ui/shortcuts.ts";
import { type Column, Table } from "../../ui/Table.tsx";
import { KeywordForm } from "./KeywordForm.tsx";
import { RemoveKeyword } from "./RemoveKeyword.tsx";
import { graphql } from "./gql/index.ts";
import type { KeywordsListQuery } from "./gql/graphql.ts";
import { useStatusChange } from "./status.ts";

const LIST = graphql(`
  query KeywordsList($first: Int!, $after: String, $filter: KeywordFilter, $orderBy: KeywordOrder) {
    keywords(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      totalCount
      nodes {
        id
        keyword
        matchType
        requiredTerms
        excludedTerms
        platforms
        status
        autoLeadScore
        mentionsCount
        leadsCount
        convertedLeadsCount
        updatedAt
        rate(basis: LEADS_PER_MENTION) {
          value
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export type Keyword = NonNullable<KeywordsListQuery["keywords"]>["nodes"][number];

const STATUSES = ["ACTIVE", "PAUSED", "ARCHIVED"] as const;
const ORDERS = ["NEWEST", "OLDEST", "MOST_MENTIONS", "MOST_LEADS", "LATEST_UPDATE"] as const;
const filters = codec({ search: text, status: someOf(STATUSES), order: word(ORDERS) });
type Filters = ReturnType<typeof filters.read>;

type Opened = { kind: "create" } | { kind: "edit" | "remove"; keyword: Keyword };

/** The page at /keywords. */
export default function Keywords() {
  const values = filters.read(useSearch());
  const [opened, setOpened] = useState<Opened | null>(null);
  const { search, status, order = "NEWEST" } = values;
  const filter = {
    ...(search && { keyword: { contains: search } }),
    ...(status && { status: { in: status } }),
  };
  const list = usePages(LIST, { first: 100, filter, orderBy: order }, (data) => data.keywords);
  const close = () => setOpened(null);
  usePolling(list.poll);
  useShortcut("n", "Create a keyword", () => setOpened({ kind: "create" }));

  return (
    <>
      <div className="heading">
        <h1>Keywords</h1>
        <button type="button" className="primary" onClick={() => setOpened({ kind: "create" })}>
          New keyword
        </button>
      </div>
      <FilterBar values={values} />
      <Answer of={list}>
        {({ keywords }) =>
          keywords && (
            <KeywordTable
              key={order}
              keywords={keywords.nodes}
              isFiltered={search !== undefined || status !== undefined}
              open={setOpened}
              changed={list.restart}
            >
              <More more={list.more} shown={keywords.nodes.length} total={keywords.totalCount} />
            </KeywordTable>
          )
        }
      </Answer>
      {opened?.kind === "create" && <KeywordForm onClose={close} saved={list.restart} />}
      {opened?.kind === "edit" && <KeywordForm keyword={opened.keyword} onClose={close} saved={list.restart} />}
      {opened?.kind === "remove" && (
        <RemoveKeyword keyword={opened.keyword} onClose={close} removed={list.restart} />
      )}
    </>
  );
}

const TYPING_PAUSE = 300;

function FilterBar({ values }: { values: Filters }) {
  const [, navigate] = useLocation();
  const search = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  const show = (changes: Parameters<typeof filters.write>[0]) =>
    navigate(filters.write({ ...values, ...changes }), { replace: true });
  useShortcut("/", "Search keywords", () => search.current?.focus());
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <search className="bar">
      <TextField
        label="Search"
        type="search"
        ref={search}
        defaultValue={values.search ?? ""}
        onChange={({ target }) => {
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => show({ search: target.value.trim() || undefined }), TYPING_PAUSE);
        }}
      />
      <SelectField
        label="Status"
        value={values.status?.length === 1 ? values.status[0] : ""}
        options={[["", "All"], ...STATUSES.map((status) => [status, words(status)] as const)]}
        onChange={({ target }) => {
          const status = STATUSES.find((each) => each === target.value);
          show({ status: status && [status] });
        }}
      />
      <SelectField
        label="Order"
        value={values.order ?? "NEWEST"}
        options={ORDERS.map((order) => [order, words(order)] as const)}
        onChange={({ target }) => show({ order: ORDERS.find((each) => each === target.value) })}
      />
    </search>
  );
}

const TONES: Record<string, string> = { ACTIVE: "good", PAUSED: "warn" };

function KeywordTable(props: {
  keywords: readonly Keyword[];
  isFiltered: boolean;
  open: (opened: Opened) => void;
  changed: () => void;
  children: React.ReactNode;
}) {
  const { keywords, isFiltered, open, changed, children } = props;
  const times = useTimes();
  const box = useRowKeys<HTMLDivElement>();
  const change = useStatusChange(changed);
  if (keywords.length === 0) {
    return isFiltered ? (
      <Empty title="No keyword matches these filters." />
    ) : (
      <Empty title="You have no keywords yet.">
        <p>New posts that contain a keyword become mentions.</p>
      </Empty>
    );
  }
  const columns: Column<Keyword>[] = [
    {
      title: "Keyword",
      sortBy: ({ keyword }) => keyword,
      cell: (keyword) => (
        <div className="wide">
          <Link href={`~/inbox${mentionFilters.write({ keyword: [keyword.id] })}`}>{keyword.keyword}</Link>
          <div className="note">{detailsOf(keyword)}</div>
        </div>
      ),
    },
    {
      title: "Status",
      sortBy: ({ status }) => status,
      cell: ({ status }) => <span className={`badge ${TONES[status] ?? "muted"}`}>{words(status)}</span>,
    },
    {
      title: "Mentions",
      isNumber: true,
      sortBy: ({ mentionsCount }) => mentionsCount,
      cell: ({ id, mentionsCount }) => (
        <Link href={`~/inbox${mentionFilters.write({ keyword: [id] })}`}>{format.number(mentionsCount)}</Link>
      ),
    },
    {
      title: "Leads",
      isNumber: true,
      sortBy: ({ leadsCount }) => leadsCount,
      cell: ({ id, leadsCount }) => (
        <Link href={`~/leads${leadFilters.write({ keyword: [id] })}`}>{format.number(leadsCount)}</Link>
      ),
    },
    {
      title: "Leads per mention",
      isNumber: true,
      sortBy: ({ mentionsCount, rate }) => (mentionsCount === 0 ? null : rate.value),
      cell: ({ mentionsCount, rate }) => (mentionsCount === 0 ? "–" : format.percent(rate.value)),
    },
    {
      title: "Converted",
      isNumber: true,
      sortBy: ({ convertedLeadsCount }) => convertedLeadsCount,
      cell: ({ id, convertedLeadsCount }) => (
        <Link href={`~/leads${leadFilters.write({ keyword: [id], status: ["CONVERTED"] })}`}>
          {format.number(convertedLeadsCount)}
        </Link>
      ),
    },
    {
      title: "Changed",
      sortBy: ({ updatedAt }) => updatedAt,
      cell: ({ updatedAt }) => (
        <time dateTime={updatedAt} title={times.moment(updatedAt)}>
          {format.age(updatedAt)}
        </time>
      ),
    },
    {
      title: "Actions",
      cell: (keyword) => {
        const button = (name: string, run: () => void) => (
          <button type="button" className="small" aria-label={`${name} ${keyword.keyword}`} onClick={run}>
            {name}
          </button>
        );
        const isActive = keyword.status === "ACTIVE";
        return (
          <div className="actions">
            {button("Edit", () => open({ kind: "edit", keyword }))}
            {isActive
              ? button("Pause", () => void change(keyword, "PAUSED"))
              : button("Resume", () => void change(keyword, "ACTIVE"))}
            {keyword.status !== "ARCHIVED" && button("Archive", () => void change(keyword, "ARCHIVED"))}
            {button("Delete", () => open({ kind: "remove", keyword }))}
          </div>
        );
      },
    },
  ];
  return (
    <div ref={box} className="card bare">
      <Table caption="Keywords" columns={columns} rows={keywords} keyOf={({ id }) => id} />
      {children}
    </div>
  );
}

const MATCHES: Record<string, string> = { PHRASE: "Phrase", ALL_WORDS: "All words", ANY_WORD: "Any word" };

/** Return the settings of a keyword in one line. */
function detailsOf({ matchType, requiredTerms, excludedTerms, platforms, autoLeadScore }: Keyword): string {
  return [
    MATCHES[matchType] ?? words(matchType),
    requiredTerms.length > 0 && `with ${requiredTerms.join(", ")}`,
    excludedTerms.length > 0 && `without ${excludedTerms.join(", ")}`,
    platforms.length > 0 && `on ${platforms.map(words).join(", ")}`,
    autoLeadScore !== null && `leads from score ${autoLeadScore}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
