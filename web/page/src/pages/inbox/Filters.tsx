import { Link } from "wouter";
import { useQuery } from "../../api/hooks.ts";
import { INTENTS, mentionFilters, PLATFORMS, SENTIMENTS } from "../../filters.ts";
import { words } from "../../format.ts";
import { Choices } from "../../ui/Choices.tsx";
import { DayRange } from "../../ui/DayRange.tsx";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { SearchField } from "../../ui/SearchField.tsx";
import { graphql } from "./gql/index.ts";
import type { Values } from "./mentions.ts";

const KEYWORDS = graphql(`
  query InboxKeywords {
    keywords(first: 100, orderBy: MOST_MENTIONS) {
      nodes {
        id
        keyword
      }
    }
  }
`);

const named = <Name extends string>(names: readonly Name[]) => names.map((name) => [name, words(name)] as const);
const PLATFORM_CHOICES = named(PLATFORMS);
const SENTIMENT_CHOICES = named(SENTIMENTS);
const INTENT_CHOICES = named(INTENTS);

/** The marks of each view. Other filters stay when the view changes. */
const VIEWS: readonly (readonly [name: string, marks: Values])[] = [
  ["To do", { dismissed: false }],
  ["Unread", { dismissed: false, read: false }],
  ["Starred", { starred: true }],
  ["Dismissed", { dismissed: true }],
  ["All", {}],
];

function viewed(values: Values, marks: Values): Values {
  const { read: _read, starred: _starred, dismissed: _dismissed, ...others } = values;
  // The address without any filter means "To do".
  return { ...others, ...marks, ...(Object.keys(marks).length === 0 && { order: others.order ?? "NEWEST" }) };
}

const isViewed = (values: Values, marks: Values) =>
  (["read", "starred", "dismissed"] as const).every((name) => values[name] === marks[name]);

export function Views({ values }: { values: Values }) {
  return (
    <nav className="views" aria-label="Views">
      {VIEWS.map(([name, marks]) => (
        <Link
          key={name}
          href={mentionFilters.write(viewed(values, marks))}
          aria-current={isViewed(values, marks) ? "true" : undefined}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

/** The filters besides the view. All of them are in the address. */
export function Filters({ values, change }: { values: Values; change: (values: Values) => void }) {
  const { data } = useQuery(KEYWORDS, {});
  const keywords = (data?.keywords?.nodes ?? []).map(({ id, keyword }) => [id, keyword] as const);
  const set = <Name extends keyof Values>(name: Name) => {
    return (value: Values[Name]) => change({ ...values, [name]: value });
  };
  const { read, starred, dismissed, order, ...others } = values;
  const isFiltered = Object.values(others).some((value) => value !== undefined);
  return (
    <FilterBar
      search={<SearchField label="Search mentions" value={values.search} onChange={set("search")} />}
      isFiltered={isFiltered}
    >
      <Choices label="Keyword" options={keywords} chosen={values.keyword} onChange={set("keyword")} />
      <Choices label="Platform" options={PLATFORM_CHOICES} chosen={values.platform} onChange={set("platform")} />
      <Choices label="Sentiment" options={SENTIMENT_CHOICES} chosen={values.sentiment} onChange={set("sentiment")} />
      <Choices label="Intent" options={INTENT_CHOICES} chosen={values.intent} onChange={set("intent")} />
      <DayRange
        label="Days"
        from={values.createdFrom}
        to={values.createdTo}
        onChange={({ from, to }) => change({ ...values, createdFrom: from, createdTo: to })}
      />
      <select
        aria-label="Order"
        value={order ?? "NEWEST"}
        onChange={({ target }) => set("order")(target.value as Values["order"])}
      >
        <option value="NEWEST">Newest first</option>
        <option value="OLDEST">Oldest first</option>
        <option value="LATEST_PUBLISHED">Published last first</option>
        <option value="MOST_RELEVANT">Most relevant first</option>
        {values.search && <option value="BEST_MATCH">Best match first</option>}
      </select>
      {values.integration && <span className="badge">Of one integration</span>}
      {values.relevance && <span className="badge">Relevance: {values.relevance.map(words).join(", ")}</span>}
      {values.hasLead !== undefined && <span className="badge">{values.hasLead ? "With a lead" : "Without a lead"}</span>}
      {isFiltered && (
        <button
          type="button"
          onClick={() => change({ read, starred, dismissed, order: order ?? (dismissed === undefined ? "NEWEST" : order) })}
        >
          Clear filters
        </button>
      )}
    </FilterBar>
  );
}
