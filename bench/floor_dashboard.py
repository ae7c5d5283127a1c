"""The floor's dashboard: one statement over counters and roll-ups, without a cache."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bench.page import RANKING, STATUSES, WIDGET, Answer, Counts, Frame, Keyword, User, page, recent_lead
from bench.page import integration as integration_of
from db.pool import Pool

DAY = timedelta(days=1)
DAYS_SHOWN = 30

# $1 user; windows [$2, $3) and [$3, $4); $5 the bounds of the days; $6 … $9 the whole days of UTC in the windows;
# $10 the first day of uptime.
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
        row_number() OVER (ORDER BY part DESC, leads DESC, id DESC) AS by_rate
    FROM scored
), best AS (
    SELECT ranked.*, sums.* FROM ranked CROSS JOIN LATERAL (
        SELECT sum(mentions) FILTER (WHERE slot < $3), sum(leads) FILTER (WHERE slot < $3),
            sum(qualified) FILTER (WHERE slot < $3), sum(converted) FILTER (WHERE slot < $3),
            sum(mentions) FILTER (WHERE slot >= $3), sum(leads) FILTER (WHERE slot >= $3),
            sum(qualified) FILTER (WHERE slot >= $3), sum(converted) FILTER (WHERE slot >= $3)
        FROM (
            SELECT slot, mentions, leads, qualified, converted FROM day_stats
            WHERE keyword_id = ranked.id AND slot >= $6 AND slot < $9 AND (slot < $7 OR slot >= $8)
            UNION ALL
            SELECT slot, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $2 AND slot < $6
            UNION ALL
            SELECT slot, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $7 AND slot < $8
            UNION ALL
            SELECT slot, mentions, leads, qualified, converted FROM slot_stats
            WHERE keyword_id = ranked.id AND slot >= $9 AND slot < $4
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
        SELECT json_agg(json_build_array(day, m, l, q, c)) FROM (
            SELECT width_bucket(slot, $5::timestamptz[]) AS day, sum(mentions) AS m, sum(leads) AS l,
                sum(qualified) AS q, sum(converted) AS c
            FROM user_slot_stats WHERE user_id = $1 AND slot >= $3 AND slot < $4 GROUP BY 1
        ) AS days
    ),
    (
        SELECT json_build_array(sum(mentions), sum(leads), sum(qualified), sum(converted)) FROM (
            SELECT mentions, leads, qualified, converted FROM user_day_stats
            WHERE user_id = $1 AND slot >= $6 AND slot < $7
            UNION ALL
            SELECT mentions, leads, qualified, converted FROM user_slot_stats
            WHERE user_id = $1 AND slot >= $2 AND slot < $6
            UNION ALL
            SELECT mentions, leads, qualified, converted FROM user_slot_stats
            WHERE user_id = $1 AND slot >= $7 AND slot < $3
        ) AS parts
    )
FROM users WHERE id = $1
"""


async def dashboard(pool: Pool, user_id: int, _: Answer) -> Answer:
    frame = Frame.now()
    before, start, end = frame.period
    bounds = [day.start for day in frame.days]
    first = _midnight(datetime.now(UTC)) - (DAYS_SHOWN - 1) * DAY
    edges = [_ceiling(before), _midnight(start), _ceiling(start), _midnight(end)]
    row = await pool.fetchrow(STATEMENT, user_id, before, start, end, bounds, *edges, first)
    assert row is not None  # noqa: S101 - the user is there
    mentions, leads, *by_status, recent, keywords, integrations, days, previous = row
    user = _user(mentions, leads, by_status, orjson.loads(days or "[]"), orjson.loads(previous), len(bounds))
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


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    midnight = _midnight(moment)
    return midnight if midnight == moment else midnight + DAY


def _counts(sums: Sequence[int | None]) -> Counts:
    return Counts(*(number or 0 for number in sums))


def _user(
    mentions: int, leads: int, by_status: list[int], days: list[list[int]], previous: list[Any], number: int
) -> User:
    found = {place: Counts(*sums) for place, *sums in days}
    every = [found.get(place, Counts()) for place in range(1, number + 1)]
    current = Counts(*map(sum, zip(*every, strict=True)))
    statuses = dict(zip(STATUSES, by_status, strict=True))
    return User(mentions, leads, statuses, _counts(previous), current, every[-1].leads, every)


def _keyword(row: Sequence[Any]) -> Keyword:
    id_, keyword, mentions, leads, not_better, among, *sums = row
    return Keyword(id_, keyword, mentions, leads, (not_better, among), _counts(sums[:4]), _counts(sums[4:]))


def _integration(row: Sequence[Any], days: Sequence[datetime]) -> Answer:
    *of_row, logs, counted = row
    found = {place: (runs, succeeded) for place, runs, succeeded in counted or []}
    uptime = [(day, *found.get(place, (0, 0))) for place, day in enumerate(days)]
    return integration_of(of_row, logs or [], uptime)
