// Fastify and Mercurius with graphql-jit. Its loaders batch the objects of a level, like a DataLoader.
// Statements are prepared once per connection, and read only the columns of the schema.

import Fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.LEADGRAPH_DATABASE_URL, max: 10 });

const schema = `
  scalar DateTime
  type Query {
    keywords(first: Int = 20): KeywordPage!
    leads(first: Int = 20): LeadPage!
    lead(id: ID!): Lead
  }
  type KeywordPage { nodes: [Keyword!]! }
  type MentionPage { nodes: [Mention!]! }
  type LeadPage { nodes: [Lead!]! }
  type User { id: ID! email: String! name: String! }
  type Keyword {
    id: ID! keyword: String! mentionsCount: Int!
    user: User! mentions(first: Int = 20): MentionPage!
  }
  type Mention {
    id: ID! content: String! author: String! platform: String! url: String! createdAt: DateTime!
    keyword: Keyword! lead: Lead analysis: Analysis
  }
  type Lead {
    id: ID! status: String! score: Int statusChangedAt: DateTime! contactName: String contactHandle: String
    contactEmail: String company: String value: String currency: String origin: String! createdAt: DateTime!
    mention: Mention!
  }
  type Analysis { sentiment: String relevance: String relevanceScore: Int }
`;

const USER = "id, email, name";
const KEYWORD = 'id, keyword, mentions_count AS "mentionsCount", user_id';
const MENTION = 'id, content, author, platform, url, created_at AS "createdAt", keyword_id';
const LEAD = `id, status, score, status_changed_at AS "statusChangedAt", contact_name AS "contactName",
  contact_handle AS "contactHandle", contact_email AS "contactEmail", company, value, currency, origin,
  created_at AS "createdAt", mention_id`;
const ANALYSIS = 'mention_id, sentiment, relevance, relevance_score AS "relevanceScore"';

async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

// Returns a loader of the row of `table` whose `column` equals the parent's `key`.
function one(table, columns, column, key) {
  const text = `SELECT ${columns} FROM ${table} WHERE ${column} = ANY ($1)`;
  return async (queries) => {
    const found = await rows(`${table} by ${column}`, text, [queries.map(({ obj }) => obj[key])]);
    const byKey = new Map(found.map((row) => [row[column], row]));
    return queries.map(({ obj }) => byKey.get(obj[key]) ?? null);
  };
}

const PAGE = `
  SELECT page.* FROM unnest($1::bigint[]) AS keyword (id) CROSS JOIN LATERAL (
    SELECT ${MENTION} FROM mentions WHERE keyword_id = keyword.id ORDER BY created_at DESC, id DESC LIMIT $2
  ) AS page`;

async function mentionsOfKeywords(queries) {
  const ids = queries.map(({ obj }) => obj.id);
  const pages = new Map(ids.map((id) => [id, []]));
  const largest = Math.max(...queries.map(({ params }) => params.first));
  for (const row of await rows("mentions of keywords", PAGE, [ids, largest])) {
    pages.get(row.keyword_id).push(row);
  }
  return queries.map(({ obj, params }) => ({ nodes: pages.get(obj.id).slice(0, params.first) }));
}

const app = Fastify();
await app.register(mercurius, {
  schema,
  jit: 1,
  context: (request) => ({ userId: request.headers["x-user-id"] }),
  resolvers: {
    DateTime: new GraphQLScalarType({ name: "DateTime", serialize: (moment) => moment.toISOString() }),
    Query: {
      async keywords(_, { first }, { userId }) {
        const text = `SELECT ${KEYWORD} FROM keywords WHERE user_id = $1 ORDER BY id DESC LIMIT $2`;
        return { nodes: await rows("keywords", text, [userId, first]) };
      },
      async leads(_, { first }, { userId }) {
        const text = `SELECT ${LEAD} FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`;
        return { nodes: await rows("leads", text, [userId, first]) };
      },
      async lead(_, { id }, { userId }) {
        const text = `SELECT ${LEAD} FROM leads WHERE id = $1 AND user_id = $2`;
        return (await rows("lead", text, [id, userId]))[0] ?? null;
      },
    },
  },
  loaders: {
    Keyword: { user: one("users", USER, "id", "user_id"), mentions: mentionsOfKeywords },
    Mention: {
      keyword: one("keywords", KEYWORD, "id", "keyword_id"),
      lead: one("leads", LEAD, "mention_id", "id"),
      analysis: one("analysis_results", ANALYSIS, "mention_id", "id"),
    },
    Lead: { mention: one("mentions", MENTION, "id", "mention_id") },
  },
});
await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
