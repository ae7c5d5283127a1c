/** A page of mentions. Each client appends the next page to the list. */
export const MENTIONS = `
  query Mentions($first: Int!, $after: String, $filter: MentionFilter) {
    mentions(first: $first, after: $after, filter: $filter) {
      edges {
        node {
          id
          starredAt
          analysis {
            sentiment
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

/** Another part of the same mention and of the analysis inside the mention. */
export const MENTION = `
  query Mention($id: ID!) {
    mention(id: $id) {
      id
      starredAt
      analysis {
        intent
      }
    }
  }
`;

export const STAR = `
  mutation Star($id: ID!, $starred: Boolean!) {
    triageMention(input: { id: $id, starred: $starred }) {
      mention {
        id
        starredAt
      }
      userErrors {
        message
      }
    }
  }
`;

/** A window of the dashboard. Each window is an entry of its own in the cache. */
export const DASHBOARD = `
  query Dashboard($range: Range!) {
    dashboard(range: $range) {
      range
      conversionMetrics {
        newLeads {
          value
        }
      }
    }
  }
`;

/** Another part of the same window. */
export const RATE = `
  query Rate($range: Range!) {
    dashboard(range: $range) {
      conversionMetrics {
        totalLeads
      }
    }
  }
`;
