"""The figures of docs/guides/from-rails.md: the SQL that the Rails application sends, beside the API's answers.

The rows are random. The SQL is what ActiveRecord and Groupdate generate, with the application's zone and time in
place of the server's.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from tests.support.world import Asker, World

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "from-rails.md").read_text()
ZONE = "America/New_York"
# The last moment of a quarter of an hour, so that a rolling month begins where Rails begins one. On 31 March, a month
# ago is 28 February. Clocks went forward on 8 March.
NOW = datetime(2026, 3, 31, 15, 14, 59, 999_999, tzinfo=UTC)

RAILS = {
    "total_leads": "SELECT COUNT(*) FROM leads WHERE user_id = $1",
    "this_month": "SELECT COUNT(*) FROM leads WHERE user_id = $1 AND created_at BETWEEN {month_ago} AND $2::timestamptz",
    "last_month": "SELECT COUNT(*) FROM leads WHERE user_id = $1 AND created_at BETWEEN {months_ago} AND {month_ago}",
    "today": """SELECT COUNT(*) FROM leads WHERE user_id = $1 AND (created_at AT TIME ZONE '{zone}')::date =
        ($2::timestamptz AT TIME ZONE '{zone}')::date""",
    "mentions": """SELECT COUNT(*) FROM mentions JOIN keywords ON mentions.keyword_id = keywords.id
        WHERE keywords.user_id = $1""",
    "qualified": "SELECT COUNT(*) FROM leads WHERE user_id = $1 AND status = 'qualified'",
    "converted": "SELECT COUNT(*) FROM leads WHERE user_id = $1 AND status = 'converted'",
    "conversion_rate": """SELECT round(100.0 * (SELECT COUNT(*) FROM leads WHERE user_id = $1 AND status = 'converted')
        / (SELECT COUNT(*) FROM mentions WHERE user_id = $1), 2)::float""",
}
"""The figures of one number. Rails subtracts months in the application's zone."""
MONTHS_AGO = "(($2::timestamptz AT TIME ZONE '{zone}' - interval '{n} month') AT TIME ZONE '{zone}')"
KEYWORDS = """SELECT id, keyword, mentions, leads, round((0.3 * mentions + 0.7 * leads)) AS performance_score,
    CASE WHEN mentions = 0 THEN 0 ELSE round(100.0 * leads / mentions, 2) END::float AS conversion_rate
    FROM (SELECT *, (SELECT COUNT(*) FROM mentions WHERE keyword_id = keywords.id) AS mentions,
        (SELECT COUNT(*) FROM leads JOIN mentions ON leads.mention_id = mentions.id
            WHERE mentions.keyword_id = keywords.id) AS leads
        FROM keywords WHERE user_id = $1) AS keywords"""
DAILY = """SELECT (created_at AT TIME ZONE $2)::date AS day, COUNT(*) AS leads FROM leads
    WHERE user_id = $1 GROUP BY 1"""


@pytest.fixture(scope="module")
async def sold(asker: Asker) -> Any:
    """The member sold has random rows. The member of another team has rows that must not count."""
    for name in ("other", "sold"):
        await add_rows(asker.world, name, random.Random(name))  # noqa: S311 - data of a test
    asker.clock.at = NOW
    yield asker
    asker.clock.at = None


async def add_rows(world: World, name: str, chance: random.Random) -> None:
    await world.add_user(name)
    for number in range(8):
        keyword_id = await world.add_keyword(name, f"{name} {number}")
        for _ in range(number * 7):
            created = NOW - timedelta(minutes=chance.randint(0, chance.choice([600, 70 * 24 * 60])))
            mention_id = await world.add_mention(keyword_id, created_at=created)
            if chance.random() < 0.4:
                status = chance.choice(["new", "contacted", "qualified", "converted", "disqualified"])
                await world.add_lead(mention_id, status=status, created_at=created)
    # A lead of the rolling month that is before the calendar month.
    await world.add_lead(
        await world.add_mention(keyword_id), created_at=datetime(2026, 2, 28, 20, tzinfo=UTC)
    )
    for number in range(3):
        status = ("active", "error", "active")[number]
        await world.add(
            "integrations",
            [
                {
                    "user_id": world.users[name],
                    "provider": "rss",
                    "kind": "source",
                    "external_account_id": f"{name} {number}",
                    "status": status,
                    "settings": {},
                    "sync_interval": "15 minutes",
                    "health_score": 10 * number,
                    "health_problems": [],
                    "last_searched_at": (NOW - timedelta(hours=number)).isoformat(),
                }
            ],
        )


async def rails(world: World, figure: str) -> Any:
    """Return a figure of one number, as Rails computes it."""
    months = {name: MONTHS_AGO.format(zone=ZONE, n=n) for name, n in (("month_ago", 1), ("months_ago", 2))}
    sql = RAILS[figure].format(zone=ZONE, **months)
    arguments = (world.users["sold"], NOW)[: 2 if "$2" in sql else 1]
    return await world.pool.fetchval(sql, *arguments)


ALL = """query($zone: String!) {
    viewer { mentionsCount leadsCount qualifiedLeadsCount convertedLeadsCount conversionRate { value } }
    analytics(range: ROLLING_MONTH, timeZone: $zone) { leads { total created { value previous } } }
    calendar: analytics(range: THIS_MONTH, timeZone: $zone) { leads { created { value } } }
    dashboard(timeZone: $zone) { conversionMetrics { totalLeads newLeadsToday conversionRate { value } } }
}"""


async def test_figures_of_one_number_equal_those_of_rails(sold: Asker) -> None:
    data = (await sold(ALL, viewer="sold", zone=ZONE)).data
    viewer, metrics = data["viewer"], data["dashboard"]["conversionMetrics"]
    created = data["analytics"]["leads"]["created"]
    shown = {
        "total_leads": [viewer["leadsCount"], metrics["totalLeads"], data["analytics"]["leads"]["total"]],
        "this_month": [created["value"]],
        "last_month": [created["previous"]],
        "today": [metrics["newLeadsToday"]],
        "mentions": [viewer["mentionsCount"]],
        "qualified": [viewer["qualifiedLeadsCount"]],
        "converted": [viewer["convertedLeadsCount"]],
        "conversion_rate": [viewer["conversionRate"]["value"], metrics["conversionRate"]["value"]],
    }
    assert shown.keys() == RAILS.keys()
    for figure, found in shown.items():
        expected = await rails(sold.world, figure)
        assert expected > 0, figure
        assert found == [expected] * len(found), figure
    # The trap: the calendar month is another window.
    assert data["calendar"]["leads"]["created"]["value"] < created["value"]


async def test_daily_leads_equal_those_of_groupdate(sold: Asker) -> None:
    rows = await sold.world.fetch(DAILY, sold.world.users["sold"], ZONE)
    by_day = {row["day"]: row["leads"] for row in rows}
    last = NOW.astimezone(UTC).date()
    expected = [by_day.get(last - timedelta(days=back), 0) for back in range(29, -1, -1)]
    answer = await sold(
        "query($zone: String!) { dashboard(timeZone: $zone) { analytics { overTime(by: DAY) { points { leads } } } } }",
        viewer="sold",
        zone=ZONE,
    )
    points = answer.data["dashboard"]["analytics"]["overTime"]["points"]
    assert [point["leads"] for point in points] == expected
    assert sum(expected) > 10


async def test_keywords_have_the_figures_and_ranks_of_rails(sold: Asker) -> None:
    rows = await sold.world.fetch(KEYWORDS, sold.world.users["sold"])
    assert len({row["conversion_rate"] for row in rows}) > 3
    answer = await sold(
        """{ keywords(first: 100) { nodes { id keyword mentionsCount leadsCount performanceScore
                rate(basis: LEADS_PER_MENTION) { value } } }
            analytics { keywords(first: 100, orderBy: LEADS_PER_MENTION) { keyword { id } } }
            dashboard { keywordPerformance(first: 5) { keyword { id } }
                conversionMetrics { topPerformingKeyword { keyword { id } } } } }""",
        viewer="sold",
    )
    data = answer.data
    names = ("keyword", "mentions", "leads", "performance_score", "conversion_rate")
    expected = {encode("Keyword", row["id"]): tuple(row[name] for name in names) for row in rows}
    assert {
        node["id"]: (
            node["keyword"],
            node["mentionsCount"],
            node["leadsCount"],
            node["performanceScore"],
            node["rate"]["value"],
        )
        for node in data["keywords"]["nodes"]
    } == expected
    seen = [row for row in rows if row["mentions"]]
    assert len(seen) == len(rows) - 1  # Rails ranks the keyword without mentions, too
    by_rate = sorted(seen, key=lambda row: (-row["conversion_rate"], -row["leads"], -row["id"]))
    by_leads = sorted(seen, key=lambda row: (-row["leads"], -row["id"]))

    def ids(shown: Any) -> list[str]:
        return [one["keyword"]["id"] for one in shown]

    def encoded(ranked: Any) -> list[str]:
        return [encode("Keyword", row["id"]) for row in ranked]

    assert ids(data["analytics"]["keywords"]) == encoded(by_rate)
    assert ids(data["dashboard"]["keywordPerformance"]) == encoded(by_leads[:5])
    top = data["dashboard"]["conversionMetrics"]["topPerformingKeyword"]
    assert top["keyword"]["id"] == encoded(by_leads)[0]


async def test_recent_leads_equal_those_of_rails(sold: Asker) -> None:
    rows = await sold.world.fetch(
        "SELECT id FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 10",
        sold.world.users["sold"],
    )
    answer = await sold("{ dashboard { recentLeads(first: 10) { id } } }", viewer="sold")
    shown = [lead["id"] for lead in answer.data["dashboard"]["recentLeads"]]
    assert shown == [encode("Lead", row["id"]) for row in rows]


async def test_integrations_have_the_values_of_rails_and_none_is_hidden(sold: Asker) -> None:
    rows = await sold.world.rows("integrations", "sold")
    answer = await sold(
        """{ analytics { integrations { integration { id provider status lastSyncedAt } score } }
            dashboard { integrationStatus { integration { id } } } }""",
        viewer="sold",
    )
    assert {
        one["integration"]["id"]: (
            one["integration"]["provider"].lower(),
            one["integration"]["status"].lower(),
            one["integration"]["lastSyncedAt"],
            one["score"],
        )
        for one in answer.data["analytics"]["integrations"]
    } == {
        encode("Integration", row["id"]): (
            row["provider"],
            row["status"],
            row["last_searched_at"].isoformat(),
            row["health_score"],
        )
        for row in rows
    }
    active = {encode("Integration", row["id"]) for row in rows if row["status"] == "active"}
    shown = {one["integration"]["id"] for one in answer.data["dashboard"]["integrationStatus"]}
    assert active < shown


async def test_a_lead_at_the_edge_of_a_rolling_month_counts_once(asker: Asker) -> None:
    """Rails counts a lead of exactly a month ago in this month and in the last month."""
    world = asker.world
    await world.add_user("edge")
    asker.clock.at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    keyword_id = await world.add_keyword("edge")
    at_edge = datetime(2026, 2, 15, 12, 15, tzinfo=UTC)
    await world.add_lead(await world.add_mention(keyword_id), created_at=at_edge)
    answer = await asker(
        "{ analytics(range: ROLLING_MONTH) { leads { created { value previous } } } }", viewer="edge"
    )
    asker.clock.at = NOW
    assert answer.data["analytics"]["leads"]["created"] == {"value": 1, "previous": 0}


def test_the_guide_names_each_figure_of_rails() -> None:
    """The names are those of the services and models of the application."""
    names = {
        "recent_leads", "keyword_performance", "integration_status", "total_leads", "new_leads_today", "new_today",
        "conversion_rate", "top_performing_keyword", "top_keyword", "leads[:total]", "leads[:this_month]",
        "leads[:last_month]", "leads[:daily]", "conversions[:mentions]", "conversions[:qualified]",
        "conversions[:converted]", "conversions[:conversion_rate]", "performance_score", "health_score",
        "last_sync", "keywords_count", "mentions_count", "leads_count", "reset_counters",
    }  # fmt: skip
    code = " ".join(re.findall(r"`([^`]+)`", GUIDE))
    assert [name for name in sorted(names) if name not in code] == []
