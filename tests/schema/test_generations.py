"""The figures of one answer agree with each other, whatever the cache holds and whoever writes meanwhile."""

import asyncio
import random
import re
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from services.integrations.health import refresh_all
from tests.support.rows import add_mention
from tests.support.world import Asker

PARTS = {
    "totals": "analytics { conversions { mentions { value } } }",
    "days": "analytics { overTime { points { mentions } } }",
    "months": "viewer { dashboard { analytics { overTime(by: MONTH) { points { mentions } } } } }",
    "another window": "analytics(range: LAST_7_DAYS) { conversions { mentions { value } } }",
    "counters": "dashboard { conversionMetrics { conversionRate { denominator } } }",
    "keyword table": "dashboard { keywordPerformance(first: 20) { mentions { value } } }",
    "ranking": "analytics { keywords(first: 100, orderBy: MENTIONS) { mentions { value } } }",
    "recent leads": "dashboard { recentLeads { keyword { mentionsCount } } }",
    "keywords": "keywords { nodes { performance { mentions { value } } } }",
    "days of keywords": "keywords { nodes { performance { overTime { points { mentions } } } } }",
    "keyword table's days": "dashboard { keywordPerformance { overTime { points { mentions } } } }",
}
"""Fields whose numbers add up to all mentions of the user."""

_numbers = count()


@pytest.fixture(scope="module")
async def people(asker: Asker) -> Any:
    """The members ann and ben, whose mentions and leads are of the last days, and the operator olga."""
    world = asker.world
    await world.add_user("olga", role="operator")
    for name in ("ann", "ben"):
        await world.add_user(name)
        await world.add_keywords(name, keywords=2, mentions=2)
        await world.add_integrations(name, integrations=1)
    await world.pool.execute("UPDATE mentions SET created_at = now()")
    return asker


async def ingest(people: Any, name: str = "ann") -> None:
    """Add a mention, and leave the data version unchanged."""
    keyword = (await people.world.rows("keywords", name))[0]
    await add_mention(people.world.pool, keyword["id"], external_id=f"late-{next(_numbers)}")


def total(shown: Any) -> int:
    """Return the sum of all numbers of a part of an answer."""
    if isinstance(shown, dict):
        return sum(total(value) for value in shown.values())
    if isinstance(shown, list):
        return sum(total(value) for value in shown)
    return shown if isinstance(shown, int) else 0


def document(*names: str, max_age: int | None = None) -> str:
    """Return a query of the parts, each with an alias. The maximum age is that of the fields with a window."""
    parts = []
    for name in names:
        part = PARTS[name]
        if max_age is not None:
            field = re.compile(r"(dashboard|analytics|performance)\b(\((.*?)\))?")
            part = field.sub(lambda found: f"{found[1]}(maxAge: {max_age} {found[3] or ''})", part, count=1)
        parts.append(f"{'_'.join(name.split()).replace(chr(39), '')}: {part}")
    return f"{{ {' '.join(parts)} }}"


async def totals(people: Any, text: str, viewer: str = "ann") -> set[int]:
    return {total(part) for part in (await people(text, viewer=viewer)).data.values()}


async def mentions_of(people: Any, name: str = "ann") -> int:
    return len(await people.world.rows("mentions", name))


async def settled(people: Any) -> None:
    while people.cached._refreshes:
        await asyncio.gather(*people.cached._refreshes)


@pytest.mark.parametrize("first", PARTS)
async def test_figures_that_were_cached_at_different_times_agree_in_one_answer(
    people: Any, first: str
) -> None:
    for second in PARTS:
        await people.forget()
        before = await mentions_of(people)
        assert await totals(people, document(first)) == {before}
        await ingest(people)
        await totals(people, document(second))
        shown = await totals(people, document(first, second))
        assert len(shown) == 1, second
        assert shown <= {before, before + 1}, second
        await settled(people)
        misses = people.cached.statistics.misses
        assert await totals(people, document(first, second)) <= {before, before + 1}
        assert people.cached.statistics.misses == misses, second


async def test_a_figure_that_is_found_missing_late_brings_all_figures_up_to_date(people: Any) -> None:
    """The days are requested after the table has been served from the cache, so the query runs again."""
    table = "dashboard { keywordPerformance { mentions { value } } }"
    await people.forget()
    old = total((await people(f"{{ {table} }}")).data)
    await ingest(people)
    both = "{ dashboard { keywordPerformance { mentions { value } overTime { points { mentions } } } } }"
    answer = await people(both)
    tables = answer.data["dashboard"]["keywordPerformance"]
    assert [one["mentions"]["value"] for one in tables] == [total(one["overTime"]) for one in tables]
    assert total(answer.data) == 2 * (old + 1)
    assert answer.statements == ["users by id", "keyword_id slots", "keywords_ranking"]
    again = await people(both)
    assert (again.data, again.statements) == (answer.data, ["users by id"])


async def test_an_exact_figure_brings_the_figures_beside_it_up_to_date(people: Any) -> None:
    await people.forget()
    old = await mentions_of(people)
    assert await totals(people, document("totals", "days")) == {old}
    await ingest(people)
    text = f"{document('totals', max_age=0)[:-1]} {document('days')[1:]}"
    assert await totals(people, text) == {old + 1}
    assert await totals(people, document("totals", "days", max_age=3600)) == {old + 1}


async def test_quiet_data_keeps_figures_of_different_times_in_one_generation(people: Any) -> None:
    await people.forget()
    await people(document("totals"))
    await people(document("days"))
    computed = people.cached.statistics.computed
    assert len(await totals(people, document("totals", "days"))) == 1
    await people(document("totals", "days", "keyword table"))
    assert people.cached.statistics.computed == computed + 1


async def test_a_mutation_payload_shows_the_state_after_the_mutation(people: Any) -> None:
    """A mutation cannot run twice, so no figure of its payload is older than its snapshot."""
    await people.world.add_user("cal")
    await people.world.add_keywords("cal", keywords=1, mentions=2)
    await people.world.pool.execute("UPDATE mentions SET created_at = now()")
    fields = """mentionsCount performance { mentions { value } }
        week: performance(range: LAST_7_DAYS) { mentions { value } }"""
    cached = (await people(f"{{ keywords {{ nodes {{ {fields} }} }} }}", viewer="cal")).data
    assert total(cached) == 3 * 2
    (keyword,) = await people.world.rows("keywords", "cal")
    text = f"""mutation($input: IngestMentionsInput!) {{ ingestMentions(input: $input) {{
        results {{ mentions {{ keyword {{ {fields} }} }} }} }} }}"""
    item = {"platform": "WEB", "externalId": "own", "url": "https://example.com", "content": "text"}
    values = {"items": [item | {"keywordId": encode("Keyword", keyword["id"])}]}
    answer = await people(text, viewer="cal", input=values)
    assert total(answer.data) == 3 * 3


async def test_an_operators_list_of_dashboards_agrees_for_each_user(people: Any) -> None:
    await people.forget()
    both = """{ users { nodes { name dashboard { analytics { %s } } } } }"""
    conversions, days = "conversions { mentions { value } }", "overTime { points { mentions } }"
    await people(both % conversions, viewer="olga")
    for name in ("ann", "ann", "ben"):
        await ingest(people, name)
    await people(both % days, viewer="olga")
    nodes = (await people(both % f"{conversions} {days}", viewer="olga")).data["users"]["nodes"]
    assert [one["name"] for one in nodes].count("ann") == 1
    for one in nodes:
        analytics = one["dashboard"]["analytics"]
        assert total(analytics["conversions"]) == total(analytics["overTime"]), one["name"]


async def test_recomputed_health_does_not_appear_beside_older_health(people: Any) -> None:
    await people.forget()
    (row,) = await people.world.rows("integrations", "ann")
    widget, own = "integrationStatus { score }", f'integration(id: "{encode("Integration", row["id"])}")'
    await people.world.change("integrations", row["id"], health_score=55)
    assert total((await people(f"{{ dashboard {{ {widget} }} }}")).data) == 55
    async for _ in refresh_all(people.world.pool, datetime.now(UTC)):
        pass
    await people(f"{{ {own} {{ health {{ score }} }} }}")
    shown = (await people(f"{{ dashboard {{ {widget} }} {own} {{ health {{ score }} }} }}")).data
    (status,) = shown["dashboard"]["integrationStatus"]
    assert status == shown["integration"]["health"] == {"score": None}


async def test_no_answer_contradicts_itself_while_others_ingest(people: Any) -> None:
    """Readers of changing parts and ages, with writers that never pause."""
    await people.forget()
    done = asyncio.Event()
    chance = random.Random(8)  # noqa: S311 - reproducible

    async def write(name: str) -> None:
        while not done.is_set():
            await ingest(people, name)

    async def read() -> None:
        for _ in range(25):
            names = chance.sample(list(PARTS), chance.choice([2, 3, 4]))
            text = document(*names, max_age=chance.choice([None, None, None, 1, 0]))
            shown = await totals(people, text)
            assert len(shown) == 1, (text, shown)
            assert max(shown) <= await mentions_of(people)

    writers = [asyncio.create_task(write(name)) for name in ("ann", "ben")]
    try:
        await asyncio.gather(*(read() for _ in range(3)))
    finally:
        done.set()
        await asyncio.gather(*writers)
    await settled(people)
