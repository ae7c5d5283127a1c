// Prints promising mentions without a lead, the earliest first.

import { type Api, ApiError, ask } from "./api.ts";
import { type FragmentType, graphql, unmasked } from "./gql/index.ts";
import type { MentionFilter, PageOfMentionsQuery } from "./gql/graphql.ts";

const MentionLine = graphql(`
  fragment MentionLine on Mention {
    createdAt
    platform
    author
    url
    keyword {
      keyword
    }
    analysis {
      intent
      relevanceScore
    }
  }
`);

const PageOfMentions = graphql(`
  query PageOfMentions($filter: MentionFilter!, $size: Int!, $after: String) {
    mentions(filter: $filter, orderBy: OLDEST, first: $size, after: $after) {
      totalCount
      nodes {
        id
        ...MentionLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const PROMISING: MentionFilter = {
  hasLead: false,
  relevance: { eq: "HIGH" },
  or: [{ intent: { in: ["BUYING", "RECOMMENDATION_REQUEST"] } }, { sentiment: { eq: "NEGATIVE" } }],
};

/** Yields all pages, one after the other. */
async function* pages(api: Api, filter: MentionFilter, size: number) {
  let after: string | null = null;
  do {
    const { mentions }: PageOfMentionsQuery = await ask(api, PageOfMentions, { filter, size, after });
    if (!mentions) throw new Error("The list failed."); // `ask` has thrown its error
    yield mentions;
    after = mentions.pageInfo.hasNextPage ? mentions.pageInfo.endCursor : null;
  } while (after !== null);
}

function line(mention: FragmentType<typeof MentionLine>): string {
  const { createdAt, platform, author, url, keyword, analysis } = unmasked(MentionLine, mention);
  return [createdAt, platform, author, keyword.keyword, analysis?.intent ?? "", url].join("\t");
}

async function main(): Promise<void> {
  const { LEADGRAPH_URL: url, LEADGRAPH_API_KEY: key } = process.env;
  if (!url || !key) {
    console.error("Set LEADGRAPH_URL and LEADGRAPH_API_KEY.");
    process.exitCode = 1;
    return;
  }
  let number = 0;
  for await (const { nodes } of pages({ url, key }, PROMISING, 25)) {
    number += 1;
    console.error(`page ${number}: ${nodes.length}`);
    for (const mention of nodes) console.log(line(mention));
  }
}

main().catch((problem: unknown) => {
  console.error(problem instanceof ApiError ? `${problem.code}: ${problem.message}` : problem);
  process.exitCode = 1;
});
