"""Every figure of a dashboard, computed a second time in plain Python from the rows.

The rows are random, in unusual time zones and at the edges of windows. The second computation shares no code with
the product. It finds the days of a zone by the local date of each quarter of an hour.
"""

import calendar
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.engine.writer import in_transaction
from db.models import LeadStatus
from resolvers.framework.global_id import encode
from services.integrations.health import count_days, first_day
from tests.support.world import Asker, World

Row = Mapping[str, Any]
GOLDEN = Path(__file__).parents[1] / "golden"
DOCUMENT = (GOLDEN / "dashboard.graphql").read_text()
QUARTER, MOMENT = timedelta(minutes=15), timedelta(microseconds=1)
MEASURES = {
    "mentions": ("mentions", "created_at"),
    "leads": ("leads", "created_at"),
    "qualified": ("leads", "qualified_at"),
    "converted": ("leads", "converted_at"),
}
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "Pacific/Apia",
    "Australia/Lord_Howe", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Asia/Tehran",
    "Pacific/Kiritimati", "Antarctica/Troll",
]  # fmt: skip


def round_half_up(exact: Fraction, decimals: int = 2) -> float:
    scaled = abs(exact) * 10**decimals
    whole = int(scaled) + (scaled - int(scaled) >= Fraction(1, 2))
    return float((-1 if exact < 0 else 1) * Fraction(whole, 10**decimals))


def percent(part: int, whole: int) -> float:
    return round_half_up(Fraction(100 * part, whole))


class Calendar:
    """The days of a zone around a moment. A day starts at the first quarter of an hour with its date."""

    def __init__(self, zone: str, now: datetime, days: int = 100) -> None:
        self.zone = ZoneInfo(zone)
        first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        self.begins: dict[date, datetime] = {}
        for number in range(2 * days * 96):
            moment = first + number * QUARTER
            self.begins.setdefault(moment.astimezone(self.zone).date(), moment)
        self.today = now.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """Return the start of a day, or of the next day if the zone skipped the day."""
        while day not in self.begins:
            day += timedelta(days=1)
        return self.begins[day]

    def before(self, day: date) -> date:
        day -= timedelta(days=1)
        while day not in self.begins:
            day -= timedelta(days=1)
        return day

    def days(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return start and end of each day of a window. The window cuts its first and last day."""
        edges = sorted(begin for begin in self.begins.values() if start < begin < end)
        return list(itertools.pairwise([start, *edges, end]))


def months_before(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    clock = moment.astimezone(zone)
    year, month = clock.year, clock.month
    for _ in range(months):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    day = min(clock.day, calendar.monthrange(year, month)[1])
    return datetime(year, month, day, clock.hour, clock.minute, tzinfo=zone).astimezone(UTC)


def window(name: str, days: Calendar, now: datetime) -> tuple[datetime, datetime, datetime]:
    """Return the start of the previous window, the start of the window, and the end of the window."""
    today = days.today
    tomorrow, first = today + timedelta(days=1), today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    before_that = (last_month - timedelta(days=1)).replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    yesterday = days.before(today)
    if name == "ROLLING_MONTH":
        end = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + QUARTER
        return months_before(end, 2, days.zone), months_before(end, 1, days.zone), end
    edges = {
        "TODAY": (yesterday, today, tomorrow),
        "YESTERDAY": (days.before(yesterday), yesterday, today),
        "LAST_7_DAYS": (tomorrow - timedelta(days=14), tomorrow - timedelta(days=7), tomorrow),
        "LAST_30_DAYS": (tomorrow - timedelta(days=60), tomorrow - timedelta(days=30), tomorrow),
        "THIS_MONTH": (last_month, first, next_month),
        "PREVIOUS_MONTH": (before_that, last_month, first),
    }[name]
    previous, start, end = map(days.start, edges)
    return previous, start, end


@dataclass(frozen=True)
class Facts:
    """A user's rows, a window and the previous window."""

    rows: Mapping[str, Sequence[Row]]
    days: Calendar
    now: datetime
    previous: datetime
    start: datetime
    end: datetime

    @property
    def cut(self) -> datetime:
        """Return the end of the part of the previous window that is compared with the elapsed part of the window.

        The current quarter of an hour counts as elapsed. All named windows begin with a day, except a rolling month.
        """
        if self.end <= next_quarter(self.now):
            return self.start
        zone, moment = self.days.zone, timedelta(microseconds=1)
        quarters = [timedelta(minutes=15) * number for number in range(30 * 4)]
        reached = next_quarter(self.now)
        first = self.start.astimezone(zone).date()
        if self.days.start(reached.astimezone(zone).date()) == reached:
            day = self.previous.astimezone(zone).date() + (reached.astimezone(zone).date() - first)
            return min(self.days.start(day), self.start)
        # the latest local time that the clocks have shown, which the repetition of an hour does not turn back
        shown = max(
            (reached - passed - moment).astimezone(zone).replace(tzinfo=None, fold=0) + moment
            for passed in quarters[:12]
        )
        day = self.previous.astimezone(zone).date() + (shown.date() - first)
        wanted, begin = datetime.combine(day, shown.time()), self.days.start(day)
        clock = next(
            begin + passed
            for passed in quarters
            if (begin + passed).astimezone(zone).replace(tzinfo=None, fold=0) >= wanted
        )
        return min(clock, self.start)

    def count(
        self, measure: str, start: datetime, end: datetime, which: Callable[[Row], bool] = lambda _: True
    ) -> int:
        table, column = MEASURES[measure]
        moments = [row[column] for row in self.rows[table] if which(row) and row[column] is not None]
        return sum(start <= moment < end for moment in moments)

    def trend(self, measure: str, which: Callable[[Row], bool] = lambda _: True) -> dict[str, Any]:
        value = self.count(measure, self.start, self.end, which)
        previous = self.count(measure, self.previous, self.start, which)
        to_date = self.count(measure, self.previous, self.cut, which)
        return {
            "value": value,
            "previous": previous,
            "previousToDate": to_date,
            "change": value - previous,
            "changePercent": percent(value - previous, previous) if previous else None,
            "changeToDate": value - to_date,
            "changePercentToDate": percent(value - to_date, to_date) if to_date else None,
        }

    def trends(self, which: Callable[[Row], bool] = lambda _: True) -> dict[str, Any]:
        return {measure: self.trend(measure, which) for measure in MEASURES}

    def window(self, start: datetime, end: datetime) -> dict[str, Any]:
        return {
            "start": iso(start),
            "end": iso(end),
            "partial": self.now < end,
            "future": self.now < start,
        }


def next_quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + QUARTER


def iso(moment: datetime) -> str:
    return moment.isoformat()


def rate(over: int, under: int, basis: str) -> dict[str, Any]:
    value = percent(over, under) if under else 0.0
    return {"value": value, "numerator": over, "denominator": under, "basis": basis}


def rate_trend(trends: dict[str, Any], over: str, under: str, basis: str) -> dict[str, Any]:
    current, previous, to_date = (
        rate(trends[over][of], trends[under][of], basis) for of in ("value", "previous", "previousToDate")
    )

    def change(before: dict[str, Any]) -> float:
        return float(round(Decimal(str(current["value"])) - Decimal(str(before["value"])), 2))

    return {
        "current": current,
        "previous": previous,
        "previousToDate": to_date,
        "change": change(previous),
        "changeToDate": change(to_date),
    }


def wilson(leads: int, mentions: int) -> Decimal:
    """Return the lower bound of the Wilson interval to twelve decimals, by a formula that the product does not use."""
    with localcontext(prec=60):
        z, n, p = Decimal("1.96"), Decimal(mentions), Decimal(leads) / Decimal(mentions)
        root = (p * (1 - p) / n + z * z / (4 * n * n)).sqrt()
        bound = (p + z * z / (2 * n) - z * root) / (1 + z * z / n)
        return max(bound, Decimal(0)).quantize(Decimal("1e-12"))


def keyword_figures(facts: Facts, keyword: Row, peers: Sequence[Row]) -> dict[str, Any]:
    trends = facts.trends(lambda row: row["keyword_id"] == keyword["id"])
    mine = wilson(keyword["leads_count"], keyword["mentions_count"])
    bounds = [wilson(peer["leads_count"], peer["mentions_count"]) for peer in peers]
    not_better = sum(bound <= mine for bound in bounds)
    volume = Fraction(3 * keyword["mentions_count"] + 7 * keyword["leads_count"], 10)
    return {
        "keyword": {
            "id": encode("Keyword", keyword["id"]),
            "keyword": keyword["keyword"],
            "mentionsCount": keyword["mentions_count"],
            "leadsCount": keyword["leads_count"],
        },
        **trends,
        "rate": rate_trend(trends, "leads", "mentions", "LEADS_PER_MENTION"),
        "performanceScore": int(round_half_up(volume, 0)),
        "efficiencyScore": int(round_half_up(Fraction(100 * not_better, len(bounds)), 0))
        if keyword["leads_count"]
        else None,
    }


def by_leads(keyword: Row) -> tuple[Any, ...]:
    return -keyword["leads_count"], -keyword["id"]


def by_rate(keyword: Row) -> tuple[Any, ...]:
    return -percent(keyword["leads_count"], keyword["mentions_count"]), *by_leads(keyword)


def keywords(facts: Facts, order: Callable[[Row], tuple[Any, ...]], most: int) -> list[dict[str, Any]]:
    counted = [
        {
            **keyword,
            "mentions_count": sum(row["keyword_id"] == keyword["id"] for row in facts.rows["mentions"]),
            "leads_count": sum(row["keyword_id"] == keyword["id"] for row in facts.rows["leads"]),
        }
        for keyword in map(dict, facts.rows["keywords"])
    ]
    peers = [keyword for keyword in counted if keyword["mentions_count"]]
    return [keyword_figures(facts, one, peers) for one in sorted(peers, key=order)[:most]]


SUCCEEDED = {"succeeded", "partial", "skipped"}
RUNS = SUCCEEDED | {"failed", "rate_limited"}


def uptime(facts: Facts, integration: Row) -> list[dict[str, Any]]:
    logs = [log for log in facts.rows["integration_logs"] if log["integration_id"] == integration["id"]]
    runs = [log for log in logs if log["status"] in RUNS and log["kind"] in {"sync", "push"}]
    shown = []
    for back in range(29, -1, -1):
        day = facts.now.date() - timedelta(days=back)
        of_day = [log for log in runs if (log["finished_at"] or log["created_at"]).date() == day]
        well = sum(log["status"] in SUCCEEDED for log in of_day)
        shown.append(
            {
                "day": iso(datetime(day.year, day.month, day.day, tzinfo=UTC)),
                "runs": len(of_day),
                "succeeded": well,
                "percent": percent(well, len(of_day)) if of_day else None,
            }
        )
    return shown


def integrations(facts: Facts) -> list[dict[str, Any]]:
    def order(row: Row) -> tuple[Any, ...]:
        return row["health_score"] is None, row["health_score"] or 0, -row["id"]

    logs = sorted(
        facts.rows["integration_logs"], key=lambda log: (log["created_at"], log["id"]), reverse=True
    )
    return [
        {
            "integration": {
                "id": encode("Integration", row["id"]),
                "provider": row["provider"].upper(),
                "status": row["status"].upper(),
                "lastSyncedAt": None,
            },
            "score": row["health_score"],
            "problems": [problem.upper() for problem in row["health_problems"]],
            "computedAt": None,
            "lastRuns": [
                {
                    "id": encode("IntegrationLog", log["id"]),
                    "kind": log["kind"].upper(),
                    "status": log["status"].upper(),
                    "createdAt": iso(log["created_at"]),
                    "itemsCreated": log["items_created"],
                    "message": log["message"],
                }
                for log in [log for log in logs if log["integration_id"] == row["id"]][:3]
            ],
            "uptime": uptime(facts, row),
        }
        for row in sorted(facts.rows["integrations"], key=order)
    ]


def recent_leads(facts: Facts) -> list[dict[str, Any]]:
    mentions = {row["id"]: row for row in facts.rows["mentions"]}
    words = {row["id"]: row["keyword"] for row in facts.rows["keywords"]}
    newest = sorted(facts.rows["leads"], key=lambda row: (row["created_at"], row["id"]), reverse=True)
    shown = []
    for lead in newest[:10]:
        mention = mentions[lead["mention_id"]]
        shown.append(
            {
                "id": encode("Lead", lead["id"]),
                "status": lead["status"].upper(),
                "score": lead["score"],
                "createdAt": iso(lead["created_at"]),
                "contactName": lead["contact_name"],
                "mention": {
                    "id": encode("Mention", mention["id"]),
                    "platform": mention["platform"].upper(),
                    "title": mention["title"],
                    "content": mention["content"],
                    "url": mention["url"],
                },
                "keyword": {
                    "id": encode("Keyword", lead["keyword_id"]),
                    "keyword": words[lead["keyword_id"]],
                },
            }
        )
    return shown


def funnel(trends: dict[str, Any]) -> list[dict[str, Any]]:
    values = [trends[measure]["value"] for measure in MEASURES]
    shown: list[dict[str, Any]] = []
    for number, measure in enumerate(MEASURES):
        before = values[number - 1] if number else 0
        first = values[0] if number else 0
        shown.append(
            {
                "stage": measure.upper(),
                "count": trends[measure],
                "ofPrevious": percent(values[number], before) if before else None,
                "ofFirst": percent(values[number], first) if first else None,
            }
        )
    return shown


def dashboard(facts: Facts, name: str, zone: str) -> dict[str, Any]:
    trends = facts.trends()
    tomorrow = facts.days.start(facts.days.today + timedelta(days=1))
    today = facts.count("leads", facts.days.start(facts.days.today), tomorrow)
    statuses = Counter(row["status"] for row in facts.rows["leads"])
    leads, mentions = len(facts.rows["leads"]), len(facts.rows["mentions"])
    top = [one for one in keywords(facts, by_leads, 1) if one["keyword"]["leadsCount"]]
    points = [
        {
            "start": iso(start),
            "end": iso(end),
            "partial": facts.now < end or not contains_whole_day(facts, start, end),
            "future": facts.now < start,
            **{measure: facts.count(measure, start, end) for measure in MEASURES},
        }
        for start, end in facts.days.days(facts.start, facts.end)
    ]
    return {
        "range": name,
        "timeZone": zone,
        "window": facts.window(facts.start, facts.end),
        "previousWindow": facts.window(facts.previous, facts.start),
        "previousWindowToDate": facts.window(facts.previous, facts.cut),
        "recentLeads": recent_leads(facts),
        "keywordPerformance": keywords(facts, by_leads, 5),
        "integrationStatus": integrations(facts),
        "conversionMetrics": {
            "totalLeads": leads,
            "newLeads": trends["leads"],
            "newLeadsToday": today,
            "conversionRate": rate(statuses["converted"], mentions, "CONVERTED_PER_MENTION"),
            "topPerformingKeyword": {
                "keyword": {name: top[0]["keyword"][name] for name in ("id", "keyword", "leadsCount")},
                "leads": top[0]["leads"],
            }
            if top
            else None,
        },
        "analytics": {
            "leads": {
                "total": leads,
                "created": trends["leads"],
                "createdToday": today,
                "byStatus": [{"status": one.upper(), "count": statuses[one]} for one in LeadStatus],
            },
            "conversions": {
                **trends,
                "conversionRate": rate_trend(trends, "converted", "mentions", "CONVERTED_PER_MENTION"),
                "funnel": funnel(trends),
            },
            "keywords": keywords(facts, by_rate, 20),
            "integrations": integrations(facts),
            "overTime": {"points": points},
        },
    }


def contains_whole_day(facts: Facts, start: datetime, end: datetime) -> bool:
    """Return whether the window contains the whole day."""
    begins = set(facts.days.begins.values())
    return start in begins and end in begins


_numbers = itertools.count()


async def add_rows(world: World, moments: Sequence[datetime], chance: random.Random, now: datetime) -> str:
    """Add a member with rows at these moments, change and delete some of the rows, and return the member's name."""
    name = f"member-{next(_numbers)}"
    user_id = await world.add_user(name)
    await world.change("users", user_id, time_zone="Asia/Kathmandu")
    keyword_ids = await world.add(
        "keywords", [{"user_id": user_id, "keyword": f"{name} {n}", "required_terms": []} for n in range(4)]
    )
    mentions = [
        {
            "user_id": user_id,
            "keyword_id": chance.choice(keyword_ids[:3]),
            "platform": "reddit",
            "external_id": str(number),
            "url": "https://example.com/",
            "content": f"post {number}",
            "created_at": chance.choice(moments).isoformat(),
        }
        for number in range(chance.randint(1, 40))
    ]
    mention_ids = await world.add("mentions", mentions)
    chosen = [id_ for id_ in mention_ids if chance.random() < 0.6]
    if chosen:
        await world.add("leads", [random_lead(id_, moments, chance) for id_ in chosen])
    await world.pool.execute("DELETE FROM mentions WHERE user_id = $1 AND id % 7 = 0", user_id)
    await world.pool.execute(
        "UPDATE mentions SET created_at = $2 WHERE user_id = $1 AND id % 5 = 0",
        user_id,
        chance.choice(moments),
    )
    await world.pool.execute(
        "UPDATE leads SET converted_at = qualified_at, qualified_at = $2 WHERE user_id = $1 AND id % 4 = 0",
        user_id,
        chance.choice(moments),
    )
    await add_integrations(world, user_id, chance, now)
    return name


def random_lead(mention_id: int, moments: Sequence[datetime], chance: random.Random) -> dict[str, Any]:
    def perhaps() -> str | None:
        return chance.choice(moments).isoformat() if chance.random() < 0.5 else None

    return {
        "mention_id": mention_id,
        "status": chance.choice(list(LeadStatus)),
        "created_at": chance.choice(moments).isoformat(),
        "status_changed_at": chance.choice(moments).isoformat(),
        "updated_at": chance.choice(moments).isoformat(),
        "qualified_at": perhaps(),
        "converted_at": perhaps(),
        "contact_name": chance.choice(["Ada", None]),
        "score": chance.choice([None, 0, 99]),
        "notes": "",
        "tags": [],
        "origin": "manual",
        "version": 1,
    }


async def add_integrations(world: World, user_id: int, chance: random.Random, now: datetime) -> None:
    ids = await world.add(
        "integrations",
        [
            {
                "user_id": user_id,
                "provider": "rss",
                "kind": "source",
                "external_account_id": str(number),
                "status": chance.choice(["active", "paused", "error", "disconnected"]),
                "settings": {},
                "sync_interval": "15 minutes",
                "health_score": chance.choice([None, 0, 50, 50, 100]),
                "health_problems": chance.choice([[], ["stopped", "failing"]]),
            }
            for number in range(chance.randint(1, 4))
        ],
    )
    logs = [
        {
            "user_id": user_id,
            "integration_id": chance.choice(ids),
            "kind": chance.choice(["sync", "push", "config", "webhook"]),
            "status": chance.choice([*sorted(RUNS), "started"]),
            "created_at": now.isoformat(),
            "finished_at": (now - timedelta(seconds=chance.randint(0, 40 * 86_400))).isoformat(),
            "items_created": chance.randint(0, 9),
            "message": f"run {number}",
        }
        for number in range(40)
    ]
    await world.add("integration_logs", logs)
    await in_transaction(world.pool, lambda writer: count_days(writer, ids, first_day(now)))


TABLES = ("keywords", "mentions", "leads", "integrations", "integration_logs")


async def read_facts(
    world: World, name: str, days: Calendar, now: datetime, edges: Iterable[datetime]
) -> Facts:
    rows = {table: await world.rows(table, name) for table in TABLES}
    return Facts(rows, days, now, *edges)


NAMES = ["TODAY", "YESTERDAY", "LAST_7_DAYS", "LAST_30_DAYS", "THIS_MONTH", "PREVIOUS_MONTH", "ROLLING_MONTH"]
CHANGES = [
    datetime(2011, 12, 30, 9, 59, tzinfo=UTC),  # Samoa is about to skip a day
    datetime(2012, 1, 3, 12, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # clocks go forward in Europe
    datetime(2026, 11, 1, 5, 59, tzinfo=UTC),  # clocks go back in America
    datetime(2018, 11, 4, 2, 30, tzinfo=UTC),  # there was no midnight in São Paulo
    datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
]
nows = st.sampled_from(CHANGES) | st.datetimes(
    datetime(1995, 1, 1),  # noqa: DTZ001
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
varied = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # an example cannot be repeated, because its rows stay in the database
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def candidate_moments(
    edges: Sequence[datetime], days: Calendar, now: datetime, chance: random.Random
) -> list[datetime]:
    """Return moments at the edges of windows and days, just before and after the edges, and at random."""
    span = (edges[-1] - edges[0]) // MOMENT
    midnights = chance.sample(sorted(days.begins.values()), 6)
    edges = [*edges, *midnights, now]
    near = [edge + off for edge in edges for off in (-MOMENT, timedelta(0), MOMENT, -QUARTER, QUARTER)]
    anywhere = [edges[0] + chance.randint(-span // 3, span + span // 3) * MOMENT for _ in range(30)]
    return [*near, *anywhere]


@varied
@given(st.sampled_from(NAMES), st.sampled_from(ZONES), nows, st.integers(0, 2**32))
async def test_every_figure_of_a_dashboard_equals_a_computation_from_the_rows(
    asker: Asker, name: str, zone: str, now: datetime, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - data of a test
    days = Calendar(zone, now)
    edges = window(name, days, now)
    member = await add_rows(asker.world, candidate_moments(edges, days, now, chance), chance, now)
    asker.clock.at = now
    answer = await asker(DOCUMENT, viewer=member, range=name, zone=zone)
    facts = await read_facts(asker.world, member, days, now, edges)
    assert answer.data["dashboard"] == dashboard(facts, name, zone)
    assert len(answer.statements) == 2


SERIES = """query($range: Range!, $zone: String!, $id: ID!) {
    analytics(range: $range, timeZone: $zone) {
        week: overTime(by: WEEK) { points { ...P } } month: overTime(by: MONTH) { points { ...P } }
    }
    keyword(id: $id) { performance(range: $range, timeZone: $zone) {
        day: overTime { points { ...P } } week: overTime(by: WEEK) { points { ...P } }
    } }
}
fragment P on Point { start end mentions leads qualified converted }"""


def grouped(
    facts: Facts, unit_of: Callable[[date], Any], which: Callable[[Row], bool]
) -> list[dict[str, Any]]:
    """Return the points of a time series by unit. A day that the window cuts counts for the unit of its date."""
    units: dict[Any, list[tuple[datetime, datetime]]] = {}
    dates = sorted((begin, day) for day, begin in facts.days.begins.items())
    for start, end in facts.days.days(facts.start, facts.end):
        own = [day for begin, day in dates if begin <= start][-1]
        units.setdefault(unit_of(own), []).append((start, end))
    return [
        {
            "start": iso(days[0][0]),
            "end": iso(days[-1][1]),
            **{measure: facts.count(measure, days[0][0], days[-1][1], which) for measure in MEASURES},
        }
        for days in units.values()
    ]


@settings(varied, max_examples=40)
@given(st.sampled_from(NAMES), st.sampled_from(ZONES), nows, st.integers(0, 2**32), st.integers(1, 7))
async def test_time_series_by_any_unit_equal_a_computation_from_the_rows(
    asker: Asker, name: str, zone: str, now: datetime, seed: int, week_start: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - data of a test
    days = Calendar(zone, now)
    edges = window(name, days, now)
    member = await add_rows(asker.world, candidate_moments(edges, days, now, chance), chance, now)
    user_id = asker.world.users[member]
    await asker.world.change("users", user_id, week_start=week_start)
    facts = await read_facts(asker.world, member, days, now, edges)
    keyword_id = min(row["id"] for row in facts.rows["keywords"])
    asker.clock.at = now
    answer = await asker(SERIES, viewer=member, range=name, zone=zone, id=encode("Keyword", keyword_id))

    def week(day: date) -> date:
        while day.isoweekday() != week_start:
            day -= timedelta(days=1)
        return day

    every, own = (lambda _: True), (lambda row: row["keyword_id"] == keyword_id)
    assert answer.data == {
        "analytics": {
            "week": {"points": grouped(facts, week, every)},
            "month": {"points": grouped(facts, lambda day: (day.year, day.month), every)},
        },
        "keyword": {
            "performance": {
                "day": {"points": grouped(facts, lambda day: day, own)},
                "week": {"points": grouped(facts, week, own)},
            }
        },
    }


CUSTOM = """query($from: DateTime!, $to: DateTime!, $zone: String) {
    analytics(from: $from, to: $to, timeZone: $zone) {
        range window { start end } previousWindow { start end }
        conversions { mentions { value previous } leads { value previous } qualified { value previous } converted { value previous } }
    }
}"""


@settings(varied, max_examples=40)
@given(st.sampled_from(ZONES), nows, st.integers(1, 40 * 96), st.booleans(), st.integers(0, 2**32))
async def test_custom_windows_count_exactly_the_rows_within_them(
    asker: Asker, zone: str, now: datetime, quarters: int, whole_days: bool, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - data of a test
    days = Calendar(zone, now)
    start = now.replace(minute=15, second=0, microsecond=0) - timedelta(days=20)
    end = start + quarters * QUARTER
    previous = start - (end - start)
    if whole_days:
        first, length = days.before(days.today), quarters // 96 + 1
        first -= timedelta(days=length)
        start, end = days.start(first), days.start(first + timedelta(days=length))
        previous = days.start(first - timedelta(days=length))
    if start == end:  # the zone skipped the only day
        return
    edges = (previous, start, end)
    member = await add_rows(asker.world, candidate_moments(edges, days, now, chance), chance, now)
    asker.clock.at = now
    answer = await asker(CUSTOM, viewer=member, zone=zone, **{"from": iso(start), "to": iso(end)})
    facts = await read_facts(asker.world, member, days, now, edges)
    trends = facts.trends()
    assert answer.data["analytics"] == {
        "range": "CUSTOM",
        "window": {"start": iso(start), "end": iso(end)},
        "previousWindow": {"start": iso(previous), "end": iso(start)},
        "conversions": {
            measure: {of: trends[measure][of] for of in ("value", "previous")} for measure in MEASURES
        },
    }


def test_the_expected_wilson_bound_equals_the_published_value() -> None:
    """Published tables give 0.2993 for ten of twenty."""
    assert round(wilson(10, 20), 4) == Decimal("0.2993")
    assert wilson(0, 5) == 0


@pytest.fixture(autouse=True)
def _reset_clock(asker: Asker) -> Any:
    yield
    asker.clock.at = None
