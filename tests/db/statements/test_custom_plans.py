"""Statements whose best plan depends on a searched word are planned for each run, and others once.

PostgreSQL plans a prepared statement for its values five times. Then it compares the costs with those of a plan for any
values, in which each word and each range has as many rows as another. A page with a common word would be found by the
full-text index, and the rows of a year by the index of a time.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.engine.session import Session
from db.engine.writer import in_transaction
from db.language.filter import EVERYTHING, All, AnyOf, Filter, Not, Operator, needs_values
from db.language.filter import Test as Condition
from db.language.keyset import NEWEST_FIRST, PageBounds
from db.language.scope import Scope
from db.models import Base, Lead, Mention
from db.statements import counts
from db.statements.read_rows import page

RUNS = 12
_PLANS = """
SELECT sum(generic_plans)::int AS generic, sum(custom_plans)::int AS custom FROM pg_prepared_statements
WHERE statement LIKE '%/* leadgraph: ' || $1 || '% */'
"""
SEARCH = Condition("search", Operator.MATCHES, "crm")
COMPANY = Condition("company", Operator.CONTAINS, "acme")
TAGS = Condition("tags", Operator.HAS_ANY, ("hot",))
ALL_TAGS = Condition("tags", Operator.HAS_ALL, ("hot",))
SCORE = Condition("score", Operator.GTE, 50)
STATUS = Condition("status", Operator.EQ, "new")


async def _page(session: Session, model: type[Base], where: Filter) -> object:
    return await page(session, Scope(1), model, NEWEST_FIRST, PageBounds(10), where)


async def _in_reader(pool: Pool, model: type[Base], where: Filter) -> None:
    reader = Reader(pool)
    await _page(reader, model, where)
    reader.close()


async def _alone(pool: Pool, model: type[Base], where: Filter) -> None:
    reader = Reader(pool, single=True, most=1)
    await _page(reader, model, where)
    reader.close()


async def _with_another(pool: Pool, model: type[Base], where: Filter) -> None:
    """Two statements of one turn are all of the operation, and would need no transaction otherwise."""
    reader = Reader(pool, most=2)
    await asyncio.gather(
        _page(reader, model, where), counts.count(reader, Scope(1), model, None, None, EVERYTHING)
    )
    reader.close()


async def _in_writer(pool: Pool, model: type[Base], where: Filter) -> None:
    await in_transaction(pool, lambda writer: _page(writer, model, where))


Read = Callable[[Pool, type[Base], Filter], Awaitable[None]]


async def _plans(url: str, read: Read, model: type[Base], where: Filter, name: str) -> tuple[int, int]:
    """Return how many runs had the plan for any values, and how many a plan for theirs."""
    async with await open_pool(url, size=1) as single:
        for _ in range(RUNS):
            await read(single, model, where)
        async with single.acquire() as connection:
            row = await connection.fetchrow(_PLANS, name)
            assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
    assert row is not None
    return row["generic"], row["custom"]


@pytest.mark.direct
@pytest.mark.parametrize(
    ("read", "name"),
    [
        (_in_reader, "mentions page"),
        (_alone, "mentions page"),
        (_with_another, "mentions count + mentions page"),
        (_in_writer, "mentions page"),
    ],
)
async def test_each_run_of_a_search_is_planned_for_its_words(
    database_url: str, read: Read, name: str
) -> None:
    assert await _plans(database_url, read, Mention, SEARCH, name) == (0, RUNS)


@pytest.mark.direct
@pytest.mark.parametrize(
    "where", [SEARCH, SCORE, COMPANY, TAGS, ALL_TAGS, All((STATUS, AnyOf((Not(TAGS), STATUS))))]
)
async def test_so_is_each_run_with_ranges_parts_of_texts_or_tags(database_url: str, where: Filter) -> None:
    assert await _plans(database_url, _alone, Lead, where, "leads page") == (0, RUNS)


@pytest.mark.direct
async def test_other_statements_are_planned_once(database_url: str) -> None:
    generic, custom = await _plans(database_url, _alone, Lead, STATUS, "leads page")
    assert (generic > 0, generic + custom) == (True, RUNS)


def test_only_operators_whose_rows_are_guessed_need_values() -> None:
    needing = {operator for operator in Operator if needs_values(Condition("field", operator, "value"))}
    assert set(Operator) - needing == {Operator.EQ, Operator.IN, Operator.NOT_IN, Operator.IS_NULL}
