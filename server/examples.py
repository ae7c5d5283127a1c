"""The example questions in GraphiQL's tabs."""

from server.graphiql import Tab

EXAMPLES = (
    Tab(
        "Who am I, and what is mine?",
        """query Viewer {
  viewer {
    email
    keywordsCount
    mentionsCount
    leadsCount
    newLeadsCount
    contactedLeadsCount
    qualifiedLeadsCount
    convertedLeadsCount
    disqualifiedLeadsCount
  }
}
""",
    ),
    Tab(
        "Page through keywords: put endCursor into $after for the next page",
        """query PageOfKeywords($size: Int!, $after: String) {
  keywords(first: $size, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      cursor
      node {
        id
        keyword
        status
        mentionsCount
      }
    }
  }
}
""",
        {"size": 5, "after": None},
    ),
    Tab(
        "What was said lately about each of my keywords?",
        """query NewestMentions {
  keywords(first: 10) {
    nodes {
      keyword
      mentionsCount
      leadsCount
      mentions(first: 3) {
        nodes {
          createdAt
          platform
          author
          content
          analysis {
            sentiment
            intent
            relevance
          }
          lead {
            status
            score
          }
        }
      }
    }
  }
}
""",
    ),
    Tab(
        "Which mentions became leads, and how far did they get?",
        """query Leads {
  keywords(first: 5) {
    nodes {
      keyword
      leadsCount
      convertedLeadsCount
      mentions(first: 10) {
        nodes {
          url
          lead {
            ...Progress
          }
        }
      }
    }
  }
}

fragment Progress on Lead {
  status
  contactName
  company
  value
  currency
  createdAt
  qualifiedAt
  convertedAt
}
""",
    ),
    Tab(
        "Do my integrations work?",
        """query Integrations {
  integrations {
    nodes {
      provider
      kind
      status
      healthScore
      lastSyncedAt
      consecutiveFailures
      logs(first: 3) {
        nodes {
          createdAt
          kind
          status
          itemsFound
          itemsCreated
          durationMs
          message
        }
      }
    }
  }
}
""",
    ),
)
