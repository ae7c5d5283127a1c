// The pool, the statements and the types of values that the hand-written Node servers share.
// Statements are prepared once per connection, and read only the columns of the schema.

import pg from "pg";

const TIMESTAMPTZ = 1184;
// "2026-01-31 09:30:00+00" becomes ISO 8601 without a Date in between. The sessions have the time zone UTC.
pg.types.setTypeParser(TIMESTAMPTZ, (text) => `${text.slice(0, 10)}T${text.slice(11)}:00`);

const pool = new pg.Pool({
  connectionString: process.env.LEADGRAPH_DATABASE_URL,
  max: 10,
  options: "-c TimeZone=UTC",
});

const USER = "id, email, name";
const KEYWORD = 'id, keyword, mentions_count AS "mentionsCount", user_id';
const MENTION = 'id, content, author, platform, url, created_at AS "createdAt", keyword_id';
const LEAD = `id, status, score, status_changed_at AS "statusChangedAt", contact_name AS "contactName",
  contact_handle AS "contactHandle", contact_email AS "contactEmail", company, value, currency, origin,
  created_at AS "createdAt", mention_id`;
const ANALYSIS = 'mention_id, sentiment, relevance, relevance_score AS "relevanceScore"';

const KEYWORDS = `SELECT ${KEYWORD} FROM keywords WHERE user_id = $1 ORDER BY id DESC LIMIT $2`;
const LEADS = `SELECT ${LEAD} FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`;
const ONE_LEAD = `SELECT ${LEAD} FROM leads WHERE id = $1 AND user_id = $2`;
const PAGES = `
  SELECT page.* FROM unnest($1::bigint[]) AS keyword (id) CROSS JOIN LATERAL (
    SELECT ${MENTION} FROM mentions WHERE keyword_id = keyword.id ORDER BY created_at DESC, id DESC LIMIT $2
  ) AS page`;

async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

export function keywords(userId, first) {
  return rows("keywords", KEYWORDS, [userId, first]);
}

export function leads(userId, first) {
  return rows("leads", LEADS, [userId, first]);
}

export async function lead(id, userId) {
  return (await rows("lead", ONE_LEAD, [id, userId]))[0] ?? null;
}

// Returns a function that reads the row per key, or null.
function one(table, columns, column) {
  const text = `SELECT ${columns} FROM ${table} WHERE ${column} = ANY ($1)`;
  return async (keys) => {
    const found = new Map();
    for (const row of await rows(`${table} by ${column}`, text, [keys])) found.set(row[column], row);
    return keys.map((key) => found.get(key) ?? null);
  };
}

export const userById = one("users", USER, "id");
export const keywordById = one("keywords", KEYWORD, "id");
export const mentionById = one("mentions", MENTION, "id");
export const leadByMention = one("leads", LEAD, "mention_id");
export const analysisByMention = one("analysis_results", ANALYSIS, "mention_id");

export async function newestMentions(keywordIds, first) {
  const pages = new Map(keywordIds.map((id) => [id, []]));
  for (const row of await rows("newest mentions", PAGES, [keywordIds, first])) {
    pages.get(row.keyword_id).push(row);
  }
  return keywordIds.map((id) => ({ nodes: pages.get(id) }));
}
