"""The floor of further reads of objects: one hand-written statement each."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import orjson

from bench.further.values import found_rows, row_id, upper
from bench.page import Answer, global_id
from db.engine.pool import Pool

NEXT = {
    "new": ["CONTACTED", "QUALIFIED", "CONVERTED", "DISQUALIFIED"],
    "contacted": ["QUALIFIED", "CONVERTED", "DISQUALIFIED"],
    "qualified": ["CONTACTED", "CONVERTED", "DISQUALIFIED"],
    "converted": ["QUALIFIED", "DISQUALIFIED"],
    "disqualified": ["NEW", "CONTACTED", "QUALIFIED"],
}
NODES = """
SELECT
    (SELECT json_agg(json_build_array(id, keyword, mentions_count))
        FROM keywords WHERE user_id = $1 AND id = ANY ($2::bigint[])),
    (SELECT json_agg(json_build_array(id, title, platform, created_at))
        FROM mentions WHERE user_id = $1 AND id = ANY ($3::bigint[])),
    (SELECT json_agg(json_build_array(id, status, score, created_at))
        FROM leads WHERE user_id = $1 AND id = ANY ($4::bigint[])),
    (SELECT json_agg(json_build_array(id, provider, name, last_searched_at))
        FROM integrations WHERE user_id = $1 AND id = ANY ($5::bigint[]))
"""
FOREIGN = "SELECT id, status, score, created_at FROM leads WHERE user_id = $1 AND id = ANY ($2::bigint[])"
FRAGMENTS = """
SELECT leads.id, leads.status, leads.score, mentions.id, mentions.title, mentions.platform,
    keywords.id, keywords.keyword, keywords.mentions_count, users.id, users.email, users.name
FROM leads
JOIN mentions ON mentions.id = leads.mention_id
JOIN keywords ON keywords.id = mentions.keyword_id
JOIN users ON users.id = keywords.user_id
WHERE leads.id = $2 AND leads.user_id = $1
"""
DETAIL = """
SELECT lead.id, lead.status, lead.score, lead.version, lead.contact_name, lead.company, lead.notes, lead.tags,
    lead.created_at, users.id, users.name, users.email, assignee.id, assignee.name, keywords.id, keywords.keyword,
    keywords.mentions_count, keywords.leads_count, mentions.id, mentions.platform, mentions.title, mentions.url,
    mentions.author, mentions.created_at, found.mention_id, found.sentiment, found.intent, found.relevance,
    found.relevance_score, found.topics, found.summary, integrations.id, integrations.provider, integrations.name,
    (
        SELECT json_agg(json_build_array(other.id, other.status) ORDER BY other.created_at DESC, other.id DESC)
        FROM leads AS other
        WHERE other.user_id = $1 AND other.id <> lead.id AND lower(other.contact_email) = lower(lead.contact_email)
    ),
    (SELECT count(*) FROM lead_events WHERE lead_id = lead.id),
    (
        SELECT json_agg(json_build_array(id, type, from_status, to_status, created_at) ORDER BY created_at DESC, id DESC)
        FROM (SELECT * FROM lead_events WHERE lead_id = lead.id ORDER BY created_at DESC, id DESC LIMIT 10) AS _
    )
FROM leads AS lead
JOIN users ON users.id = lead.user_id
JOIN mentions ON mentions.id = lead.mention_id
JOIN keywords ON keywords.id = lead.keyword_id
LEFT JOIN users AS assignee ON assignee.id = lead.assignee_user_id
LEFT JOIN analysis_results AS found ON found.mention_id = mentions.id
LEFT JOIN integrations ON integrations.id = mentions.integration_id
WHERE lead.id = $2 AND lead.user_id = $1
"""
VIEWER = """
SELECT id, email, name, time_zone, keywords_count, mentions_count, leads_count, new_leads_count, contacted_leads_count,
    qualified_leads_count, converted_leads_count, disqualified_leads_count
FROM users WHERE id = $1
"""


async def nodes(pool: Pool, user_id: int, variables: Answer) -> Answer:
    of_type: dict[str, list[int]] = {"Keyword": [], "Mention": [], "Lead": [], "Integration": []}
    for text in variables["ids"]:
        typename, _, number = b64decode(text).decode().rpartition(":")
        of_type[typename].append(int(number))
    row = await pool.fetchrow(NODES, user_id, *of_type.values())
    assert row is not None  # noqa: S101 - a statement without FROM has a row
    known: dict[str, Answer] = {}
    write: dict[str, Callable[..., Answer]] = {
        "Keyword": lambda keyword, count: {"keyword": keyword, "mentionsCount": count},
        "Mention": lambda title, platform, at: {
            "title": title,
            "platform": platform.upper(),
            "createdAt": at,
        },
        "Lead": lambda status, score, at: {"status": status.upper(), "score": score, "createdAt": at},
        "Integration": lambda provider, name, at: {
            "provider": provider.upper(),
            "name": name,
            "lastSyncedAt": at,
        },
    }
    for (typename, writes), document in zip(write.items(), row, strict=True):
        for id_, *values in found_rows(document):
            text = global_id(typename, id_)
            known[text] = {"__typename": typename, "id": text, **writes(*values)}
    return {"nodes": [known.get(text) for text in variables["ids"]]}


async def foreign(pool: Pool, user_id: int, variables: Answer) -> Answer:
    known = {}
    for id_, status, score, created_at in await pool.fetch(
        FOREIGN, user_id, list(map(row_id, variables["ids"]))
    ):
        text = global_id("Lead", id_)
        known[text] = {"id": text, "status": status.upper(), "score": score, "createdAt": created_at}
    return {"nodes": [known.get(text) for text in variables["ids"]]}


async def fragments(pool: Pool, user_id: int, variables: Answer) -> Answer:
    row = await pool.fetchrow(FRAGMENTS, user_id, row_id(variables["id"]))
    if row is None:
        return {"node": None}
    id_, status, score, mention_id, title, platform, keyword_id, keyword, count, user, email, name = row
    of_user = {"__typename": "User", "id": global_id("User", user), "email": email, "name": name}
    of_keyword = {"__typename": "Keyword", "id": global_id("Keyword", keyword_id), "keyword": keyword}
    of_mention = {"__typename": "Mention", "id": global_id("Mention", mention_id), "title": title}
    return {
        "node": {
            "id": global_id("Lead", id_),
            "status": status.upper(),
            "score": score,
            "mention": {
                **of_mention,
                "platform": platform.upper(),
                "keyword": {**of_keyword, "mentionsCount": count, "user": of_user},
            },
        }
    }


async def detail(pool: Pool, user_id: int, variables: Answer) -> Answer:
    found_row = await pool.fetchrow(DETAIL, user_id, row_id(variables["id"]))
    if found_row is None:
        return {"lead": None}
    id_, status, score, version, contact, company, notes, tags, created_at, *row = found_row
    user, user_name, email, assignee, assignee_name, keyword_id, keyword, mentions, leads, *row = row
    mention, platform, title, url, author, mentioned_at, found, sentiment, intent, relevance, *row = row
    relevance_score, topics, summary, integration, provider, integration_name, same, count, events = row
    analysis = {
        "sentiment": upper(sentiment),
        "intent": upper(intent),
        "relevance": upper(relevance),
        "relevanceScore": relevance_score,
        "topics": topics,
        "summary": summary,
    }
    of_integration = {
        "id": global_id("Integration", integration or 0),
        "provider": upper(provider),
        "name": integration_name,
    }
    of_events = [
        {
            "id": global_id("LeadEvent", event),
            "type": type_.upper(),
            "fromStatus": upper(before),
            "toStatus": upper(after),
            "createdAt": at,
        }
        for event, type_, before, after, at in found_rows(events)
    ]
    return {
        "lead": {
            "id": global_id("Lead", id_),
            "status": status.upper(),
            "nextStatuses": NEXT[status],
            "score": score,
            "version": version,
            "contactName": contact,
            "company": company,
            "notes": notes,
            "tags": tags,
            "createdAt": created_at,
            "user": {"id": global_id("User", user), "name": user_name, "email": email},
            "assignee": {"id": global_id("User", assignee), "name": assignee_name} if assignee else None,
            "keyword": {
                "id": global_id("Keyword", keyword_id),
                "keyword": keyword,
                "mentionsCount": mentions,
                "leadsCount": leads,
            },
            "mention": {
                "id": global_id("Mention", mention),
                "platform": platform.upper(),
                "title": title,
                "url": url,
                "author": author,
                "createdAt": mentioned_at,
                "analysis": analysis if found else None,
                "integration": of_integration if integration else None,
            },
            "sameContact": [
                {"id": global_id("Lead", other), "status": is_.upper()} for other, is_ in found_rows(same)
            ],
            "events": {"totalCount": count, "nodes": of_events},
        }
    }


COUNTERS = (
    *("keywordsCount", "mentionsCount", "leadsCount", "newLeadsCount", "contactedLeadsCount"),
    *("qualifiedLeadsCount", "convertedLeadsCount", "disqualifiedLeadsCount"),
)


async def viewer(pool: Pool, user_id: int, _: Answer) -> Answer:
    row = await pool.fetchrow(VIEWER, user_id)
    assert row is not None  # noqa: S101 - the user is there
    id_, email, name, zone, *counted = row
    counts = dict(zip(COUNTERS, counted, strict=True))
    converted, leads = counts["convertedLeadsCount"], counts["leadsCount"]
    rate = {
        "value": round(100 * converted / leads, 2) if leads else 0.0,
        "numerator": converted,
        "denominator": leads,
    }
    user = {
        "id": global_id("User", id_),
        "email": email,
        "name": name,
        "timeZone": zone,
        **counts,
        "rate": rate,
    }
    return {"viewer": user}


_INTROSPECTED: list[orjson.Fragment] = []


async def introspection(_: Pool, __: int, ___: Answer) -> Any:
    """Return the kept result. The schema is imported for it alone."""
    if not _INTROSPECTED:
        from graphql import get_introspection_query, graphql_sync  # noqa: PLC0415

        from schema.graph import build  # noqa: PLC0415

        found = graphql_sync(build().schema, get_introspection_query()).data
        _INTROSPECTED.append(orjson.Fragment(orjson.dumps(found)))
    return _INTROSPECTED[0]


OPERATIONS = {
    "nodes": nodes,
    "foreign": foreign,
    "fragments": fragments,
    "detail": detail,
    "viewer": viewer,
    "introspection": introspection,
}
