"""The floor of further figures: one hand-written statement each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson

from bench.floor_dashboard import midnight_behind
from bench.further.values import found_rows, upper
from bench.page import Answer, Frame, global_id, trend
from db.engine.pool import Pool
from services.figures.windows import TimeUnit, default_range, windows

ZONE = ZoneInfo("Europe/Berlin")
STATUSES = ("new", "contacted", "qualified", "converted", "disqualified")
STATS = """
WITH lead AS MATERIALIZED (
    SELECT leads.status, leads.value, leads.currency, mentions.platform,
        width_bucket(leads.created_at, $2::timestamptz[]) AS week
    FROM leads JOIN mentions ON mentions.id = leads.mention_id
    WHERE leads.user_id = $1 AND leads.origin = 'auto' AND mentions.user_id = $1
)
SELECT (SELECT count(*) FROM lead),
    (SELECT json_agg(money) FROM (
        SELECT json_build_array(sum(value)::text, currency) AS money FROM lead WHERE currency IS NOT NULL
        GROUP BY currency ORDER BY currency
    ) AS _),
    (SELECT json_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM lead GROUP BY status) AS _),
    (SELECT json_agg(json_build_array(platform, n)) FROM (
        SELECT platform, count(*) AS n FROM lead GROUP BY platform ORDER BY n DESC, platform
    ) AS _),
    (SELECT json_object_agg(week, n) FROM (SELECT week, count(*) AS n FROM lead GROUP BY week) AS _)
"""
INBOX_STATS = """
WITH mention AS MATERIALIZED (
    SELECT likes, platform, sentiment, width_bucket(mentions.created_at, $2::timestamptz[]) AS week
    FROM mentions
    LEFT JOIN analysis_results AS found ON found.mention_id = mentions.id AND found.user_id = $1
    WHERE mentions.user_id = $1
)
SELECT (SELECT mentions_count FROM users WHERE id = $1),
    (SELECT sum(likes) FROM mention),
    (SELECT json_agg(json_build_array(platform, n)) FROM (
        SELECT platform, count(*) AS n FROM mention GROUP BY platform ORDER BY n DESC, platform
    ) AS _),
    (SELECT json_agg(json_build_array(sentiment, n)) FROM (
        SELECT sentiment, count(*) AS n FROM mention GROUP BY sentiment ORDER BY n DESC, sentiment
    ) AS _),
    (SELECT json_object_agg(week, n) FROM (SELECT week, count(*) AS n FROM mention GROUP BY week) AS _)
"""
# As in `bench.floor_dashboard`: whole days of UTC, and the quarters of an hour beside them.
PERFORMANCE = """
SELECT keyword.id, keyword.keyword, sums.*
FROM (SELECT id, keyword FROM keywords WHERE user_id = $1 ORDER BY id DESC LIMIT 20) AS keyword
CROSS JOIN LATERAL (
    SELECT sum(mentions * before), sum(mentions * now), sum(leads * before), sum(leads * now),
        sum(qualified * before), sum(qualified * now), sum(converted * before), sum(converted * now)
    FROM (
        SELECT CASE WHEN slot < $6 THEN 1 ELSE 0 END AS before, CASE WHEN slot < $6 THEN 0 ELSE 1 END AS now,
            mentions, leads, qualified, converted
        FROM day_stats WHERE keyword_id = keyword.id AND slot >= $5 AND slot < $7
        UNION ALL
        SELECT 1, 0, mentions, leads, qualified, converted FROM slot_stats
        WHERE keyword_id = keyword.id AND slot >= $2 AND slot < $5
        UNION ALL
        SELECT -1, 1, mentions, leads, qualified, converted FROM slot_stats
        WHERE keyword_id = keyword.id AND slot >= $3 AND slot < $6
        UNION ALL
        SELECT 0, -1, mentions, leads, qualified, converted FROM slot_stats
        WHERE keyword_id = keyword.id AND slot >= $4 AND slot < $7
    ) AS parts
) AS sums
"""
WEEKS = """
SELECT leads_count, new_leads_count, contacted_leads_count, qualified_leads_count, converted_leads_count,
    disqualified_leads_count,
    (
        SELECT json_object_agg(week, counts) FROM (
            SELECT width_bucket(slot, $2::timestamptz[]) AS week,
                json_build_array(sum(mentions), sum(leads), sum(qualified), sum(converted)) AS counts
            FROM user_slot_stats WHERE user_id = $1 AND slot >= $3 AND slot < $4 GROUP BY week
        ) AS _
    )
FROM users WHERE id = $1
"""


def _weeks() -> tuple[list[datetime], list[Answer]]:
    """Return the edges of the last twelve weeks, and each week without its number."""
    now = datetime.now(UTC)
    start, end = default_range(TimeUnit.WEEK, ZONE, 1, now)
    weeks = list(windows(TimeUnit.WEEK, start, end, ZONE, 1, now))
    return [*(week.start for week in weeks), end], [{"start": week.start, "end": week.end} for week in weeks]


def _counted(weeks: Sequence[Answer], document: str | None) -> list[Answer]:
    found: Mapping[str, int] = orjson.loads(document or "{}")
    return [{**week, "count": found.get(str(place), 0)} for place, week in enumerate(weeks, 1)]


def _groups(name: str, document: str | None) -> list[Answer]:
    return [{name: upper(value), "count": count} for value, count in found_rows(document)]


async def stats(pool: Pool, user_id: int, _: Answer) -> Answer:
    edges, weeks = _weeks()
    row = await pool.fetchrow(STATS, user_id, edges)
    assert row is not None  # noqa: S101 - an aggregate has a row
    count, money, by_status, by_platform, by_week = row
    statuses = orjson.loads(by_status or "{}")
    return {
        "leadStats": {
            "count": count,
            "value": [{"amount": amount, "currency": currency} for amount, currency in found_rows(money)],
            "byStatus": [{"status": name.upper(), "count": statuses.get(name, 0)} for name in STATUSES],
            "byPlatform": _groups("platform", by_platform),
            "overTime": _counted(weeks, by_week),
        }
    }


async def inbox_stats(pool: Pool, user_id: int, _: Answer) -> Answer:
    edges, weeks = _weeks()
    row = await pool.fetchrow(INBOX_STATS, user_id, edges)
    assert row is not None  # noqa: S101 - an aggregate has a row
    count, likes, by_platform, by_sentiment, by_week = row
    return {
        "mentionStats": {
            "count": count,
            "likes": likes,
            "byPlatform": _groups("platform", by_platform),
            "bySentiment": _groups("sentiment", by_sentiment),
            "overTime": _counted(weeks, by_week),
        }
    }


MEASURES = ("mentions", "leads", "qualified", "converted")


async def performance(pool: Pool, user_id: int, _: Answer) -> Answer:
    nodes = []
    period = Frame.now().period
    bounds = (period.previous_start, period.start, period.end)
    for id_, keyword, *sums in await pool.fetch(PERFORMANCE, user_id, *bounds, *map(midnight_behind, bounds)):
        counts = [count or 0 for count in sums]
        trends = {
            measure: trend(now, before)
            for measure, before, now in zip(MEASURES, counts[::2], counts[1::2], strict=True)
        }
        nodes.append({"id": global_id("Keyword", id_), "keyword": keyword, "performance": trends})
    return {"keywords": {"nodes": nodes}}


async def weeks(pool: Pool, user_id: int, _: Answer) -> Answer:
    frame = Frame.now()
    start, end = frame.period.start, frame.period.end
    found = list(windows(TimeUnit.WEEK, start, end, ZONE, 1, datetime.now(UTC)))
    row = await pool.fetchrow(WEEKS, user_id, [week.start for week in found], start, end)
    assert row is not None  # noqa: S101 - the user is there
    total, *by_status, document = row
    counted: Mapping[str, list[int]] = orjson.loads(document or "{}")
    points = [
        {"start": week.start, "end": week.end, **_measures(counted.get(str(place), (0, 0, 0, 0)))}
        for place, week in enumerate(found, 1)
    ]
    statuses = zip(STATUSES, by_status, strict=True)
    leads = {
        "total": total,
        "byStatus": [{"status": name.upper(), "count": count} for name, count in statuses],
    }
    return {"analytics": {"overTime": {"points": points}, "leads": leads}}


def _measures(counts: Iterable[int]) -> Answer:
    return dict(zip(MEASURES, counts, strict=True))


OPERATIONS = {"stats": stats, "inbox_stats": inbox_stats, "performance": performance, "weeks": weeks}
