"""Figures over lists, compared with the same figures computed in Python from the rows."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolvers.framework.global_id import encode
from services.figures.rates import Rate, RateBasis
from tests.support.world import Asker, World

Row = Mapping[str, Any]


def most_frequent(values: Iterable[Any]) -> list[tuple[Any, int]]:
    """Return the values with their counts, the most frequent first. Ties are in order of value, with null last."""
    counted = Counter(values)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0] is None, item[0]))


def half_up(numerator: int, denominator: int) -> float:
    if denominator == 0:
        return 0.0
    hundredths = Fraction(numerator, denominator) * 10_000
    return int(hundredths + Fraction(1, 2)) / 100


def rate(numerator: int, denominator: int, basis: str) -> dict[str, Any]:
    return {
        "value": half_up(numerator, denominator),
        "numerator": numerator,
        "denominator": denominator,
        "basis": basis,
    }


@pytest.fixture(scope="module")
async def rows(crowd: World) -> dict[str, list[Row]]:
    found = {table: await crowd.rows(table) for table in ("users", "keywords", "mentions", "leads")}
    found["analyses"] = await crowd.rows("analysis_results")
    return found


def mention_stats(mentions: Sequence[Row], rows: dict[str, list[Row]]) -> dict[str, Any]:
    moods = {row["mention_id"]: row["sentiment"] for row in rows["analyses"]}
    intents = {row["mention_id"]: row["intent"] for row in rows["analyses"]}
    words = {row["id"]: row["keyword"] for row in rows["keywords"]}
    return {
        "count": len(mentions),
        "likes": sum(row["likes"] or 0 for row in mentions),
        "comments": sum(row["comments"] or 0 for row in mentions),
        "byPlatform": [
            {"platform": value.upper(), "count": n}
            for value, n in most_frequent(row["platform"] for row in mentions)
        ],
        "bySentiment": [
            {"sentiment": value and value.upper(), "count": n}
            for value, n in most_frequent(moods.get(row["id"]) for row in mentions)
        ],
        "byIntent": [
            {"intent": value and value.upper(), "count": n}
            for value, n in most_frequent(intents.get(row["id"]) for row in mentions)
        ],
        "byKeyword": [
            {"keyword": {"keyword": words[value]}, "count": n}
            for value, n in most_frequent(row["keyword_id"] for row in mentions)[:10]
        ],
    }


def lead_stats(leads: Sequence[Row], rows: dict[str, list[Row]]) -> dict[str, Any]:
    platforms = {row["id"]: row["platform"] for row in rows["mentions"]}
    words = {row["id"]: row["keyword"] for row in rows["keywords"]}
    sums: dict[str, Decimal] = {}
    for row in leads:
        if row["value"] is not None:
            sums[row["currency"]] = sums.get(row["currency"], Decimal("0.00")) + row["value"]
    converted = sum(row["status"] == "converted" for row in leads)
    return {
        "count": len(leads),
        "value": [
            {"currency": code, "amount": str(total), "total": str(total)}
            for code, total in sorted(sums.items())
        ],
        "convertedPerLead": rate(converted, len(leads), "CONVERTED_PER_LEAD"),
        "conversionRate": rate(converted, len(leads), "CONVERTED_PER_LEAD"),
        "byStatus": [
            {"status": status.upper(), "count": sum(row["status"] == status for row in leads)}
            for status in ("new", "contacted", "qualified", "converted", "disqualified")
        ],
        "byPlatform": [
            {"platform": value.upper(), "count": n}
            for value, n in most_frequent(platforms[row["mention_id"]] for row in leads)
        ],
        "byKeyword": [
            {"keyword": {"keyword": words[value]}, "count": n}
            for value, n in most_frequent(row["keyword_id"] for row in leads)[:10]
        ],
    }


OF_MENTIONS = """
    fragment M on MentionStats { count likes comments byPlatform { platform count } bySentiment { sentiment count }
        byIntent { intent count } byKeyword { keyword { keyword } count } }
"""
OF_LEADS = """
    fragment L on LeadStats { count value { currency amount total } convertedPerLead { ...R } conversionRate { ...R }
        byStatus { status count } byPlatform { platform count } byKeyword { keyword { keyword } count } }
    fragment R on Rate { value numerator denominator basis }
"""
STATS = OF_MENTIONS + OF_LEADS


@pytest.mark.parametrize("viewer", ["ann", "ben", "olga"])
async def test_figures_of_root_lists_cover_all_rows_that_the_viewer_may_see(
    crowd: World, asker: Asker, rows: dict[str, list[Row]], viewer: str
) -> None:
    document = (
        f"{{ mentions(first: 0) {{ stats {{ ...M }} }} leads(last: 1) {{ stats {{ ...L }} }} "
        f"mentionStats {{ ...M }} leadStats(filter: {{}}) {{ ...L }} }} {STATS}"
    )
    data = (await asker(document, viewer=viewer)).data
    mine = {
        table: [row for row in rows[table] if viewer == "olga" or row["user_id"] == crowd.users[viewer]]
        for table in ("mentions", "leads")
    }
    assert data["mentions"]["stats"] == mention_stats(mine["mentions"], rows)
    assert data["leads"]["stats"] == lead_stats(mine["leads"], rows)
    assert data["mentionStats"] == data["mentions"]["stats"]
    assert data["leadStats"] == data["leads"]["stats"]


async def test_figures_of_nested_lists_cover_the_rows_of_their_parent(
    asker: Asker, rows: dict[str, list[Row]]
) -> None:
    document = f"""{{
        users {{ nodes {{ id mentions {{ stats {{ ...M }} }} leads {{ stats {{ ...L }} }} }} }}
        keywords(first: 100) {{ nodes {{ id mentions {{ stats {{ ...M }} }} leads {{ stats {{ ...L }} }} }} }}
    }} {STATS}"""
    data = (await asker(document, viewer="olga")).data
    for tag, parents, column in (
        ("User", data["users"], "user_id"),
        ("Keyword", data["keywords"], "keyword_id"),
    ):
        assert len(parents["nodes"]) in {3, 60}
        ids = {encode(tag, row["id"]): row["id"] for row in rows[f"{tag.lower()}s"]}
        for node in parents["nodes"]:
            of_parent = {
                table: [row for row in rows[table] if row[column] == ids[node["id"]]]
                for table in ("mentions", "leads")
            }
            assert node["mentions"]["stats"] == mention_stats(of_parent["mentions"], rows)
            assert node["leads"]["stats"] == lead_stats(of_parent["leads"], rows)


async def test_figures_of_filtered_lists_cover_the_matching_rows(
    crowd: World, asker: Asker, rows: dict[str, list[Row]]
) -> None:
    document = f"""{{
        mentions(filter: {{likes: {{gte: 1}}, hasLead: true}}) {{ stats {{ ...M }} }}
        leads(filter: {{not: {{value: {{gt: "10.001"}}}}, platform: {{in: [X, REDDIT]}}}}) {{ stats {{ ...L }} }}
        mentionStats(filter: {{likes: {{gte: 1}}, hasLead: true}}) {{ ...M }}
        leadStats(filter: {{not: {{value: {{gt: "10.001"}}}}, platform: {{in: [X, REDDIT]}}}}) {{ ...L }}
    }} {STATS}"""
    data = (await asker(document)).data
    with_lead = {row["mention_id"] for row in rows["leads"]}
    platforms = {row["id"]: row["platform"] for row in rows["mentions"]}
    mentions = [
        row
        for row in rows["mentions"]
        if row["user_id"] == crowd.users["ann"] and (row["likes"] or 0) >= 1 and row["id"] in with_lead
    ]
    leads = [
        row
        for row in rows["leads"]
        if row["user_id"] == crowd.users["ann"]
        and not (row["value"] is not None and row["value"] > Decimal("10.001"))
        and platforms[row["mention_id"]] in {"x", "reddit"}
    ]
    assert min(len(mentions), len(leads)) > 3
    assert data["mentionStats"] == data["mentions"]["stats"] == mention_stats(mentions, rows)
    assert data["leadStats"] == data["leads"]["stats"] == lead_stats(leads, rows)


async def test_sums_may_exceed_32_bits(crowd: World, asker: Asker, rows: dict[str, list[Row]]) -> None:
    likes = (await asker("{ mentions { stats { likes } } }", viewer="olga")).data["mentions"]["stats"][
        "likes"
    ]
    assert likes == sum(row["likes"] or 0 for row in rows["mentions"]) > 2**32


@pytest.mark.parametrize("first", [0, 1, 3, 100])
async def test_by_keyword_lists_the_most_frequent_keywords(
    crowd: World, asker: Asker, rows: dict[str, list[Row]], first: int
) -> None:
    document = "query($n: Int) { mentions { stats { byKeyword(first: $n) { keyword { id } count } } } }"
    found = (await asker(document, n=first)).data["mentions"]["stats"]["byKeyword"]
    mine = [row["keyword_id"] for row in rows["mentions"] if row["user_id"] == crowd.users["ann"]]
    wanted = [
        {"keyword": {"id": encode("Keyword", id_)}, "count": n} for id_, n in most_frequent(mine)[:first]
    ]
    assert found == wanted


BASES = ["LEADS_PER_MENTION", "CONVERTED_PER_MENTION", "CONVERTED_PER_LEAD", "QUALIFIED_PER_LEAD"]


@pytest.mark.parametrize("field", ["rate", "conversionRate"])
async def test_rates_of_users_and_keywords_are_exact(
    asker: Asker, rows: dict[str, list[Row]], field: str
) -> None:
    rates = " ".join(f"{basis}: {field}(basis: {basis}) {{ ...R }}" for basis in BASES)
    document = f"""{{ users {{ nodes {{ id default: conversionRate {{ ...R }} {rates} }} }}
        keywords(first: 100) {{ nodes {{ id default: conversionRate {{ ...R }} {rates} }} }} }}
        fragment R on Rate {{ value numerator denominator basis }}"""
    answer = await asker(document, viewer="olga")
    for tag, list_, column, default in (
        ("User", "users", "user_id", "CONVERTED_PER_MENTION"),
        ("Keyword", "keywords", "keyword_id", "LEADS_PER_MENTION"),
    ):
        ids = {encode(tag, row["id"]): row["id"] for row in rows[list_]}
        for node in answer.data[list_]["nodes"]:
            mentions = sum(row[column] == ids[node["id"]] for row in rows["mentions"])
            leads = [row for row in rows["leads"] if row[column] == ids[node["id"]]]
            converted = sum(row["status"] == "converted" for row in leads)
            qualified = sum(row["qualified_at"] is not None for row in leads)
            wanted = {
                "LEADS_PER_MENTION": rate(len(leads), mentions, "LEADS_PER_MENTION"),
                "CONVERTED_PER_MENTION": rate(converted, mentions, "CONVERTED_PER_MENTION"),
                "CONVERTED_PER_LEAD": rate(converted, len(leads), "CONVERTED_PER_LEAD"),
                "QUALIFIED_PER_LEAD": rate(qualified, len(leads), "QUALIFIED_PER_LEAD"),
            }
            assert node == {"id": node["id"], "default": wanted[default], **wanted}
    # Leads that were ever qualified are counted. All other numbers are counters.
    assert sorted(answer.statements) == [
        "keywords page",
        "leads count keyword_id",
        "leads count user_id",
        "users page",
    ]


def test_rates_are_rounded_half_up() -> None:
    assert (
        Rate(1, 800, RateBasis.LEADS_PER_MENTION).value == 0.13
    )  # 0.125, which floats and half-even rounding turn into 0.12
    assert Rate(1, 2000, RateBasis.LEADS_PER_MENTION).value == 0.05
    assert Rate(3, 800, RateBasis.LEADS_PER_MENTION).value == 0.38
    assert Rate(5, 4, RateBasis.LEADS_PER_MENTION).value == 125.0
    assert Rate(7, 0, RateBasis.LEADS_PER_MENTION).value == 0.0
    for numerator, denominator in itertools.product(range(0, 400, 7), range(1, 2000, 13)):
        assert Rate(numerator, denominator, RateBasis.LEADS_PER_MENTION).value == half_up(
            numerator, denominator
        )
    huge = Rate(2**31 - 1, 3, RateBasis.LEADS_PER_MENTION)
    assert Decimal(str(huge.value)) == (Decimal(100 * (2**31 - 1)) / 3).quantize(
        Decimal("0.01"), ROUND_HALF_UP
    )


def parsed(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() == timedelta(0)
    return moment


def local_days(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, date]]:
    """Return the times at which the date in the zone advances.

    Look at every quarter of an hour, so that no arithmetic with UTC offsets is needed.
    """
    changes = []
    minute = start.replace(second=0, microsecond=0)
    seen = (minute - timedelta(days=3)).astimezone(zone).date()
    minute -= timedelta(days=3)
    while minute < end + timedelta(days=3):
        today = minute.astimezone(zone).date()
        if today > seen:
            changes.append((minute, today))
            seen = today
        minute += timedelta(minutes=15)
    return changes


def first_day_of_unit(day: date, unit: str, week_start: int) -> date:
    if unit == "DAY":
        return day
    if unit == "MONTH":
        return date(day.year, day.month, 1)
    while day.isoweekday() != week_start:
        day -= timedelta(days=1)
    return day


def series(
    moments: Sequence[datetime], unit: str, zone: str, start: datetime, end: datetime, week_start: int = 1
) -> list[dict[str, Any]]:
    """Return the expected windows of a series, derived from `local_days`."""
    changes = [
        (moment, first_day_of_unit(day, unit, week_start))
        for moment, day in local_days(start - timedelta(days=35), end + timedelta(days=35), ZoneInfo(zone))
    ]
    starts = [next(group)[0] for _, group in itertools.groupby(changes, key=lambda change: change[1])]
    found = []
    now = datetime.now(UTC)
    for begins, ends in itertools.pairwise(starts):
        cut_start, cut_end = max(begins, start), min(ends, end)
        if cut_start < cut_end:
            found.append(
                {
                    "start": cut_start.astimezone(UTC).isoformat(),
                    "end": cut_end.astimezone(UTC).isoformat(),
                    "count": sum(cut_start <= moment < cut_end for moment in moments),
                    "partial": (cut_start, cut_end) != (begins, ends) or now < ends,
                    "future": now < cut_start,
                }
            )
    return found


OVER_TIME = """query($by: TimeUnit!, $zone: String, $from: DateTime, $to: DateTime, $filter: MentionFilter) {
    mentions(filter: $filter) { stats { overTime(by: $by, timeZone: $zone, from: $from, to: $to) { start end count partial future } } } }"""


async def over_time(asker: Asker, viewer: str = "tim", **variables: object) -> list[dict[str, Any]]:
    answer = await asker(OVER_TIME, viewer=viewer, **variables)
    found: list[dict[str, Any]] = answer.data["mentions"]["stats"]["overTime"]
    return found


@pytest.fixture(scope="module")
async def tim(crowd: World) -> Any:
    """The crowd with one more member, and a keyword of this member for `replace_mentions`."""
    await crowd.add_user("tim")
    (keyword,) = await crowd.add(
        "keywords", [{"user_id": crowd.users["tim"], "keyword": "x", "required_terms": []}]
    )
    return crowd, keyword


async def replace_mentions(tim: Any, moments: Sequence[datetime]) -> None:
    crowd, keyword = tim
    await crowd.pool.execute("DELETE FROM mentions WHERE user_id = $1", crowd.users["tim"])
    rows = [
        {
            "user_id": crowd.users["tim"], "keyword_id": keyword, "platform": "web", "external_id": str(n),
            "kind": "post", "url": "https://example.com", "content": "x", "author": "", "created_at": moment.isoformat(),
        }
        for n, moment in enumerate(moments)
    ]  # fmt: skip
    await crowd.add("mentions", rows)


# Time zones, each with a time near a change of its clocks or near a midnight.
CLOCKS = [
    ("America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # there is no midnight: 00:00 becomes 01:00
    ("America/Sao_Paulo", "2018-02-18T02:00:00+00:00"),  # 00:00 becomes 23:00 of the day before
    ("Asia/Beirut", "2018-03-24T22:00:00+00:00"),  # there is no midnight
    ("Asia/Beirut", "2018-10-27T21:00:00+00:00"),  # 00:00 becomes 23:00
    ("America/Havana", "2018-11-04T05:00:00+00:00"),  # 01:00 becomes 00:00: midnight comes twice
    ("America/Havana", "2018-03-11T05:00:00+00:00"),  # there is no midnight
    ("Europe/Berlin", "2018-10-28T01:00:00+00:00"),
    ("Europe/Berlin", "2018-03-25T01:00:00+00:00"),
    ("Australia/Lord_Howe", "2018-10-06T15:30:00+00:00"),  # clocks change by half an hour
    ("Asia/Kolkata", "2018-01-31T18:30:00+00:00"),
    ("Asia/Kathmandu", "2018-01-31T18:15:00+00:00"),
    ("America/St_Johns", "2018-11-04T04:30:00+00:00"),
    ("Pacific/Apia", "2011-12-30T10:00:00+00:00"),  # 30 December does not exist
    ("Pacific/Kiritimati", "2018-01-31T10:00:00+00:00"),
    ("Etc/GMT+12", "2018-01-31T12:00:00+00:00"),
    ("UTC", "2018-12-31T00:00:00+00:00"),
]


@pytest.mark.parametrize(("zone", "text"), CLOCKS, ids=[f"{zone} {text[:10]}" for zone, text in CLOCKS])
async def test_series_follow_the_days_weeks_and_months_of_the_time_zone(
    tim: Any, asker: Asker, zone: str, text: str
) -> None:
    change = datetime.fromisoformat(text)
    chance = random.Random(text)  # noqa: S311 - the same mentions in every run
    near = [
        timedelta(hours=h) + d
        for h in (-25, -24, -23, -1, 0, 1, 23, 24, 25)
        for d in (-timedelta(microseconds=1), timedelta(0))
    ]
    moments = [change + some for some in near]
    moments += [change + timedelta(seconds=chance.randrange(-40 * 86_400, 40 * 86_400)) for _ in range(60)]
    await replace_mentions(tim, moments)
    for unit, before, after in [("DAY", 4, 4), ("WEEK", 20, 20), ("MONTH", 35, 40)]:
        start, end = change - timedelta(days=before, hours=5), change + timedelta(days=after, minutes=7)
        found = await over_time(
            asker, by=unit, zone=zone, **{"from": start.isoformat(), "to": end.isoformat()}
        )
        assert found == series(moments, unit, zone, start, end)
        assert sum(window["count"] for window in found) == sum(start <= moment < end for moment in moments)
        assert [window["end"] for window in found[:-1]] == [window["start"] for window in found[1:]]


def test_expected_series_agree_with_published_changes_of_clocks() -> None:
    """Compare the helpers of this file with known lengths of days."""
    start, end = datetime(2018, 11, 3, 3, tzinfo=UTC), datetime(2018, 11, 6, 2, tzinfo=UTC)
    days = series([], "DAY", "America/Sao_Paulo", start, end)
    hours = [(parsed(day["end"]) - parsed(day["start"])) / timedelta(hours=1) for day in days]
    assert hours == [24, 23, 24]
    samoa = series(
        [],
        "DAY",
        "Pacific/Apia",
        datetime(2011, 12, 29, 10, tzinfo=UTC),
        datetime(2011, 12, 31, 10, tzinfo=UTC),
    )
    assert [day["start"] for day in samoa] == ["2011-12-29T10:00:00+00:00", "2011-12-30T10:00:00+00:00"]


@pytest.mark.parametrize("week_start", [1, 6, 7])
async def test_weeks_begin_on_the_viewers_first_day_of_the_week(
    tim: Any, asker: Asker, week_start: int
) -> None:
    crowd, _ = tim
    await crowd.pool.execute(
        "UPDATE users SET week_start = $1, time_zone = 'Asia/Kolkata' WHERE id = $2",
        week_start,
        crowd.users["tim"],
    )
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=17 * n) for n in range(60)]
    await replace_mentions(tim, moments)
    start, end = datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 2, 3, 12, tzinfo=UTC)
    found = await over_time(asker, by="WEEK", **{"from": start.isoformat(), "to": end.isoformat()})
    assert found == series(moments, "WEEK", "Asia/Kolkata", start, end, week_start)
    first = parsed(found[1]["start"]).astimezone(ZoneInfo("Asia/Kolkata"))
    assert (first.isoweekday(), first.time()) == (week_start, time())
    await crowd.pool.execute(
        "UPDATE users SET week_start = 1, time_zone = 'UTC' WHERE id = $1", crowd.users["tim"]
    )


@pytest.mark.parametrize(("unit", "number"), [("DAY", 30), ("WEEK", 12), ("MONTH", 12)])
async def test_the_range_ends_with_the_current_unit_by_default(
    tim: Any, asker: Asker, unit: str, number: int
) -> None:
    now = datetime.now(UTC)
    moments = [now - timedelta(hours=30 * n) for n in range(100)]
    await replace_mentions(tim, moments)
    found = await over_time(asker, by=unit)
    assert len(found) == number
    assert [window["partial"] for window in found] == [False] * (number - 1) + [True]
    assert parsed(found[-1]["start"]) <= now < parsed(found[-1]["end"])
    assert found == series(moments, unit, "UTC", parsed(found[0]["start"]), parsed(found[-1]["end"]))


async def test_timestamps_with_offsets_are_accepted_and_returned_in_utc(tim: Any, asker: Asker) -> None:
    await replace_mentions(tim, [datetime(2026, 1, 31, 23, 30, tzinfo=UTC)])
    found = await over_time(
        asker,
        by="DAY",
        **{"from": "2026-02-01T00:00:00+01:00", "to": "2026-02-01T23:00:00+01:00"},
        zone="Europe/Berlin",
    )
    assert found == [
        {
            "start": "2026-01-31T23:00:00+00:00",
            "end": "2026-02-01T22:00:00+00:00",
            "count": 1,
            "partial": True,
            "future": False,
        }
    ]


async def test_empty_ranges_have_no_windows_and_invalid_ranges_are_refused(tim: Any, asker: Asker) -> None:
    at_noon = "2026-01-31T12:00:00Z"
    assert await over_time(asker, by="DAY", **{"from": at_noon, "to": at_noon}) == []
    for variables, message in [
        (
            {"by": "DAY", "from": at_noon, "to": "2026-01-31T11:59:59Z"},
            "`from` (2026-01-31T12:00:00+00:00) must not be later than `to` (2026-01-31T11:59:59+00:00).",
        ),
        (
            {"by": "DAY", "from": "2000-01-01T00:00:00Z", "to": at_noon},
            "`from` and `to` must be at most 1000 units apart. Use longer units.",
        ),
        (
            {"by": "MONTH", "from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
            "`from` and `to` must be at most 1000 units apart. Use longer units.",
        ),
        (
            {
                "by": "DAY",
                "from": "0001-01-01T00:00:00Z",
                "to": "0001-01-03T00:00:00Z",
                "zone": "America/New_York",
            },
            "`from` and `to` must not be near the end of the calendar.",
        ),
        (
            {"by": "DAY", "from": "9999-12-30T00:00:00Z", "to": "9999-12-31T23:59:59Z", "zone": "Asia/Tokyo"},
            "`from` and `to` must not be near the end of the calendar.",
        ),
        (
            {"by": "WEEK", "zone": "Mars/Base"},
            "`timeZone`: 'Mars/Base' is not an IANA time zone, such as Europe/Berlin.",
        ),
    ]:
        answer = await asker(OVER_TIME, viewer="tim", **variables)
        assert (answer.code, answer.error["message"]) == ("BAD_USER_INPUT", message)
    longest = await over_time(
        asker, by="DAY", **{"from": "2020-01-01T00:00:00Z", "to": "2022-09-27T00:00:00Z"}
    )
    assert len(longest) == 1000


EVERY_FIGURE = f"""query($k: Int) {{
    keywords(first: $k) {{ nodes {{
        mentions(filter: {{likes: {{gte: 0}}}}) {{ stats {{ ...M overTime(by: DAY) {{ count }} }} }}
        leads(filter: {{status: {{notIn: []}}}}) {{ stats {{ ...L overTime(by: MONTH) {{ count }} }} }}
        conversionRate(basis: QUALIFIED_PER_LEAD) {{ value }}
    }} }} }} {STATS}"""
_OF_FILTERED_LISTS = [
    "leads count keyword_id",
    "leads group keyword_id keyword_id",
    "leads group keyword_id platform",
    "leads group keyword_id status",
    "leads sum keyword_id value currency",
    "mentions count keyword_id",
    "mentions group keyword_id intent",
    "mentions group keyword_id keyword_id",
    "mentions group keyword_id platform",
    "mentions group keyword_id sentiment",
    "mentions sum keyword_id comments",
    "mentions sum keyword_id likes",
]
STATEMENTS_OF_EVERY_FIGURE = [
    "keywords by id + leads per_window keyword_id + mentions per_window keyword_id",
    "keywords page",
    "leads count keyword_id",
    " + ".join([*_OF_FILTERED_LISTS, "users by id"]),
]


async def test_figures_take_the_same_statements_for_any_number_of_parents_and_rows(
    asker: Asker,
) -> None:
    world = asker.world
    await world.add_user("dot")
    await world.add_keywords("dot", keywords=50, mentions=4)
    few = await asker(EVERY_FIGURE, viewer="dot", k=1)
    many = await asker(EVERY_FIGURE, viewer="dot", k=50)
    assert (len(few.data["keywords"]["nodes"]), len(many.data["keywords"]["nodes"])) == (1, 50)
    assert sorted(few.statements) == sorted(many.statements) == STATEMENTS_OF_EVERY_FIGURE
    await world.add_user("don")
    await world.add_keywords("don", keywords=50, mentions=40)
    more = await asker(EVERY_FIGURE, viewer="don", k=50)
    assert sorted(more.statements) == STATEMENTS_OF_EVERY_FIGURE


async def test_only_selected_figures_are_computed(asker: Asker) -> None:
    assert (await asker("{ mentions { stats { __typename } } }")).statements == []
    assert (await asker("{ mentions { stats { count } totalCount } }")).statements == [
        "mentions_count sum_of_counter",
    ]
    answer = await asker("{ leads { stats { conversionRate { value } byStatus { count } } } }")
    assert answer.statements == ["leads group status"]


async def test_root_figures_take_one_statement(asker: Asker) -> None:
    assert (await asker("{ leadStats { __typename } mentionStats { __typename } }")).statements == []
    assert (await asker("{ leadStats { count } }")).statements == ["leads_count sum_of_counter"]
    document = """{
        leadStats(filter: {score: {gte: 50}}) { count value { total } byStatus { count } conversionRate { value } }
        mentionStats(filter: {likes: {gte: 1}}) { count byPlatform { count } bySentiment { count } byIntent { count } }
        leads(filter: {score: {gte: 50}}) { totalCount stats { byStatus { count } } }
    }"""
    (together,) = (await asker(document)).statements
    assert together.split(" + ") == [
        "leads count",
        "leads group status",
        "leads sum value currency",
        "mentions count",
        "mentions group intent",
        "mentions group platform",
        "mentions group sentiment",
    ]


async def test_root_figures_ignore_rows_of_other_users(crowd: World, asker: Asker) -> None:
    foreign = max(row["keyword_id"] for row in await crowd.rows("leads", "ben"))
    document = """query($l: LeadFilter, $m: MentionFilter) { leadStats(filter: $l) { count value { total } byStatus { count } }
        mentionStats(filter: $m) { count likes byPlatform { count } } }"""
    wanted = {"keywordId": {"eq": encode("Keyword", foreign)}}
    empty = {
        "leadStats": {"count": 0, "value": [], "byStatus": [{"count": 0}] * 5},
        "mentionStats": {"count": 0, "likes": 0, "byPlatform": []},
    }
    assert (await asker(document, l=wanted, m=wanted)).data == empty
    for viewer in ("ben", "olga"):
        data = (await asker(document, viewer=viewer, l=wanted, m=wanted)).data
        assert data["leadStats"]["count"] > 0
        assert data["mentionStats"]["count"] > 0


FILTERS_OF_FIGURES: dict[str, list[dict[str, Any]]] = {
    "mentions": [
        {"search": "crm"}, {"keywordId": {"notIn": []}}, {"integrationId": {"notIn": []}}, {"platform": {"eq": "X"}},
        {"kind": {"notIn": ["POST"]}}, {"author": {"eq": "ada"}}, {"language": {"isNull": True}}, {"likes": {"gt": 0}},
        {"comments": {"isNull": False}}, {"publishedAt": {"isNull": True}}, {"createdAt": {"gt": "2026-02-01T00:00:00Z"}},
        {"sentiment": {"eq": "POSITIVE"}}, {"intent": {"isNull": True}}, {"relevance": {"notIn": ["HIGH"]}},
        {"relevanceScore": {"gte": 50}}, {"hasLead": False}, {"leadStatus": {"in": ["NEW", "CONVERTED"]}},
        {"externalId": {"contains": "1"}},
    ],
    "leads": [
        {"keywordId": {"notIn": []}}, {"platform": {"in": ["X", "REDDIT"]}}, {"status": {"eq": "NEW"}},
        {"origin": {"notIn": ["API"]}}, {"score": {"isNull": True}}, {"value": {"gt": "1"}}, {"currency": {"eq": "EUR"}},
        {"company": {"isNull": False}}, {"externalReference": {"isNull": True}}, {"createdAt": {"gt": "2026-02-01T00:00:00Z"}},
        {"search": "crm or acme"}, {"intent": {"isNull": True}}, {"contactEmail": {"eq": "ADA@acme.com"}},
        {"tags": {"hasAny": ["hot"]}}, {"updatedAt": {"gt": "2026-02-01T00:00:00Z"}}, {"assigneeId": {"isNull": True}},
        {"statusChangedAt": {"lt": "2026-02-02T00:00:00Z"}}, {"convertedAt": {"isNull": True}},
        {"qualifiedAt": {"gte": "2026-01-15T00:00:00Z"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("list_", ["mentions", "leads"])
async def test_figures_of_every_filter_agree_with_the_filtered_page(asker: Asker, list_: str) -> None:
    """Some filters test the columns by which figures are grouped. Lists are at the root and below parents."""
    kind, name, fragment = (
        ("MentionFilter", "M", OF_MENTIONS) if list_ == "mentions" else ("LeadFilter", "L", OF_LEADS)
    )
    page = f"""{list_}(first: 100, filter: $f) {{ nodes {{ id }} totalCount stats {{ ...{name}
        overTime(by: MONTH, from: "2025-12-31T00:00:00Z", to: "2026-03-01T00:00:00Z") {{ count }} }} }}"""
    document = f"query($f: {kind}) {{ {page} viewer {{ {page} keywords(last: 20) {{ nodes {{ {page} }} }} }} }} {fragment}"
    fields = FILTERS_OF_FIGURES[list_]
    wanted = [{}, *fields, *({"not": one} for one in fields), {"or": fields[:9]}, {"and": fields[-2:]}]
    for one in wanted:
        data = (await asker(document, f=one)).data
        places = [
            data[list_],
            data["viewer"][list_],
            *(node[list_] for node in data["viewer"]["keywords"]["nodes"]),
        ]
        for place in places:
            stats, number = place["stats"], len(place["nodes"])
            assert place["totalCount"] == stats["count"] == number, one
            by_value = [
                stats["byPlatform"],
                stats["byKeyword"],
                stats.get("bySentiment", stats.get("byStatus")),
            ]
            for counted in (*by_value, stats["overTime"]):
                assert sum(group["count"] for group in counted) == number, one
