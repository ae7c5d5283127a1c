"""Windows and their comparisons through the API, with exact numbers of hand-written rows."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from tests.support.world import Asker, Clock

# At 10:07 of 12 May 2026 in Berlin, a Tuesday.
NOW = datetime(2026, 5, 12, 8, 7, tzinfo=UTC)
CHANGE = "value previous previousToDate change changePercent changeToDate changePercentToDate"


@pytest.fixture
async def now(asker: Asker) -> AsyncIterator[datetime]:
    asker.clock.at = NOW
    yield NOW
    asker.clock.at = None


async def add_mentions(asker: Asker, name: str, moments: Sequence[datetime]) -> list[int]:
    """Add a member in Berlin with one keyword that has these mentions, and return the ids of the mentions."""
    user_id = await asker.world.add_user(name)
    await asker.world.change("users", user_id, time_zone="Europe/Berlin")
    keyword_id = await asker.world.add_keyword(name)
    return [
        await asker.world.add_mention(keyword_id, external_id=str(number), created_at=moment)
        for number, moment in enumerate(moments)
    ]


def at(text: str) -> datetime:
    """Return a moment of Berlin in summer."""
    return datetime.fromisoformat(f"{text}+02:00")


async def conversions(asker: Asker, viewer: str, window: str) -> Any:
    document = f"""{{ analytics({window}) {{
        window {{ partial future }} previousWindow {{ partial future }} previousWindowToDate {{ start end partial }}
        conversions {{ mentions {{ {CHANGE} }} }} }} }}"""
    return (await asker(document, viewer=viewer)).data["analytics"]


async def test_this_month_is_compared_with_the_same_days_of_the_previous_month(
    asker: Asker, now: datetime
) -> None:
    """The previous month has 2 mentions until 10:15 of the 12th, and 3 after that."""
    moments = [
        *("2026-03-31T23:59", "2026-04-01T00:00", "2026-04-12T10:14:59.999999"),
        *("2026-04-12T10:15", "2026-04-12T23:00", "2026-04-30T23:59"),
        *("2026-05-01T00:00", "2026-05-11T12:00", "2026-05-12T10:06"),
    ]
    await add_mentions(asker, "monthly", [at(each) for each in moments])
    shown = await conversions(asker, "monthly", "range: THIS_MONTH")
    assert shown["conversions"]["mentions"] == {
        "value": 3,
        "previous": 5,
        "previousToDate": 2,
        "change": -2,
        "changePercent": -40.0,
        "changeToDate": 1,
        "changePercentToDate": 50.0,
    }
    assert shown["previousWindowToDate"] == {
        "start": "2026-03-31T22:00:00+00:00",
        "end": "2026-04-12T08:15:00+00:00",
        "partial": False,
    }


async def test_an_ended_window_is_compared_with_the_whole_previous_window(
    asker: Asker, now: datetime
) -> None:
    moments = [at("2026-03-02T12:00"), at("2026-03-31T23:00"), at("2026-04-30T23:59")]
    await add_mentions(asker, "ended", moments)
    expected = {
        "value": 1,
        "previous": 2,
        "previousToDate": 2,
        "change": -1,
        "changePercent": -50.0,
        "changeToDate": -1,
        "changePercentToDate": -50.0,
    }
    for window in ("range: PREVIOUS_MONTH", f'from: "{iso("2026-04-01")}", to: "{iso("2026-05-01")}"'):
        shown = await conversions(asker, "ended", window)
        assert shown["conversions"]["mentions"] == expected
        assert shown["window"] == {"partial": False, "future": False}


def iso(day: str) -> str:
    return at(f"{day}T00:00").isoformat()


async def test_a_future_window_is_partial_and_compares_nothing_to_date(asker: Asker, now: datetime) -> None:
    await add_mentions(asker, "future", [at("2026-05-12T09:00")])
    shown = await conversions(asker, "future", f'from: "{iso("2026-06-01")}", to: "{iso("2026-07-01")}"')
    assert shown["window"] == {"partial": True, "future": True}
    assert shown["previousWindow"] == {"partial": True, "future": False}
    assert shown["previousWindowToDate"]["end"] == shown["previousWindowToDate"]["start"]
    mentions = shown["conversions"]["mentions"]
    assert (mentions["value"], mentions["previous"], mentions["previousToDate"]) == (0, 1, 0)


async def test_rates_of_keywords_compare_the_same_part(asker: Asker, now: datetime) -> None:
    """In April, 1 of 2 mentions became a lead until the 12th, and none of 2 after that."""
    days = ["2026-04-02", "2026-04-03", "2026-04-20", "2026-04-21", "2026-05-02", "2026-05-03"]
    ids = await add_mentions(asker, "rated", [at(f"{day}T12:00") for day in days])
    for mention_id, day in ((ids[0], days[0]), (ids[4], days[4])):
        await asker.world.add_lead(mention_id, created_at=at(f"{day}T13:00"))
    rates = "rate(basis: LEADS_PER_MENTION) { current { value } previous { value } previousToDate { value } change changeToDate }"
    answer = await asker(
        f"""{{ keywords {{ nodes {{ performance(range: THIS_MONTH) {{ {rates}
            previousWindowToDate {{ end }} leads {{ {CHANGE} }} }} }} }}
            analytics(range: THIS_MONTH) {{ keywords {{ {rates} previousWindowToDate {{ end }} leads {{ {CHANGE} }} }} }} }}""",
        viewer="rated",
    )
    (node,), (ranked,) = answer.data["keywords"]["nodes"], answer.data["analytics"]["keywords"]
    assert node["performance"] == ranked
    assert ranked["rate"] == {
        "current": {"value": 50.0},
        "previous": {"value": 25.0},
        "previousToDate": {"value": 50.0},
        "change": 25.0,
        "changeToDate": 0.0,
    }


async def test_units_in_the_future_are_partial_and_marked(asker: Asker, now: datetime) -> None:
    """A chart that leaves out future units draws no zeros for tomorrow."""
    await add_mentions(asker, "charts", [at("2026-05-12T09:00"), at("2026-05-11T09:00")])
    unit = "{ partial future }"
    answer = await asker(
        f"""{{ analytics(range: THIS_MONTH) {{
                day: overTime {{ points {unit} }} week: overTime(by: WEEK) {{ points {unit} }} }}
            keywords {{ nodes {{ performance(range: THIS_MONTH) {{ overTime {{ points {unit} }} }} }} }}
            mentions {{ stats {{ overTime(by: DAY, from: "{iso("2026-05-01")}", to: "{iso("2026-06-01")}") {unit} }} }}
            leads {{ stats {{ overTime(by: DAY, from: "{iso("2026-06-01")}", to: "{iso("2026-06-03")}") {unit} }} }} }}""",
        viewer="charts",
    )
    over, running, ahead = (
        {"partial": partial, "future": future}
        for partial, future in ((False, False), (True, False), (True, True))
    )
    month = [over] * 11 + [running] + [ahead] * 19
    data = answer.data
    assert data["analytics"]["day"]["points"] == month
    # The month begins on a Friday and ends on a Sunday. The month cuts the first week.
    assert data["analytics"]["week"]["points"] == [running, over, running, ahead, ahead]
    assert data["keywords"]["nodes"][0]["performance"]["overTime"]["points"] == month
    assert data["mentions"]["stats"]["overTime"] == month
    assert data["leads"]["stats"]["overTime"] == [ahead, ahead]


async def test_all_windows_of_an_answer_are_of_one_moment(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock passes midnight after its first reading. An export expires in the second between both readings."""
    await add_mentions(asker, "late", [at("2026-05-12T09:00")])
    first = at("2026-05-12T23:59:59")
    readings = iter([first])

    def tick(clock: Clock) -> datetime:
        del clock
        return next(readings, first + timedelta(seconds=2))

    monkeypatch.setattr(Clock, "__call__", tick)
    await asker.world.add(
        "exports",
        [
            {
                "user_id": asker.world.users["late"],
                "entity": "leads",
                "format": "json_lines",
                "columns": ["id"],
                "everybody": False,
                "question": {},
                "rows_count": 0,
                "size_bytes": 0,
                "content_bytes": 0,
                "content_crc": 0,
                "failures": 0,
                "due_at": first.isoformat(),
                "finished_at": first.isoformat(),
                "created_at": first.isoformat(),
                "status": "succeeded",
                "expires_at": (first + timedelta(seconds=1)).isoformat(),
            }
        ],
    )
    answer = await asker(
        """{ dashboard(range: TODAY) { window { start } conversionMetrics { newLeadsToday } }
            analytics { overTime { points { start } } }
            mentions { stats { overTime(by: DAY) { start count } } } leads { stats { overTime(by: DAY) { start } } }
            exports { nodes { url } } }""",
        viewer="late",
    )
    today = at("2026-05-12T00:00").astimezone(UTC).isoformat()
    data = answer.data
    assert data["dashboard"]["window"]["start"] == today
    assert data["analytics"]["overTime"]["points"][-1]["start"] == today
    assert data["mentions"]["stats"]["overTime"][-1] == {"start": today, "count": 1}
    assert data["leads"]["stats"]["overTime"][-1]["start"] == today
    assert [export["url"] is not None for export in data["exports"]["nodes"]] == [True]


async def add_keywords(asker: Asker, name: str, counts: Sequence[tuple[int, int]]) -> list[int]:
    """Add a member whose keywords have these numbers of mentions and leads, and return the keywords' ids."""
    user_id = await asker.world.add_user(name)
    ids = []
    for number, (mentions, leads) in enumerate(counts):
        keyword_id = await asker.world.add_keyword(name, f"{name} {number}")
        ids.append(keyword_id)
        await asker.world.pool.execute(
            """WITH made AS (
                INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
                SELECT $1, $2, 'web', format('%s-%s', $2::bigint, n), 'https://example.com', 'post'
                FROM generate_series(1, $3) AS n RETURNING id
            ) INSERT INTO leads (mention_id) SELECT id FROM made ORDER BY id LIMIT $4""",
            user_id,
            keyword_id,
            mentions,
            leads,
        )
    return ids


RANKED = """query($by: Ranking!) { analytics { keywords(orderBy: $by) {
    keyword { id } performanceScore efficiencyScore } } }"""


async def ranked(asker: Asker, viewer: str, by: str) -> tuple[list[str], list[Any]]:
    """Return the ids and the shown scores of a ranking."""
    found = (await asker(RANKED, viewer=viewer, by=by)).data["analytics"]["keywords"]
    shown = {"PERFORMANCE_SCORE": "performanceScore", "EFFICIENCY_SCORE": "efficiencyScore"}
    return [one["keyword"]["id"] for one in found], [one[shown[by]] for one in found if by in shown]


def encoded(ids: Sequence[int]) -> list[str]:
    return [encode("Keyword", id_) for id_ in ids]


async def test_equal_performance_scores_fall_to_more_leads_and_then_to_the_newest(asker: Asker) -> None:
    """Before rounding, the scores are 3.0, 2.6, 2.7, 2.5 and 2.5, all of which are shown as 3."""
    a, b, c, d, e = await add_keywords(asker, "scored", [(10, 0), (4, 2), (9, 0), (6, 1), (6, 1)])
    ids, scores = await ranked(asker, "scored", "PERFORMANCE_SCORE")
    assert scores == [3, 3, 3, 3, 3]
    assert ids == encoded([b, e, d, c, a])


async def test_equal_rates_fall_to_more_leads_and_then_to_the_newest(asker: Asker) -> None:
    """The rates of 1 of 149 and of 2 of 300 differ, but are both shown as 0.67 %. The counters stand for rows."""
    few, many, half = await add_keywords(asker, "shares", [(3, 1), (4, 1), (2, 1)])
    for keyword_id, mentions, leads in ((few, 149, 1), (many, 300, 2)):
        await asker.world.change("keywords", keyword_id, mentions_count=mentions, leads_count=leads)
    ids, _ = await ranked(asker, "shares", "LEADS_PER_MENTION")
    assert ids == encoded([half, many, few])
    assert (await ranked(asker, "shares", "CONVERSION_RATE"))[0] == ids


async def test_equal_efficiency_scores_fall_to_more_leads(asker: Asker) -> None:
    """Of 400 keywords, the two most efficient ones have the score 100, by 400 and by 399 of 400 keywords."""
    ids = await add_keywords(asker, "efficient", [(1, 1), (3, 2), *[(1, 0)] * 398])
    found, scores = await ranked(asker, "efficient", "EFFICIENCY_SCORE")
    assert scores == [100, 100, *[None] * 18]
    assert found[:2] == encoded([ids[1], ids[0]])
    assert found[2:] == encoded(ids[:-19:-1])


async def test_the_efficiency_score_is_null_without_leads_in_all_places(asker: Asker) -> None:
    await add_keywords(asker, "idle", [(3, 0), (2, 1), (0, 0)])
    answer = await asker(
        """{ keywords(orderBy: OLDEST) { nodes { efficiencyScore performance { efficiencyScore } } }
            dashboard { keywordPerformance { efficiencyScore } } }""",
        viewer="idle",
    )
    nodes = answer.data["keywords"]["nodes"]
    assert [node["efficiencyScore"] for node in nodes] == [None, 100, None]
    assert [node["performance"]["efficiencyScore"] for node in nodes] == [None, 100, None]
    assert [one["efficiencyScore"] for one in answer.data["dashboard"]["keywordPerformance"]] == [100, None]


async def test_one_name_of_a_rate_means_one_thing(asker: Asker, now: datetime) -> None:
    """Of 4 mentions, 2 became leads, and 1 lead converted. `conversionRate` that is not deprecated is 1 of 4."""
    ids = await add_mentions(asker, "named", [at("2026-05-11T09:00")] * 4)
    for mention_id, status in ((ids[0], "new"), (ids[1], "converted")):
        done = at("2026-05-11T10:00") if status == "converted" else None
        moments = {"created_at": at("2026-05-11T09:30"), "qualified_at": done, "converted_at": done}
        await asker.world.add_lead(mention_id, status=status, **moments)
    answer = await asker(
        """{ viewer { conversionRate { ...R } perLead: rate(basis: CONVERTED_PER_LEAD) { ...R } }
            dashboard { conversionMetrics { conversionRate { ...R } perLead: rate(basis: CONVERTED_PER_LEAD) { ...R } }
                analytics { conversions { conversionRate { current { ...R } } rate(basis: QUALIFIED_PER_LEAD) { current { ...R } } } } }
            keywords { nodes { rate(basis: LEADS_PER_MENTION) { ...R } } }
            leads { stats { convertedPerLead { ...R } } } }
        fragment R on Rate { value basis }""",
        viewer="named",
    )
    data = answer.data
    conversion = {"value": 25.0, "basis": "CONVERTED_PER_MENTION"}
    per_lead = {"value": 50.0, "basis": "CONVERTED_PER_LEAD"}
    assert data["viewer"] == {"conversionRate": conversion, "perLead": per_lead}
    assert data["dashboard"]["conversionMetrics"] == {"conversionRate": conversion, "perLead": per_lead}
    assert data["dashboard"]["analytics"]["conversions"] == {
        "conversionRate": {"current": conversion},
        "rate": {"current": {"value": 50.0, "basis": "QUALIFIED_PER_LEAD"}},
    }
    assert data["keywords"]["nodes"] == [{"rate": {"value": 50.0, "basis": "LEADS_PER_MENTION"}}]
    assert data["leads"]["stats"]["convertedPerLead"] == per_lead


async def test_a_funnel_widens_where_leads_are_older_than_the_window(asker: Asker, now: datetime) -> None:
    """Two leads of April convert in May. In May, one mention is ingested."""
    ids = await add_mentions(
        asker, "wide", [at("2026-04-02T09:00"), at("2026-04-03T09:00"), at("2026-05-04T09:00")]
    )
    for mention_id in ids[:2]:
        done = at("2026-05-05T09:00")
        await asker.world.add_lead(
            mention_id,
            status="converted",
            created_at=at("2026-04-04T09:00"),
            qualified_at=done,
            converted_at=done,
        )
    answer = await asker(
        "{ analytics(range: THIS_MONTH) { conversions { funnel { stage count { value } ofPrevious ofFirst } } } }",
        viewer="wide",
    )
    assert [tuple(stage.values()) for stage in answer.data["analytics"]["conversions"]["funnel"]] == [
        ("MENTIONS", {"value": 1}, None, None),
        ("LEADS", {"value": 0}, 0.0, 0.0),
        ("QUALIFIED", {"value": 2}, None, 200.0),
        ("CONVERTED", {"value": 2}, 100.0, 200.0),
    ]


PAST = """{ analytics(range: PREVIOUS_MONTH) { leads { total } conversions {
    mentions { value } leads { value } qualified { value } converted { value } } }
    viewer { mentionsCount leadsCount } }"""


async def past(asker: Asker) -> tuple[int, ...]:
    """Return mentions, leads, qualified and converted of April, and the totals of mentions and leads."""
    data = (await asker(PAST, viewer="deleter")).data
    shown, viewer = data["analytics"]["conversions"], data["viewer"]
    assert data["analytics"]["leads"]["total"] == viewer["leadsCount"]
    return (*(trend["value"] for trend in shown.values()), viewer["mentionsCount"], viewer["leadsCount"])


async def test_deletions_change_the_figures_of_past_months(asker: Asker, now: datetime) -> None:
    """As docs/guides/dashboard.md states. Archived keywords, dismissed mentions and changes of status stay counted."""
    ids = await add_mentions(asker, "deleter", [at(f"2026-04-0{day}T09:00") for day in (1, 2, 3)])
    done = at("2026-04-05T09:00")
    leads = [
        await asker.world.add_lead(
            mention_id, status="converted", created_at=done, qualified_at=done, converted_at=done
        )
        for mention_id in ids
    ]
    (keyword,) = await asker.world.rows("keywords", "deleter")
    assert await past(asker) == (3, 3, 3, 3, 3, 3)

    async def write(name: str, arguments: str) -> None:
        document = f"mutation {{ {name}(input: {{ {arguments} }}) {{ userErrors {{ message }} }} }}"
        answer = await asker(document, viewer="deleter")
        assert answer.data[name]["userErrors"] == []

    await write("triageMention", f'id: "{encode("Mention", ids[0])}", dismissed: true, dismissReason: SPAM')
    await write("archiveKeyword", f'id: "{encode("Keyword", keyword["id"])}"')
    await write("changeLeadStatus", f'id: "{encode("Lead", leads[2])}", status: DISQUALIFIED')
    assert await past(asker) == (3, 3, 3, 3, 3, 3)
    await write("deleteLead", f'id: "{encode("Lead", leads[0])}"')
    assert await past(asker) == (3, 2, 2, 2, 3, 2)
    await asker.world.pool.execute("DELETE FROM mentions WHERE id = $1", ids[1])
    await asker.forget()  # SQL by hand changes no data version
    assert await past(asker) == (2, 1, 1, 1, 2, 1)
    await write("deleteKeyword", f'id: "{encode("Keyword", keyword["id"])}"')
    assert await past(asker) == (0, 0, 0, 0, 0, 0)


async def test_points_and_windows_name_the_days_of_the_zone(asker: Asker, now: datetime) -> None:
    """Days of Kiritimati begin at 10:00 of the day before in UTC."""
    document = """query($zone: String!) {
        analytics(range: LAST_7_DAYS, timeZone: $zone) {
            window { start firstDay lastDay } previousWindow { firstDay lastDay } overTime { points { localDate } }
        }
        mentions { stats { overTime(by: MONTH, timeZone: $zone, from: "2026-02-28T12:00:00Z") { localDate } } }
    }"""
    await asker.world.add_user("kay")
    data = (await asker(document, viewer="kay", zone="Pacific/Kiritimati")).data
    assert data["analytics"] == {
        "window": {"start": "2026-05-05T10:00:00+00:00", "firstDay": "2026-05-06", "lastDay": "2026-05-12"},
        "previousWindow": {"firstDay": "2026-04-29", "lastDay": "2026-05-05"},
        "overTime": {"points": [{"localDate": f"2026-05-{day:02}"} for day in range(6, 13)]},
    }
    months = [count["localDate"] for count in data["mentions"]["stats"]["overTime"]]
    assert months == ["2026-03-01", "2026-04-01", "2026-05-01"]


async def test_an_empty_window_has_the_day_of_its_start(asker: Asker, now: datetime) -> None:
    document = """{ analytics(from: "2026-06-01T00:00:00Z", to: "2026-06-03T00:00:00Z") {
        previousWindowToDate { start end firstDay lastDay } } }"""
    empty = {"start": "2026-05-30T00:00:00+00:00", "end": "2026-05-30T00:00:00+00:00"}
    days = {"firstDay": "2026-05-30", "lastDay": "2026-05-30"}
    await asker.world.add_user("lou")
    data = (await asker(document, viewer="lou")).data
    assert data["analytics"]["previousWindowToDate"] == empty | days
