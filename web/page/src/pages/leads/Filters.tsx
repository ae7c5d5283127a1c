import { useQuery } from "../../api/hooks.ts";
import { INTENTS, LEAD_ORDERS, PLATFORMS, STATUSES, UNASSIGNED } from "../../filters.ts";
import { words } from "../../format.ts";
import { Choices } from "../../ui/Choices.tsx";
import { DayRange } from "../../ui/DayRange.tsx";
import { FilterBar } from "../../ui/FilterBar.tsx";
import { SearchField } from "../../ui/SearchField.tsx";
import { graphql } from "./gql/index.ts";
import type { Values } from "./leads.ts";

const CHOICES = graphql(`
  query LeadsChoices {
    keywords(first: 100, orderBy: MOST_MENTIONS) {
      nodes {
        id
        keyword
      }
    }
    users(first: 100) {
      nodes {
        id
        name
        email
      }
    }
  }
`);

/** Read the keywords to filter by, and the users to whom leads may be assigned. */
export function useChoices() {
  const { data } = useQuery(CHOICES, {});
  return {
    keywords: (data?.keywords?.nodes ?? []).map(({ id, keyword }) => [id, keyword] as const),
    people: (data?.users?.nodes ?? []).map(({ id, name, email }) => [id, name || email] as const),
  };
}

const named = <Name extends string>(names: readonly Name[]) => names.map((name) => [name, words(name)] as const);
const STATUS_CHOICES = named(STATUSES);
const PLATFORM_CHOICES = named(PLATFORMS);
const INTENT_CHOICES = named(INTENTS);
const list = (text: string) => {
  const found = text.split(",").map((each) => each.trim()).filter(Boolean);
  return found.length > 0 ? found : undefined;
};
const whole = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);

/** The filters of leads. All of them are in the address. */
export function Filters({ values, change }: { values: Values; change: (values: Values) => void }) {
  const { keywords, people } = useChoices();
  const set = <Name extends keyof Values>(name: Name) => {
    return (value: Values[Name]) => change({ ...values, [name]: value });
  };
  const { order, view, ...others } = values;
  const isFiltered = Object.values(others).some((value) => value !== undefined);
  return (
    <FilterBar
      search={<SearchField label="Search leads" value={values.search} onChange={set("search")} />}
      isFiltered={isFiltered}
    >
      <Choices label="Status" options={STATUS_CHOICES} chosen={values.status} onChange={set("status")} />
      <Choices label="Keyword" options={keywords} chosen={values.keyword} onChange={set("keyword")} />
      <Choices label="Platform" options={PLATFORM_CHOICES} chosen={values.platform} onChange={set("platform")} />
      <Choices label="Intent" options={INTENT_CHOICES} chosen={values.intent} onChange={set("intent")} />
      <select
        aria-label="Assignee"
        value={values.assignee ?? ""}
        onChange={({ target }) => set("assignee")(target.value || undefined)}
      >
        <option value="">Any assignee</option>
        <option value={UNASSIGNED}>Unassigned</option>
        {people.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <Numbers label="Score" from={values.scoreFrom} change={set("scoreFrom")} />
      <Numbers label="Value" from={values.valueFrom} change={set("valueFrom")} />
      <input
        key={values.tag?.join(", ") ?? ""}
        className="short"
        aria-label="Tags, separated by commas"
        placeholder="Tags"
        defaultValue={values.tag?.join(", ")}
        onBlur={({ target }) => set("tag")(list(target.value))}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
      <DayRange
        label="Days of creation"
        from={values.createdFrom}
        to={values.createdTo}
        onChange={({ from, to }) => change({ ...values, createdFrom: from, createdTo: to })}
      />
      <select
        aria-label="Order"
        value={order ?? "NEWEST"}
        onChange={({ target }) => set("order")(target.value as Values["order"])}
      >
        {LEAD_ORDERS.map((each) => (
          <option key={each} value={each}>
            {words(each)} first
          </option>
        ))}
      </select>
      {values.origin && <span className="badge">Origin: {values.origin.map(words).join(", ")}</span>}
      {(values.convertedFrom || values.convertedTo) && <span className="badge">Converted in a period</span>}
      {isFiltered && (
        <button type="button" onClick={() => change({ order, view })}>
          Clear filters
        </button>
      )}
    </FilterBar>
  );
}

function Numbers(props: { label: string; from: number | undefined; change: (from: number | undefined) => void }) {
  const { label, from, change } = props;
  return (
    <input
      key={from ?? ""}
      className="short"
      inputMode="numeric"
      aria-label={`${label} of at least`}
      placeholder={`${label} ≥`}
      defaultValue={from}
      onBlur={({ target }) => change(whole(target.value.trim()))}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}
