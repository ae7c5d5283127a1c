"""The hand-written JSON of a dashboard, for the floor and the naive server."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from bench.dashboard import ZONE
from services.figures.rates import half_up, percent
from services.figures.windows import Period, Range, TimeUnit, Window, period_of, today, windows, zone_of

Answer = dict[str, Any]
STATUSES = ("new", "contacted", "qualified", "converted", "disqualified")
WIDGET, RANKING = 5, 20


def global_id(tag: str, number: int) -> str:
    return b64encode(f"{tag}:{number}".encode()).decode()


class Counts(NamedTuple):
    mentions: int = 0
    leads: int = 0
    qualified: int = 0
    converted: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """Return the last 30 days of the zone, and the 30 before."""

    period: Period
    days: list[Window]
    today: tuple[datetime, datetime]

    @classmethod
    def now(cls) -> Self:
        moment, zone = datetime.now(UTC), zone_of(ZONE)
        period = period_of(Range.LAST_30_DAYS, zone, moment)
        days = windows(TimeUnit.DAY, period.start, period.end, zone, 1, moment)
        return cls(period, list(days), today(zone, moment))


@dataclass(frozen=True, slots=True)
class User:
    """The totals of a user. `by_status` counts all leads, `today` the leads of today, the rest the leads of the windows."""

    mentions: int
    leads: int
    by_status: Mapping[str, int]
    previous: Counts
    current: Counts
    today: int
    days: Sequence[Counts]


@dataclass(frozen=True, slots=True)
class Keyword:
    """The figures of a keyword. `efficiency` is the share of the user's keywords that are at most as efficient."""

    id: int
    keyword: str
    mentions: int
    leads: int
    efficiency: tuple[int, int]
    previous: Counts
    current: Counts


def page(
    frame: Frame,
    user: User,
    recent: Sequence[Answer],
    by_leads: Sequence[Keyword],
    by_rate: Sequence[Keyword],
    integrations: Sequence[Answer],
) -> Answer:
    """Return the response. It contains the 5 and the 20 best keywords of two rankings."""
    window = {"start": frame.period.start, "end": frame.period.end, "partial": True}
    before = {"start": frame.period.previous_start, "end": frame.period.start, "partial": False}
    return {
        "dashboard": {
            "range": "LAST_30_DAYS",
            "timeZone": ZONE,
            "window": window,
            "previousWindow": before,
            "recentLeads": recent,
            "keywordPerformance": [_performance(keyword) for keyword in by_leads],
            "integrationStatus": integrations,
            "conversionMetrics": _conversion_metrics(user, by_leads),
            "analytics": {
                "leads": _leads(user),
                "conversions": _conversions(user),
                "keywords": [_performance(keyword) for keyword in by_rate],
                "integrations": integrations,
                "overTime": {"points": [_point(*pair) for pair in zip(frame.days, user.days, strict=True)]},
            },
        }
    }


def trend(value: int, previous: int) -> Answer:
    change = value - previous
    in_percent = percent(change, previous) if previous else None
    return {"value": value, "previous": previous, "change": change, "changePercent": in_percent}


def rate(numerator: int, denominator: int, basis: str) -> Answer:
    value = percent(numerator, denominator) if denominator else 0.0
    return {"value": value, "numerator": numerator, "denominator": denominator, "basis": basis}


def _rates(current: tuple[int, int], previous: tuple[int, int], basis: str) -> Answer:
    now, before = rate(*current, basis), rate(*previous, basis)
    change = (round(100 * now["value"]) - round(100 * before["value"])) / 100
    return {"current": now, "previous": before, "change": change}


def _trends(current: Counts, previous: Counts) -> Answer:
    return {name: trend(*pair) for name, *pair in zip(Counts._fields, current, previous, strict=True)}


def _performance(keyword: Keyword) -> Answer:
    now, before = keyword.current, keyword.previous
    of_keyword = {"id": global_id("Keyword", keyword.id), "keyword": keyword.keyword}
    return {
        "keyword": {**of_keyword, "mentionsCount": keyword.mentions, "leadsCount": keyword.leads},
        **_trends(now, before),
        "conversionRate": _rates(
            (now.leads, now.mentions), (before.leads, before.mentions), "LEADS_PER_MENTION"
        ),
        "performanceScore": half_up(3 * keyword.mentions + 7 * keyword.leads, 10),
        "efficiencyScore": half_up(100 * keyword.efficiency[0], keyword.efficiency[1])
        if keyword.leads
        else None,
    }


def _conversion_metrics(user: User, by_leads: Sequence[Keyword]) -> Answer:
    best = by_leads[0] if by_leads and by_leads[0].leads else None
    top = best and {
        "keyword": {"id": global_id("Keyword", best.id), "keyword": best.keyword, "leadsCount": best.leads},
        "leads": trend(best.current.leads, best.previous.leads),
    }
    return {
        "totalLeads": user.leads,
        "newLeads": trend(user.current.leads, user.previous.leads),
        "newLeadsToday": user.today,
        "conversionRate": rate(user.by_status["converted"], user.mentions, "CONVERTED_PER_MENTION"),
        "topPerformingKeyword": top,
    }


def _leads(user: User) -> Answer:
    return {
        "total": user.leads,
        "created": trend(user.current.leads, user.previous.leads),
        "createdToday": user.today,
        "byStatus": [{"status": name.upper(), "count": user.by_status[name]} for name in STATUSES],
    }


def _conversions(user: User) -> Answer:
    now, before = user.current, user.previous
    trends = _trends(now, before)
    steps = [None, *now[:-1]]
    return {
        **trends,
        "conversionRate": _rates(
            (now.converted, now.mentions), (before.converted, before.mentions), "CONVERTED_PER_MENTION"
        ),
        "funnel": [
            {
                "stage": name.upper(),
                "count": trends[name],
                "ofPrevious": percent(value, step) if step else None,
                "ofFirst": percent(value, now.mentions) if step is not None and now.mentions else None,
            }
            for name, value, step in zip(Counts._fields, now, steps, strict=True)
        ],
    }


def _point(day: Window, counts: Counts) -> Answer:
    return {"start": day.start, "end": day.end, "partial": day.partial, **counts._asdict()}


def recent_lead(lead: Sequence[Any], mention: Sequence[Any], keyword: Sequence[Any]) -> Answer:
    """Return the JSON of a lead, with its mention and its keyword."""
    id_, status, score, created_at, contact_name = lead
    of_lead = {
        "id": global_id("Lead", id_),
        "status": status.upper(),
        "score": score,
        "createdAt": created_at,
    }
    mention_id, platform, title, content, url = mention
    of_mention = {"id": global_id("Mention", mention_id), "platform": platform.upper(), "title": title}
    return {
        **of_lead,
        "contactName": contact_name,
        "mention": {**of_mention, "content": content, "url": url},
        "keyword": {"id": global_id("Keyword", keyword[0]), "keyword": keyword[1]},
    }


def integration(
    row: Sequence[Any], logs: Sequence[Sequence[Any]], days: Sequence[tuple[Any, int, int]]
) -> Answer:
    """Return the JSON of an integration, with its logs and its days."""
    id_, provider, status, synced_at, score, problems = row
    of_row = {"id": global_id("Integration", id_), "provider": provider.upper(), "status": status.upper()}
    return {
        "integration": {**of_row, "lastSyncedAt": synced_at},
        "score": score,
        "problems": [problem.upper() for problem in problems],
        "lastRuns": [
            {
                "id": global_id("IntegrationLog", log_id),
                "kind": kind.upper(),
                "status": log_status.upper(),
                "createdAt": created_at,
                "itemsCreated": items,
                "message": message,
            }
            for log_id, kind, log_status, created_at, items, message in logs
        ],
        "uptime": [
            {"day": day, "runs": runs, "succeeded": good, "percent": percent(good, runs) if runs else None}
            for day, runs, good in days
        ],
    }
