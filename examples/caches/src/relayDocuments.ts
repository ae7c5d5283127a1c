/** The documents from which relay-compiler makes the modules in `__generated__`. */
import { graphql } from "relay-runtime";

graphql`
  query relayDocumentsMentionsQuery($first: Int!, $after: String, $filter: MentionFilter) {
    mentions(first: $first, after: $after, filter: $filter)
      @connection(key: "Inbox_mentions", filters: ["filter"]) {
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

graphql`
  query relayDocumentsMentionQuery($id: ID!) {
    node(id: $id) {
      ... on Mention {
        starredAt
        analysis {
          intent
        }
      }
    }
  }
`;

graphql`
  mutation relayDocumentsStarMutation($id: ID!, $starred: Boolean!) {
    triageMention(input: { id: $id, starred: $starred }) {
      mention {
        starredAt
      }
      userErrors {
        message
      }
    }
  }
`;

graphql`
  query relayDocumentsDashboardQuery($range: Range!) {
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
