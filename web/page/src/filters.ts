// Filters in the address: a link to a page with filters shows the same rows to everyone who opens it. The parameters
// have the names of the API's filters. A value that a filter does not have is dropped.

type Kind<Value> = {
  read(values: string[]): Value | undefined;
  write(value: Value): string[];
};

/** A text, such as `search`. */
export const text: Kind<string> = { read: ([value]) => value || undefined, write: (value) => [value] };

/** True or false, such as `read=false`. */
export const flag: Kind<boolean> = {
  read: ([value]) => (value === "true" ? true : value === "false" ? false : undefined),
  write: (value) => [String(value)],
};

/** A whole number, such as `scoreFrom=60`. */
export const whole: Kind<number> = {
  read: ([value]) => (value !== undefined && /^-?\d{1,9}$/.test(value) ? Number(value) : undefined),
  write: (value) => [String(value)],
};

/** A moment, such as `createdFrom=2026-11-01T00:00:00Z`. */
export const moment: Kind<string> = {
  read: ([value]) => (value && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined),
  write: (value) => [value],
};

/** A local day, such as `firstDay=2026-11-01`. */
export const day: Kind<string> = {
  read: ([value]) => (value && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined),
  write: (value) => [value],
};

/** A time zone that the browser knows, such as `timeZone=Europe/Berlin`. */
export const zone: Kind<string> = {
  read: ([value]) => (value && isZone(value) ? value : undefined),
  write: (value) => [value],
};

function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** One of some words, such as an order. */
export function word<const Words extends readonly string[]>(known: Words): Kind<Words[number]> {
  return { read: ([value]) => known.find((each) => each === value), write: (value) => [value] };
}

/** Several of some words, such as `platform=REDDIT&platform=X`. */
export function someOf<const Words extends readonly string[]>(known: Words): Kind<Words[number][]> {
  return {
    read(values) {
      const found = known.filter((each) => values.includes(each));
      return found.length > 0 ? found : undefined;
    },
    write: (value) => value,
  };
}

/** Several IDs or other texts, such as `keyword=…&keyword=…`. */
export const texts: Kind<string[]> = {
  read(values) {
    const found = [...new Set(values.filter(Boolean))];
    return found.length > 0 ? found : undefined;
  },
  write: (value) => value,
};

type Spec = Record<string, Kind<any>>;
export type ValuesOf<S extends Spec> = { [Name in keyof S]?: (S[Name] extends Kind<infer Value> ? Value : never) | undefined };
type Changes<Values> = { [Name in keyof Values]: Values[Name] | undefined };

/** Return functions that read filters from the query of an address, and write them. */
export function codec<S extends Spec>(spec: S) {
  return {
    read(search: string | URLSearchParams): ValuesOf<S> {
      const parameters = new URLSearchParams(search);
      const found = Object.entries(spec).map(([name, kind]) => [name, kind.read(parameters.getAll(name))] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as ValuesOf<S>;
    },
    /** Return the query, such as `?read=false`, or an empty text. */
    write(values: Changes<ValuesOf<S>>): string {
      const parameters = new URLSearchParams();
      for (const [name, kind] of Object.entries(spec)) {
        const value = values[name];
        if (value !== undefined && value !== null) for (const each of kind.write(value)) parameters.append(name, each);
      }
      const query = parameters.toString();
      return query && `?${query}`;
    },
  };
}

export const PLATFORMS = [
  "REDDIT",
  "HACKERNEWS",
  "X",
  "BLUESKY",
  "LINKEDIN",
  "GITHUB",
  "YOUTUBE",
  "STACKOVERFLOW",
  "DEVTO",
  "MASTODON",
  "NEWS",
  "BLOG",
  "FORUM",
  "PODCAST",
  "NEWSLETTER",
  "REVIEW",
  "WEB",
  "OTHER",
] as const;
export const SENTIMENTS = ["POSITIVE", "NEUTRAL", "NEGATIVE", "MIXED"] as const;
export const INTENTS = [
  "BUYING",
  "RECOMMENDATION_REQUEST",
  "COMPARISON",
  "COMPLAINT",
  "QUESTION",
  "FEATURE_REQUEST",
  "CHURN_RISK",
  "PRAISE",
  "PROMOTION",
  "HIRING",
  "OTHER",
] as const;
export const RELEVANCES = ["HIGH", "MEDIUM", "LOW"] as const;
export const STATUSES = ["NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "DISQUALIFIED"] as const;
export const MENTION_ORDERS = ["NEWEST", "OLDEST", "LATEST_PUBLISHED", "BEST_MATCH", "MOST_RELEVANT"] as const;
export const RANGES = [
  "TODAY",
  "YESTERDAY",
  "LAST_7_DAYS",
  "LAST_30_DAYS",
  "THIS_MONTH",
  "PREVIOUS_MONTH",
  "ROLLING_MONTH",
  "CUSTOM",
] as const;
export const LEAD_ORDERS = ["NEWEST", "OLDEST", "LATEST_CHANGE", "HIGHEST_SCORE", "HIGHEST_VALUE"] as const;

/** The window of the dashboard. `firstDay` and `lastDay` are those of CUSTOM. */
export const windowFilters = codec({ range: word(RANGES), timeZone: zone, firstDay: day, lastDay: day });

/** The filters of `/inbox`. */
export const mentionFilters = codec({
  search: text,
  keyword: texts,
  integration: texts,
  platform: someOf(PLATFORMS),
  sentiment: someOf(SENTIMENTS),
  intent: someOf(INTENTS),
  relevance: someOf(RELEVANCES),
  read: flag,
  starred: flag,
  dismissed: flag,
  hasLead: flag,
  createdFrom: moment,
  createdTo: moment,
  order: word(MENTION_ORDERS),
});

/** The filters of `/leads`. */
export const leadFilters = codec({
  search: text,
  keyword: texts,
  platform: someOf(PLATFORMS),
  intent: someOf(INTENTS),
  status: someOf(STATUSES),
  origin: someOf(["AUTO", "MANUAL", "IMPORT", "API"]),
  tag: texts,
  assignee: text,
  scoreFrom: whole,
  scoreTo: whole,
  valueFrom: whole,
  valueTo: whole,
  createdFrom: moment,
  createdTo: moment,
  qualifiedFrom: moment,
  qualifiedTo: moment,
  convertedFrom: moment,
  convertedTo: moment,
  order: word(LEAD_ORDERS),
  view: word(["board", "list"]),
});

/** The value of `assignee` for leads of no one. */
export const UNASSIGNED = "none";

const among = <Value>(values: Value[] | undefined) => (values ? { in: values } : null);
const within = (from: number | undefined, to: number | undefined) =>
  from === undefined && to === undefined
    ? null
    : { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lte: to }) };
const between = (from: string | undefined, to: string | undefined) =>
  from === undefined && to === undefined ? null : { ...(from && { gte: from }), ...(to && { lt: to }) };

/** Return the `MentionFilter` of the API. Null fields have no condition. */
export function mentionFilterOf(values: ReturnType<typeof mentionFilters.read>) {
  const { search, keyword, integration, read, starred, dismissed, hasLead } = values;
  return {
    search: search ?? null,
    keywordId: among(keyword),
    integrationId: among(integration),
    platform: among(values.platform),
    sentiment: among(values.sentiment),
    intent: among(values.intent),
    relevance: among(values.relevance),
    read: read ?? null,
    starred: starred ?? null,
    dismissed: dismissed ?? null,
    hasLead: hasLead ?? null,
    // Mentions without a score have no place in the order of relevance.
    relevanceScore: values.order === "MOST_RELEVANT" ? { gte: 0 } : null,
    createdAt: between(values.createdFrom, values.createdTo),
  };
}

/** Return the order of mentions. Without words to search for, no mention matches best. */
export function mentionOrderOf({ order, search }: ReturnType<typeof mentionFilters.read>) {
  return order === undefined || (order === "BEST_MATCH" && search === undefined) ? "NEWEST" : order;
}

const assigneeOf = (id: string | undefined) => (id === undefined ? null : id === UNASSIGNED ? { isNull: true } : { eq: id });
const decimals = (range: ReturnType<typeof within>) =>
  range && Object.fromEntries(Object.entries(range).map(([name, value]) => [name, String(value)]));

/** Return the `LeadFilter` of the API. Null fields have no condition. */
export function leadFilterOf(values: ReturnType<typeof leadFilters.read>) {
  return {
    search: values.search ?? null,
    keywordId: among(values.keyword),
    platform: among(values.platform),
    intent: among(values.intent),
    status: among(values.status),
    origin: among(values.origin),
    tags: values.tag ? { hasAny: values.tag } : null,
    assigneeId: assigneeOf(values.assignee),
    score: within(values.scoreFrom, values.scoreTo),
    value: decimals(within(values.valueFrom, values.valueTo)),
    createdAt: between(values.createdFrom, values.createdTo),
    qualifiedAt: between(values.qualifiedFrom, values.qualifiedTo),
    convertedAt: between(values.convertedFrom, values.convertedTo),
  };
}
