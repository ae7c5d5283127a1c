// The schema of the hand-written Node servers. A DataLoader per relation and request batches the objects of a level.

import DataLoader from "dataloader";

import * as database from "./database.js";

export const typeDefs = `
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

class Loaders {
  users = new DataLoader(database.userById);
  keywords = new DataLoader(database.keywordById);
  mentions = new DataLoader(database.mentionById);
  leads = new DataLoader(database.leadByMention);
  analyses = new DataLoader(database.analysisByMention);
  pages = new Map();

  // Returns the loader of pages of this size.
  newestMentions(first) {
    let loader = this.pages.get(first);
    if (!loader) {
      loader = new DataLoader((ids) => database.newestMentions(ids, first));
      this.pages.set(first, loader);
    }
    return loader;
  }
}

// Values of the driver are written as they are. Scalars need no check of their own.
export const compilerOptions = { disableLeafSerialization: true, disablingCapturingStackErrors: true };

export function context(userId) {
  return { userId, loaders: new Loaders() };
}

export const resolvers = {
  Query: {
    keywords: async (_, { first }, { userId }) => ({ nodes: await database.keywords(userId, first) }),
    leads: async (_, { first }, { userId }) => ({ nodes: await database.leads(userId, first) }),
    lead: (_, { id }, { userId }) => database.lead(id, userId),
  },
  Keyword: {
    user: ({ user_id }, _, { loaders }) => loaders.users.load(user_id),
    mentions: ({ id }, { first }, { loaders }) => loaders.newestMentions(first).load(id),
  },
  Mention: {
    keyword: ({ keyword_id }, _, { loaders }) => loaders.keywords.load(keyword_id),
    lead: ({ id }, _, { loaders }) => loaders.leads.load(id),
    analysis: ({ id }, _, { loaders }) => loaders.analyses.load(id),
  },
  Lead: { mention: ({ mention_id }, _, { loaders }) => loaders.mentions.load(mention_id) },
};
