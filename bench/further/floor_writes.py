"""The floor of the further writes: the same transactions and user locks in as few statements as possible."""

from datetime import datetime
from typing import Any

from bench.further.values import row_id
from bench.page import Answer, global_id
from db.engine.pool import Pool
from text.lexemes import vector

# As all writers do: the lock, the next version of the user's figures, and the moment of the transaction.
LOCK = """
UPDATE users SET data_version = data_version + 1,
    last_write_at = greatest(clock_timestamp(), last_write_at + interval '1 microsecond')
WHERE id = $1 AND status = 'active' RETURNING last_write_at
"""
LOCK_FOR_INGEST = """
UPDATE users SET last_write_at = greatest(clock_timestamp(), last_write_at + interval '1 microsecond')
WHERE id = $1 AND status = 'active' RETURNING last_write_at
"""
# The transition CONTACTED ↔ QUALIFIED is always allowed.
CHANGE = """
WITH old AS (SELECT id, status, keyword_id FROM leads WHERE id = $2 AND user_id = $1),
changed AS (
    UPDATE leads SET status = $3, disqualify_reason = NULL, status_changed_at = $4, updated_at = $4,
        version = leads.version + 1, contacted_at = coalesce(contacted_at, $4),
        qualified_at = CASE WHEN $3 = 'qualified' THEN coalesce(qualified_at, $4) ELSE qualified_at END
    FROM old WHERE leads.id = old.id AND old.status <> $3
), noted AS (
    INSERT INTO lead_events (lead_id, actor_user_id, type, from_status, to_status, data, created_at)
    SELECT id, $1, 'status_changed', status, $3, '{}', $4 FROM old WHERE status <> $3
)
SELECT keyword_id FROM old
"""
NEWEST = """
SELECT keywords.id, keywords.leads_count, lead.id, lead.score, lead.created_at, lead.company
FROM keywords CROSS JOIN LATERAL (
    SELECT id, score, created_at, company FROM leads WHERE keyword_id = keywords.id
    ORDER BY created_at DESC, id DESC LIMIT 20
) AS lead
WHERE keywords.id = $1 AND keywords.user_id = $2
"""
# Returns the mentions as they are before, without the marks.
TRIAGE = """
WITH changed AS (
    UPDATE mentions SET starred_at = CASE WHEN $3 THEN $4::timestamptz END, updated_at = $4
    WHERE id = ANY ($2::bigint[]) AND user_id = $1 AND (starred_at IS NULL) = $3
)
SELECT id, title, platform FROM mentions WHERE id = ANY ($2::bigint[]) AND user_id = $1
"""
PAUSE = """
UPDATE keywords SET status = $3, updated_at = $4 WHERE id = $2 AND user_id = $1 AND status <> 'archived'
RETURNING id, keyword, status
"""
KEYWORDS = """
SELECT id FROM keywords WHERE user_id = $1 AND id = ANY ($2::bigint[]) AND status = 'active'
ORDER BY id FOR NO KEY UPDATE
"""
# COPY is the fastest way for rows, with the triggers of the counters. It needs the duplicates beforehand.
KNOWN = """
SELECT mentions.external_id
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS post (keyword_id, platform, external_id)
JOIN mentions USING (keyword_id, platform, external_id)
WHERE mentions.user_id = $1
"""
COLUMNS = (
    *(
        "user_id",
        "created_at",
        "updated_at",
        "keyword_id",
        "platform",
        "kind",
        "external_id",
        "url",
        "title",
        "content",
    ),
    *("author", "published_at", "search"),
)
NO_ERRORS: list[Answer] = []


async def status(pool: Pool, user_id: int, variables: Answer) -> Answer:
    request = variables["input"]
    lead_id, new = row_id(request["id"]), request["status"]
    async with pool.acquire() as connection:
        async with connection.transaction():
            moment = await connection.fetchval(LOCK, user_id)
            keyword_id = await connection.fetchval(CHANGE, user_id, lead_id, new.lower(), moment)
        rows = await connection.fetch(NEWEST, keyword_id, user_id)
    nodes = [
        {"id": global_id("Lead", id_), "score": score, "createdAt": created_at, "company": company}
        for _, _, id_, score, created_at, company in rows
    ]
    keyword = {"id": global_id("Keyword", keyword_id), "leadsCount": rows[0][1], "leads": {"nodes": nodes}}
    lead = {"id": request["id"], "status": new, "keyword": keyword}
    return {"changeLeadStatus": {"userErrors": NO_ERRORS, "lead": lead}}


async def triage(pool: Pool, user_id: int, variables: Answer) -> Answer:
    request = variables["input"]
    async with pool.acquire() as connection, connection.transaction():
        moment = await connection.fetchval(LOCK, user_id)
        ids = list(map(row_id, request["ids"]))
        rows = await connection.fetch(TRIAGE, user_id, ids, request["starred"], moment)
    found = {
        id_: {"id": global_id("Mention", id_), "title": title, "platform": platform.upper()}
        for id_, title, platform in rows
    }
    mentions = [found[id_] for id_ in ids]
    return {"triageMentions": {"userErrors": NO_ERRORS, "mentions": mentions}}


async def pause(pool: Pool, user_id: int, variables: Answer) -> Answer:
    answer = {}
    keyword_id = row_id(variables["input"]["id"])
    for field, new in (("pauseKeyword", "paused"), ("resumeKeyword", "active")):
        async with pool.acquire() as connection, connection.transaction():
            moment = await connection.fetchval(LOCK, user_id)
            row = await connection.fetchrow(PAUSE, user_id, keyword_id, new, moment)
        id_, keyword, current = row or (0, "", "")
        of_keyword = {"id": global_id("Keyword", id_), "keyword": keyword, "status": current.upper()}
        answer[field] = {"userErrors": NO_ERRORS, "keyword": of_keyword}
    return answer


async def ingest(pool: Pool, user_id: int, variables: Answer) -> Answer:
    items: list[dict[str, Any]] = variables["input"]["items"]
    keywords = [row_id(item["keywordId"]) for item in items]
    platforms = [item["platform"].lower() for item in items]
    ids = [item["externalId"] for item in items]
    async with pool.acquire() as connection, connection.transaction():
        moment = await connection.fetchval(LOCK_FOR_INGEST, user_id)
        active = {row[0] for row in await connection.fetch(KEYWORDS, user_id, sorted(set(keywords)))}
        if not active.issuperset(keywords):
            raise PermissionError
        known = {row[0] for row in await connection.fetch(KNOWN, user_id, keywords, platforms, ids)}
        common = (user_id, moment, moment)
        rows = [
            (*common, keyword_id, platform, "post", *_copied(item))
            for keyword_id, platform, item in zip(keywords, platforms, items, strict=True)
            if item["externalId"] not in known
        ]
        await connection.copy_records_to_table("mentions", records=rows, columns=COLUMNS)
    results = [{"outcome": "DUPLICATE" if id_ in known else "CREATED"} for id_ in ids]
    counts = {"createdCount": len(rows), "duplicateCount": len(items) - len(rows), "failedCount": 0}
    return {"ingestMentions": {**counts, "userErrors": NO_ERRORS, "results": results}}


def _copied(item: dict[str, Any]) -> tuple[object, ...]:
    texts = [item[name] for name in ("externalId", "url", "title", "content", "author")]
    return (*texts, datetime.fromisoformat(item["publishedAt"]), vector(item["title"], item["content"]))


OPERATIONS = {"status": status, "triage": triage, "pause": pause, "ingest": ingest}
