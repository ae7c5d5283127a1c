"""The dashboard of the floor: one statement over counters and roll-ups, without a cache."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

from bench.page import RANKING, STATUSES, WIDGET, Answer, Counts, Frame, Keyword, User, page, recent_lead
from bench.page import integration as integration_of
from db.engine.pool import Pool

DAY = timedelta(days=1)
DAYS_SHOWN = 30

# $1 user; $2, $3 and $4 the bounds of the windows; $5, $6 and $7 the midnights of UTC after them; $8 the starts of
# the zone's days; $9 the midnights of UTC after them; $10 the first day of uptime.
STATEMENT = """
WITH scored AS (
    SELECT id, keyword, mentions_count AS mentions, leads_count AS leads, part,
        CASE WHEN leads_count = 0 THEN 0 ELSE round((
            (part + 3.8416 / (2 * mentions_count) - 1.96 * sqrt(
                (part * (1 - part) + 3.8416 / (4 * mentions_count)) / mentions_count
            )) / (1 + 3.8416 / mentions_count)
        )::numeric, 12) END AS efficiency
    FROM keywords CROSS JOIN LATERAL (SELECT leads_count::float / mentions_count::float AS part) AS of_mentions
    WHERE user_id = $1 AND mentions_count > 0
), ranked AS (
    SELECT id, keyword, mentions, leads,
        count(*) OVER (ORDER BY efficiency RANGE UNBOUNDED PRECEDING) AS not_better, count(*) OVER () AS among,
        row_number() OVER (ORDER BY leads DESC, id DESC) AS by_leads,
        row_number() OVER (
            ORDER BY (20000 * leads::bigint + mentions) / (2 * mentions) DESC, leads DESC, id DESC
        ) AS by_rate
    FROM scored
), best AS (
    SELECT ranked.*, sums.* FROM ranked CROSS JOIN LATERAL (
        SELECT sum(mentions * before), sum(leads * before), sum(qualified * before), sum(converted * before),
            sum(mentions * now), sum(leads * now), sum(qualified * now), sum(converted * now)
        FROM (
            SELECT CASE WHEN slot < $6 THEN 1 ELSE 0 END AS before, CASE WHEN slot < $6 THEN 0 ELSE 1 END AS now,
                mentions, leads, qualified, converted
            FROM day_stats WHERE keyword_id = ranked.id AND slot >= $5 AND slot < $7
            UNION ALL
            SELECT 1, 0, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $2 AND slot < $5
            UNION ALL
            SELECT -1, 1, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $3 AND slot < $6
            UNION ALL
            SELECT 0, -1, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $4 AND slot < $7
        ) AS parts
    ) AS sums (m0, l0, q0, c0, m1, l1, q1, c1)
    WHERE by_leads <= 20 OR by_rate <= 20
)
SELECT mentions_count, leads_count, new_leads_count, contacted_leads_count, qualified_leads_count,
    converted_leads_count, disqualified_leads_count,
    (
        SELECT json_agg(json_build_array(
            leads.id, leads.status, leads.score, leads.created_at, leads.contact_name,
            mentions.id, mentions.platform, mentions.title, mentions.content, mentions.url,
            keywords.id, keywords.keyword
        ) ORDER BY leads.created_at DESC, leads.id DESC)
        FROM (
            SELECT * FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 10
        ) AS leads
        JOIN mentions ON mentions.id = leads.mention_id
        JOIN keywords ON keywords.id = leads.keyword_id
    ),
    (
        SELECT json_agg(json_build_array(
            by_leads, by_rate, id, keyword, mentions, leads, not_better, among, m0, l0, q0, c0, m1, l1, q1, c1
        )) FROM best
    ),
    (
        SELECT json_agg(json_build_array(
            id, provider, status, last_searched_at, health_score, health_problems, logs, days
        ) ORDER BY health_score NULLS LAST, id DESC)
        FROM integrations
        CROSS JOIN LATERAL (
            SELECT json_agg(json_build_array(id, kind, status, created_at, items_created, message)
                ORDER BY created_at DESC, id DESC)
            FROM (
                SELECT * FROM integration_logs WHERE integration_id = integrations.id
                ORDER BY created_at DESC, id DESC LIMIT 3
            ) AS last
        ) AS last (logs)
        CROSS JOIN LATERAL (
            SELECT json_agg(json_build_array((extract(epoch FROM day - $10) / 86400)::int, runs, succeeded))
            FROM integration_days WHERE integration_id = integrations.id AND day >= $10
        ) AS counted (days)
        WHERE user_id = $1
    ),
    (
        SELECT json_agg(json_build_array(
            (extract(epoch FROM slot - $5) / 86400)::int, mentions, leads, qualified, converted
        ))
        FROM user_day_stats WHERE user_id = $1 AND slot >= $5 AND slot < $7
    ),
    (
        SELECT json_agg(json_build_array(place, m, l, q, c)) FROM unnest($8::timestamptz[], $9::timestamptz[])
            WITH ORDINALITY AS edge (moment, midnight, place)
        CROSS JOIN LATERAL (
            SELECT sum(mentions), sum(leads), sum(qualified), sum(converted) FROM user_slot_stats
            WHERE user_id = $1 AND slot >= moment AND slot < midnight
        ) AS sums (m, l, q, c)
        WHERE m IS NOT NULL
    )
FROM users WHERE id = $1
"""


async def dashboard(pool: Pool, user_id: int, _: Answer) -> Answer:
    frame = Frame.now()
    bounds = (frame.period.previous_start, frame.period.start, frame.period.end)
    before, start, end = bounds
    edges = [before, *(day.start for day in frame.days), end]
    midnights = [midnight_behind(edge) for edge in edges]
    first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - (DAYS_SHOWN - 1) * DAY
    windows = (before, start, end, *map(midnight_behind, bounds))
    row = await pool.fetchrow(STATEMENT, user_id, *windows, edges, midnights, first)
    assert row is not None  # noqa: S101 - the user is there
    mentions, leads, *by_status, recent, keywords, integrations, days, quarters = row
    counted = _of_days(midnights, orjson.loads(days or "[]"), orjson.loads(quarters or "[]"))
    user = _user(mentions, leads, by_status, counted)
    best = [(each[0], each[1], _keyword(each[2:])) for each in orjson.loads(keywords or "[]")]
    uptime = [first + number * DAY for number in range(DAYS_SHOWN)]
    return page(
        frame,
        user,
        [recent_lead(each[:5], each[5:10], each[10:]) for each in orjson.loads(recent or "[]")],
        [keyword for place, _, keyword in sorted(best, key=lambda each: each[0]) if place <= WIDGET],
        [keyword for _, place, keyword in sorted(best, key=lambda each: each[1]) if place <= RANKING],
        [_integration(each, uptime) for each in orjson.loads(integrations or "[]")],
    )


def midnight_behind(moment: datetime) -> datetime:
    """Return the next midnight of UTC. Midnights of the zone are shortly before it."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + DAY


def _of_days(midnights: Sequence[datetime], days: list[list[int]], quarters: list[list[int]]) -> list[Counts]:
    """Return counts of the previous window and of each day.

    A day of the zone is a day of UTC plus the buckets before it, minus the buckets before the next day of UTC.
    """
    of_day = {place: sums for place, *sums in days}
    of_edge = {place - 1: sums for place, *sums in quarters}
    none = [0] * len(Counts._fields)
    counted = []
    for place, (first, behind) in enumerate(pairwise(midnights)):
        numbers = range((first - midnights[0]) // DAY, (behind - midnights[0]) // DAY)
        whole = [of_day.get(number, none) for number in numbers]
        less = [-count for count in of_edge.get(place + 1, none)]
        counted.append(Counts(*map(sum, zip(of_edge.get(place, none), less, *whole, strict=True))))
    return counted


def _user(mentions: int, leads: int, by_status: list[int], counted: list[Counts]) -> User:
    previous, *days = counted
    current = Counts(*map(sum, zip(*days, strict=True)))
    statuses = dict(zip(STATUSES, by_status, strict=True))
    return User(mentions, leads, statuses, previous, current, days[-1].leads, days)


def _counts(sums: Sequence[int | None]) -> Counts:
    return Counts(*(number or 0 for number in sums))


def _keyword(row: Sequence[Any]) -> Keyword:
    id_, keyword, mentions, leads, not_better, among, *sums = row
    return Keyword(id_, keyword, mentions, leads, (not_better, among), _counts(sums[:4]), _counts(sums[4:]))


def _integration(row: Sequence[Any], days: Sequence[datetime]) -> Answer:
    *of_row, logs, counted = row
    found = {place: (runs, succeeded) for place, runs, succeeded in counted or []}
    uptime = [(day, *found.get(place, (0, 0))) for place, day in enumerate(days)]
    return integration_of(of_row, logs or [], uptime)
