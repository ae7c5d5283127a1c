"""The example questions in GraphiQL's tabs."""

from server.graphiql.page import Tab

WRITES = (
    Tab(
        "Make a lead of a mention: change what you like and run it again",
        """mutation MakeLead($mention: ID!) {
  triageMention(input: {id: $mention, starred: true, engaged: true}) {
    mention {
      content
      starredAt
      readAt
    }
    userErrors {
      code
      message
      path
    }
  }
  createLead(input: {mentionId: $mention, tags: ["from GraphiQL"]}) {
    created
    lead {
      id
      status
      version
      user {
        leadsCount
        newLeadsCount
      }
      events(first: 3) {
        nodes {
          type
          fromStatus
          toStatus
          createdAt
        }
      }
    }
    userErrors {
      code
      message
      path
    }
  }
}
""",
        {"mention": "TWVudGlvbjox"},
    ),
)

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
        "How is it going? A dashboard of the last thirty days",
        """query Dashboard($range: Range!) {
  dashboard(range: $range) {
    window {
      start
      end
      partial
    }
    conversionMetrics {
      totalLeads
      newLeadsToday
      newLeads {
        value
        previous
        changePercent
      }
      conversionRate {
        value
      }
      topPerformingKeyword {
        keyword {
          keyword
        }
      }
    }
    analytics {
      conversions {
        funnel {
          stage
          count {
            value
            previous
          }
          ofPrevious
        }
      }
      overTime(by: DAY) {
        points {
          start
          partial
          mentions
          leads
          converted
        }
      }
    }
    keywordPerformance {
      keyword {
        keyword
      }
      leads {
        value
        changePercent
      }
      performanceScore
      efficiencyScore
    }
    integrationStatus {
      integration {
        provider
        status
      }
      score
      lastRuns {
        createdAt
        status
      }
    }
    recentLeads(first: 5) {
      createdAt
      status
      score
      mention {
        title
        url
      }
      keyword {
        keyword
      }
    }
  }
}
""",
        {"range": "LAST_30_DAYS"},
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
        "Which mentions promise a lead and have none yet?",
        """query PromisingMentions($filter: MentionFilter!) {
  mentions(filter: $filter, first: 10) {
    totalCount
    nodes {
      id
      createdAt
      platform
      url
      content
      keyword {
        keyword
      }
      analysis {
        intent
        relevanceScore
        relevanceReason
      }
    }
  }
}
""",
        {
            "filter": {
                "hasLead": False,
                "intent": {"in": ["BUYING", "RECOMMENDATION_REQUEST", "COMPARISON"]},
                "relevanceScore": {"gte": 60},
                "not": {"platform": {"eq": "BLOG"}},
            }
        },
    ),
    Tab(
        "Search: which mentions fit these words best?",
        """query Search($words: String!) {
  mentions(filter: {search: $words}, orderBy: BEST_MATCH, first: 10) {
    totalCount
    nodes {
      title
      content
      createdAt
      lead {
        status
      }
    }
    stats {
      bySentiment {
        sentiment
        count
      }
    }
  }
}
""",
        {"words": 'recommend -crm or "should we buy" -crm'},
    ),
    Tab(
        "How many mentions and leads came each week, by the clocks of a zone?",
        """query Weeks($zone: String!) {
  mentions {
    stats {
      overTime(by: WEEK, timeZone: $zone) {
        start
        count
        partial
      }
    }
  }
  leads {
    stats {
      overTime(by: WEEK, timeZone: $zone) {
        start
        count
        partial
      }
    }
  }
}
""",
        {"zone": "America/New_York"},
    ),
    Tab(
        "How far did my leads get, and which moved last?",
        """query Funnel {
  viewer {
    conversionRate(basis: CONVERTED_PER_MENTION) {
      value
      numerator
      denominator
    }
  }
  leads(orderBy: LATEST_CHANGE, first: 5) {
    totalCount
    stats {
      byStatus {
        status
        count
      }
      conversionRate {
        value
      }
      value {
        currency
        total
      }
    }
    nodes {
      ...Progress
    }
  }
}

fragment Progress on Lead {
  status
  statusChangedAt
  contactName
  company
  value
  currency
  mention {
    url
  }
}
""",
    ),
    Tab(
        "Which keywords bring the most leads?",
        """query TopKeywords {
  keywords(orderBy: MOST_LEADS, first: 10, filter: {status: {eq: ACTIVE}}) {
    nodes {
      keyword
      mentionsCount
      leadsCount
      convertedLeadsCount
      conversionRate {
        value
      }
      mentions {
        stats {
          byPlatform {
            platform
            count
          }
        }
      }
    }
  }
}
""",
    ),
    Tab(
        "What is behind an id?",
        """query Thing($id: ID!) {
  node(id: $id) {
    __typename
    id
    ... on Keyword {
      keyword
      leads(first: 3) {
        nodes {
          id
          status
        }
      }
    }
    ... on Lead {
      status
      mention {
        id
        content
      }
    }
    ... on Mention {
      content
      lead {
        id
        status
      }
    }
  }
}
""",
        {"id": "S2V5d29yZDox"},
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
      lastErrorCode
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
      failures: logs(filter: {status: {in: [FAILED, PARTIAL]}}, first: 0) {
        totalCount
      }
    }
  }
}
""",
    ),
)
