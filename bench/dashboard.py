"""The measured dashboard query: all fields, in a time zone whose days differ from those of UTC."""

from bench.operations import READS, Operation

ZONE = "Europe/Berlin"
DOCUMENT = f"""
query dashboard($maxAge: Int) {{
  dashboard(range: LAST_30_DAYS, timeZone: "{ZONE}", maxAge: $maxAge) {{
    range
    timeZone
    window {{ ...W }}
    previousWindow {{ ...W }}
    recentLeads {{
      id status score createdAt contactName
      mention {{ id platform title content url }}
      keyword {{ id keyword }}
    }}
    keywordPerformance {{ ...K }}
    integrationStatus {{ ...I }}
    conversionMetrics {{
      totalLeads
      newLeads {{ ...T }}
      newLeadsToday
      conversionRate {{ ...R }}
      topPerformingKeyword {{ keyword {{ id keyword leadsCount }} leads {{ ...T }} }}
    }}
    analytics {{
      leads {{ total created {{ ...T }} createdToday byStatus {{ status count }} }}
      conversions {{
        mentions {{ ...T }}
        leads {{ ...T }}
        qualified {{ ...T }}
        converted {{ ...T }}
        conversionRate {{ current {{ ...R }} previous {{ ...R }} change }}
        funnel {{ stage count {{ ...T }} ofPrevious ofFirst }}
      }}
      keywords {{ ...K }}
      integrations {{ ...I }}
      overTime {{ points {{ start end partial mentions leads qualified converted }} }}
    }}
  }}
}}
fragment W on Window {{ start end partial }}
fragment T on Trend {{ value previous change changePercent }}
fragment R on Rate {{ value numerator denominator basis }}
fragment K on KeywordPerformance {{
  keyword {{ id keyword mentionsCount leadsCount }}
  mentions {{ ...T }}
  leads {{ ...T }}
  qualified {{ ...T }}
  converted {{ ...T }}
  conversionRate {{ current {{ ...R }} previous {{ ...R }} change }}
  performanceScore
  efficiencyScore
}}
fragment I on IntegrationHealth {{
  integration {{ id provider status lastSyncedAt }}
  score
  problems
  lastRuns {{ id kind status createdAt itemsCreated message }}
  uptime {{ day runs succeeded percent }}
}}
"""
DASHBOARD = Operation(
    name="dashboard",
    title="a whole dashboard, 30 days of a user with 60 keywords, 12,000 mentions and 8 integrations",
    documents={"ours": DOCUMENT},
    weight=4,
    rows={"recentLeads": 10, "points": 30, "keywords": 20, "integrations": 8},
)
OPERATIONS = (*READS, DASHBOARD)
