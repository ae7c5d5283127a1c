"""Further reads: filtered lists, search, figures of lists, pages backwards, detail pages, and many aliases."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from graphql import get_introspection_query

from bench.data import Data
from bench.operations import Operation
from bench.page import global_id
from db.language.keyset import NEWEST_FIRST
from db.models import Mention
from resolvers.framework.paging import Listing

ZONE = "Europe/Berlin"
OF_EACH_TYPE = 10
ALIASES = 20
Variables = dict[str, Any]


def _ids(data: Data, typename: str, most: int, among: str = "") -> list[str]:
    return [global_id(typename, id_) for id_ in data.ids[among or typename][:most]]


def _leads(data: Data) -> Iterator[Variables]:
    return ({"id": global_id("Lead", id_)} for id_ in data.lead_ids)


def _backward(data: Data) -> list[Variables]:
    """Return the cursor of a mention in the middle of the list. The floor reads its position."""
    assert data.middle is not None  # noqa: S101 - the user has mentions
    id_, created_at = data.middle
    row: Any = Mention(id=id_, created_at=created_at)
    position = [created_at.astimezone(UTC).isoformat(), id_]
    return [{"before": Listing(Mention, NEWEST_FIRST).cursor(row), "position": position}]


def _of_four_types(data: Data) -> list[Variables]:
    typenames = ("Keyword", "Mention", "Lead", "Integration")
    of_each = [_ids(data, typename, OF_EACH_TYPE) for typename in typenames]
    shortest = min(map(len, of_each))
    return [
        {"ids": [id_ for some in zip(*(each[:shortest] for each in of_each), strict=True) for id_ in some]}
    ]


def _half_foreign(data: Data) -> list[Variables]:
    own, foreign = _ids(data, "Lead", 2 * OF_EACH_TYPE), _ids(data, "Lead", 2 * OF_EACH_TYPE, "foreign")
    return [{"ids": [id_ for pair in zip(own, foreign, strict=False) for id_ in pair]}]


def _keywords(data: Data) -> list[Variables]:
    return [{f"k{place}": id_ for place, id_ in enumerate(_ids(data, "Keyword", ALIASES))}]


def _since(_: Data) -> list[Variables]:
    """Return the start of the list of the last 60 days."""
    days = 60 * 86_400
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    return [{"since": datetime.fromtimestamp(today - days, UTC).isoformat()}]


def _aliased(field: str) -> str:
    """Return twenty aliases of a field. `@` in the field is the number of the alias."""
    return " ".join(f"a{n}: {field.replace('@', str(n))}" for n in range(ALIASES))


def _operation(name: str, title: str, document: str, weight: int = 4, **more: Any) -> Operation:
    return Operation(name=name, title=title, documents={"ours": document}, weight=weight, rows={}, **more)


_VARIABLES_OF_KEYWORDS = ", ".join(f"$k{n}: ID!" for n in range(ALIASES))

READS: Sequence[Operation] = (
    _operation(
        "filtered",
        "50 leads by two conditions and a date, with `totalCount`",
        """
query filtered($since: DateTime!) {
  leads(first: 50, filter: {status: {in: [NEW, CONTACTED]}, score: {gte: 50}, createdAt: {gte: $since}}) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id status score company createdAt mention { id platform title } }
  }
}""",
        variables=_since,
    ),
    _operation(
        "search",
        "20 mentions by two words, with `totalCount`",
        """
query search {
  mentions(first: 20, filter: {search: "recommend tool"}) {
    totalCount nodes { id title content author createdAt keyword { id keyword } }
  }
}""",
    ),
    _operation(
        "stats",
        "figures of the leads of a filter, by week, status and platform",
        f"""
query stats {{
  leadStats(filter: {{origin: {{eq: AUTO}}}}) {{
    count value {{ amount currency }} byStatus {{ status count }} byPlatform {{ platform count }}
    overTime(by: WEEK, timeZone: "{ZONE}") {{ start end count }}
  }}
}}""",
    ),
    _operation(
        "inbox_stats",
        "figures of all mentions by week, platform and sentiment",
        f"""
query inbox_stats {{
  mentionStats {{
    count likes byPlatform {{ platform count }} bySentiment {{ sentiment count }}
    overTime(by: WEEK, timeZone: "{ZONE}") {{ start end count }}
  }}
}}""",
        weight=1,
    ),
    _operation(
        "backward",
        "50 mentions before a cursor, with `pageInfo`",
        """
query backward($before: String!) {
  mentions(last: 50, before: $before) {
    nodes { id title platform createdAt keyword { id keyword } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}""",
        variables=_backward,
    ),
    _operation(
        "levels",
        "three levels of connections: users, keywords, mentions and leads",
        """
query levels {
  users(first: 5) { nodes { id email
    keywords(first: 10) { totalCount nodes { id keyword
      mentions(first: 5) { totalCount nodes { id title createdAt } }
      leads(first: 5) { totalCount nodes { id status score } }
    } }
  } }
}""",
    ),
    _operation(
        "nodes",
        "40 objects of four types by their IDs",
        """
query nodes($ids: [ID!]!) {
  nodes(ids: $ids) { __typename id
    ... on Keyword { keyword mentionsCount }
    ... on Mention { title platform createdAt }
    ... on Lead { status score createdAt }
    ... on Integration { provider name lastSyncedAt }
  }
}""",
        variables=_of_four_types,
    ),
    _operation(
        "foreign",
        "40 leads by their IDs, of which half belong to others",
        "query foreign($ids: [ID!]!) { nodes(ids: $ids) { id ... on Lead { status score createdAt } } }",
        variables=_half_foreign,
    ),
    _operation(
        "fragments",
        "one object through fragments on the interface `Node`, four levels deep",
        """
query fragments($id: ID!) { node(id: $id) { ...OnNode } }
fragment OnNode on Node { id ...OnLead ...OnMention }
fragment OnLead on Lead { status score mention { ...Named ...OnMention } }
fragment OnMention on Mention { title platform keyword { ...Named ...OnKeyword } }
fragment OnKeyword on Keyword { keyword mentionsCount user { ...Named ...OnUser } }
fragment OnUser on User { email name }
fragment Named on Node { __typename id }""",
        variables=_leads,
        weight=20,
    ),
    _operation(
        "aliases",
        "20 aliases of one connection",
        f"query aliases {{ {_aliased('leads(first: 10) { nodes { id status score } }')} }}",
    ),
    _operation(
        "aliases_each",
        "20 aliases of a connection, each with another filter",
        f"""
query aliases_each({_VARIABLES_OF_KEYWORDS}) {{
  {_aliased("leads(first: 5, filter: {keywordId: {eq: $k@}}) { nodes { id status score } }")}
}}""",
        variables=_keywords,
    ),
    _operation(
        "aliases_below",
        "20 aliases of keywords with a connection each",
        f"""
query aliases_below({_VARIABLES_OF_KEYWORDS}) {{
  {_aliased("keyword(id: $k@) { id keyword mentions(first: 5) { totalCount nodes { id title createdAt } } }")}
}}""",
        variables=_keywords,
    ),
    _operation(
        "detail",
        "a lead's page: mention, analysis, keyword, assignee, leads of the same contact, history",
        """
query detail($id: ID!) {
  lead(id: $id) { id status nextStatuses score version contactName company notes tags createdAt
    user { id name email } assignee { id name } keyword { id keyword mentionsCount leadsCount }
    mention { id platform title url author createdAt
      analysis { sentiment intent relevance relevanceScore topics summary } integration { id provider name }
    }
    sameContact { id status }
    events(first: 10) { totalCount nodes { id type fromStatus toStatus createdAt } }
  }
}""",
        variables=_leads,
        weight=20,
    ),
    _operation(
        "integrations",
        "all integrations with 5 logs each",
        """
query integrations {
  integrations(first: 20) { totalCount nodes { id provider kind name status lastSyncedAt consecutiveFailures healthScore
    logs(first: 5) { totalCount nodes { id kind status createdAt itemsCreated message } }
  } }
}""",
    ),
    _operation(
        "inbox",
        "50 mentions by four conditions, with `pageInfo`",
        """
query inbox {
  mentions(first: 50, filter: {
    read: false, dismissed: false, relevance: {eq: HIGH}, platform: {in: [REDDIT, HACKERNEWS]}
  }) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { id title content author platform createdAt
      analysis { sentiment relevanceScore } lead { id status } keyword { id keyword }
    }
  }
}""",
    ),
    _operation(
        "viewer",
        "the viewer with counters and a rate",
        """
query viewer {
  viewer { id email name timeZone keywordsCount mentionsCount leadsCount newLeadsCount contactedLeadsCount
    qualifiedLeadsCount convertedLeadsCount disqualifiedLeadsCount
    rate(basis: CONVERTED_PER_LEAD) { value numerator denominator }
  }
}""",
        weight=20,
    ),
    _operation(
        "performance",
        "20 keywords with the trends of 30 days",
        f"""
query performance {{
  keywords(first: 20) {{ nodes {{ id keyword
    performance(range: LAST_30_DAYS, timeZone: "{ZONE}") {{
      mentions {{ ...T }} leads {{ ...T }} qualified {{ ...T }} converted {{ ...T }}
    }}
  }} }}
}}
fragment T on Trend {{ value previous change changePercent }}""",
    ),
    _operation(
        "weeks",
        "figures over 30 days by week, and leads by status",
        f"""
query weeks {{
  analytics(range: LAST_30_DAYS, timeZone: "{ZONE}") {{
    overTime(by: WEEK) {{ points {{ start end mentions leads qualified converted }} }}
    leads {{ total byStatus {{ status count }} }}
  }}
}}""",
        weight=20,
    ),
    _operation(
        "introspection",
        "the schema by introspection",
        get_introspection_query().replace("query IntrospectionQuery", "query introspection"),
        weight=1,
    ),
)
