"""The floor of the further lists: one hand-written statement each."""

from datetime import datetime

from bench.further.values import cursor, found_rows, lead, row_id, upper
from bench.page import Answer, global_id
from db.engine.pool import Pool

_FILTERED = "user_id = $1 AND status IN ('new', 'contacted') AND score >= 50 AND created_at >= $2"
FILTERED = f"""
SELECT (SELECT count(*) FROM leads WHERE {_FILTERED}), lead.id, lead.status, lead.score, lead.company, lead.created_at,
    mentions.id, mentions.platform, mentions.title
FROM (
    SELECT id, status, score, company, created_at, mention_id FROM leads WHERE {_FILTERED}
    ORDER BY created_at DESC, id DESC LIMIT 51
) AS lead
JOIN mentions ON mentions.id = lead.mention_id
ORDER BY lead.created_at DESC, lead.id DESC
"""  # noqa: S608 - the condition stands above
_FOUND = "user_id = $1 AND search @@ '''recommend'' & ''tool'''::tsquery"
SEARCH = f"""
SELECT (SELECT count(*) FROM mentions WHERE {_FOUND}), mention.*, keywords.id, keywords.keyword
FROM (
    SELECT id, title, content, author, created_at, keyword_id FROM mentions WHERE {_FOUND}
    ORDER BY created_at DESC, id DESC LIMIT 20
) AS mention
JOIN keywords ON keywords.id = mention.keyword_id
ORDER BY mention.created_at DESC, mention.id DESC
"""  # noqa: S608 - the condition stands above
BACKWARD = """
SELECT EXISTS (SELECT FROM mentions WHERE user_id = $1 AND (created_at, id) <= ($2, $3)), page.*,
    keywords.id, keywords.keyword
FROM (
    SELECT id, title, platform, created_at, keyword_id FROM mentions
    WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 51
) AS page
JOIN keywords ON keywords.id = page.keyword_id
ORDER BY page.created_at DESC, page.id DESC
"""
LEVELS = """
SELECT users.id, users.email, users.keywords_count, keyword.id, keyword.keyword, keyword.mentions_count,
    keyword.leads_count, mention.found, lead.found
FROM users
CROSS JOIN LATERAL (
    SELECT id, keyword, mentions_count, leads_count FROM keywords WHERE user_id = users.id ORDER BY id DESC LIMIT 10
) AS keyword
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(id, title, created_at) ORDER BY created_at DESC, id DESC) AS found
    FROM (
        SELECT id, title, created_at FROM mentions WHERE keyword_id = keyword.id
        ORDER BY created_at DESC, id DESC LIMIT 5
    ) AS _
) AS mention
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(id, status, score) ORDER BY created_at DESC, id DESC) AS found
    FROM (
        SELECT id, status, score, created_at FROM leads WHERE keyword_id = keyword.id
        ORDER BY created_at DESC, id DESC LIMIT 5
    ) AS _
) AS lead
WHERE users.id = $1
"""
ALIASES = """
SELECT id, status, score FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 10
"""
ALIASES_EACH = """
SELECT place, lead.id, status, score
FROM unnest($2::bigint[]) WITH ORDINALITY AS keyword (id, place)
LEFT JOIN LATERAL (
    SELECT id, status, score FROM leads WHERE keyword_id = keyword.id AND user_id = $1
    ORDER BY created_at DESC, id DESC LIMIT 5
) AS lead ON true
"""
ALIASES_BELOW = """
SELECT keywords.id, keywords.keyword, keywords.mentions_count, mention.id, title, mention.created_at
FROM unnest($2::bigint[]) WITH ORDINALITY AS wanted (id, place)
JOIN keywords ON keywords.id = wanted.id AND keywords.user_id = $1
CROSS JOIN LATERAL (
    SELECT id, title, created_at FROM mentions WHERE keyword_id = keywords.id
    ORDER BY created_at DESC, id DESC LIMIT 5
) AS mention
"""
INTEGRATIONS = """
SELECT id, provider, kind, name, status, last_searched_at, consecutive_failures, health_score,
    (SELECT count(*) FROM integration_logs WHERE integration_id = integrations.id),
    (
        SELECT json_agg(json_build_array(id, kind, status, created_at, items_created, message)
            ORDER BY created_at DESC, id DESC)
        FROM (
            SELECT * FROM integration_logs WHERE integration_id = integrations.id
            ORDER BY created_at DESC, id DESC LIMIT 5
        ) AS _
    )
FROM integrations WHERE user_id = $1 ORDER BY id DESC LIMIT 20
"""
INBOX = """
SELECT mention.*, leads.id, leads.status, keywords.id, keywords.keyword
FROM (
    SELECT id, title, content, author, platform, mentions.created_at, keyword_id, sentiment, relevance_score
    FROM mentions JOIN analysis_results AS found ON found.mention_id = mentions.id
    WHERE mentions.user_id = $1 AND read_at IS NULL AND dismissed_at IS NULL AND relevance = 'high'
        AND platform IN ('reddit', 'hackernews')
    ORDER BY mentions.created_at DESC, id DESC LIMIT 51
) AS mention
JOIN keywords ON keywords.id = mention.keyword_id
LEFT JOIN leads ON leads.mention_id = mention.id
ORDER BY mention.created_at DESC, mention.id DESC
"""


async def filtered(pool: Pool, user_id: int, variables: Answer) -> Answer:
    rows = await pool.fetch(FILTERED, user_id, datetime.fromisoformat(variables["since"]))
    nodes = [
        {
            "id": global_id("Lead", id_),
            "status": status.upper(),
            "score": score,
            "company": company,
            "createdAt": created_at,
            "mention": {"id": global_id("Mention", mention), "platform": platform.upper(), "title": title},
        }
        for _, id_, status, score, company, created_at, mention, platform, title in rows[:50]
    ]
    page = {"hasNextPage": len(rows) > len(nodes), "endCursor": cursor(rows[:50][-1][1:]) if rows else None}
    return {"leads": {"totalCount": rows[0][0] if rows else 0, "pageInfo": page, "nodes": nodes}}


async def search(pool: Pool, user_id: int, _: Answer) -> Answer:
    rows = await pool.fetch(SEARCH, user_id)
    nodes = [
        {
            "id": global_id("Mention", id_),
            "title": title,
            "content": content,
            "author": author,
            "createdAt": created_at,
            "keyword": {"id": global_id("Keyword", keyword_id), "keyword": keyword},
        }
        for _, id_, title, content, author, created_at, _, keyword_id, keyword in rows
    ]
    return {"mentions": {"totalCount": rows[0][0] if rows else 0, "nodes": nodes}}


async def backward(pool: Pool, user_id: int, variables: Answer) -> Answer:
    created_at, id_ = variables["position"]
    found = await pool.fetch(BACKWARD, user_id, datetime.fromisoformat(created_at), id_)
    rows = found[-50:]
    nodes = [
        {
            "id": global_id("Mention", id_),
            "title": title,
            "platform": platform.upper(),
            "createdAt": created_at,
            "keyword": {"id": global_id("Keyword", keyword_id), "keyword": keyword},
        }
        for _, id_, title, platform, created_at, _, keyword_id, keyword in rows
    ]
    page = {
        "hasNextPage": rows[0][0],
        "hasPreviousPage": len(found) > len(rows),
        "startCursor": cursor(rows[0][1:]),
        "endCursor": cursor(rows[-1][1:]),
    }
    return {"mentions": {"nodes": nodes, "pageInfo": page}}


async def levels(pool: Pool, user_id: int, _: Answer) -> Answer:
    keywords = []
    rows = await pool.fetch(LEVELS, user_id)
    for *_user, keyword_id, keyword, mentions_count, leads_count, mentions, leads in rows:
        of_mentions = [
            {"id": global_id("Mention", id_), "title": title, "createdAt": created_at}
            for id_, title, created_at in found_rows(mentions)
        ]
        of_leads = [
            {"id": global_id("Lead", id_), "status": status.upper(), "score": score}
            for id_, status, score in found_rows(leads)
        ]
        keywords.append(
            {
                "id": global_id("Keyword", keyword_id),
                "keyword": keyword,
                "mentions": {"totalCount": mentions_count, "nodes": of_mentions},
                "leads": {"totalCount": leads_count, "nodes": of_leads},
            }
        )
    _, email, count = rows[0][:3]
    user = {
        "id": global_id("User", user_id),
        "email": email,
        "keywords": {"totalCount": count, "nodes": keywords},
    }
    return {"users": {"nodes": [user]}}


async def aliases(pool: Pool, user_id: int, _: Answer) -> Answer:
    nodes = {"nodes": [lead(*row) for row in await pool.fetch(ALIASES, user_id)]}
    return {f"a{place}": nodes for place in range(20)}


def _numbered(variables: Answer) -> list[int]:
    return [row_id(variables[f"k{place}"]) for place in range(20)]


async def aliases_each(pool: Pool, user_id: int, variables: Answer) -> Answer:
    found: list[list[Answer]] = [[] for _ in range(20)]
    for place, id_, status, score in await pool.fetch(ALIASES_EACH, user_id, _numbered(variables)):
        if id_ is not None:
            found[place - 1].append(lead(id_, status, score))
    return {f"a{place}": {"nodes": nodes} for place, nodes in enumerate(found)}


async def aliases_below(pool: Pool, user_id: int, variables: Answer) -> Answer:
    known: dict[int, Answer] = {}
    ids = _numbered(variables)
    for keyword_id, keyword, count, id_, title, created_at in await pool.fetch(ALIASES_BELOW, user_id, ids):
        if keyword_id not in known:
            of_keyword = {"id": global_id("Keyword", keyword_id), "keyword": keyword}
            known[keyword_id] = {**of_keyword, "mentions": {"totalCount": count, "nodes": []}}
        mention = {"id": global_id("Mention", id_), "title": title, "createdAt": created_at}
        known[keyword_id]["mentions"]["nodes"].append(mention)
    return {f"a{place}": known.get(id_) for place, id_ in enumerate(ids)}


async def integrations(pool: Pool, user_id: int, _: Answer) -> Answer:
    nodes = []
    for id_, provider, kind, name, status, synced_at, failures, health, count, logs in await pool.fetch(
        INTEGRATIONS, user_id
    ):
        of_logs = [
            {
                "id": global_id("IntegrationLog", log),
                "kind": log_kind.upper(),
                "status": result.upper(),
                "createdAt": created_at,
                "itemsCreated": created,
                "message": message,
            }
            for log, log_kind, result, created_at, created, message in found_rows(logs)
        ]
        nodes.append(
            {
                "id": global_id("Integration", id_),
                "provider": provider.upper(),
                "kind": kind.upper(),
                "name": name,
                "status": status.upper(),
                "lastSyncedAt": synced_at,
                "consecutiveFailures": failures,
                "healthScore": health,
                "logs": {"totalCount": count, "nodes": of_logs},
            }
        )
    return {"integrations": {"totalCount": len(nodes), "nodes": nodes}}


async def inbox(pool: Pool, user_id: int, _: Answer) -> Answer:
    rows = await pool.fetch(INBOX, user_id)
    nodes = []
    for row in rows[:50]:
        id_, title, content, author, platform, created_at, _, sentiment, score, *others = row
        lead, status, keyword_id, keyword = others
        nodes.append(
            {
                "id": global_id("Mention", id_),
                "title": title,
                "content": content,
                "author": author,
                "platform": platform.upper(),
                "createdAt": created_at,
                "analysis": {"sentiment": upper(sentiment), "relevanceScore": score},
                "lead": {"id": global_id("Lead", lead), "status": status.upper()} if lead else None,
                "keyword": {"id": global_id("Keyword", keyword_id), "keyword": keyword},
            }
        )
    page = {
        "hasNextPage": len(rows) > len(nodes),
        "hasPreviousPage": False,
        "startCursor": cursor(rows[0]) if nodes else None,
        "endCursor": cursor(rows[len(nodes) - 1]) if nodes else None,
    }
    return {"mentions": {"pageInfo": page, "nodes": nodes}}


OPERATIONS = {
    "filtered": filtered,
    "search": search,
    "backward": backward,
    "levels": levels,
    "aliases": aliases,
    "aliases_each": aliases_each,
    "aliases_below": aliases_below,
    "integrations": integrations,
    "inbox": inbox,
}
