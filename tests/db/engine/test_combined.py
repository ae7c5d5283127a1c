"""Reads of one turn of the event loop share a round trip, and fail for themselves."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import BigInteger, Integer, Select, Text, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.engine.combined import combined
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.engine.session import UnscopedStatementError
from db.engine.statement_cache import statement
from db.language.scope import EVERYBODY, Scope


@statement
def _numbers() -> Select[Any]:
    return select(func.generate_series(1, bindparam("most", type_=Integer)).label("number"))


@statement
def _slow() -> Select[Any]:
    return select(cast(func.pg_sleep(0.5), Text).label("slept"))


@statement
def _texts() -> Select[Any]:
    words = cast(literal("{a,b}"), ARRAY(Text))
    json = func.jsonb_build_object("word", bindparam("word", type_=Text), type_=JSONB)
    return select(words.label("words"), json.label("json"), cast(None, BigInteger).label("missing"))


@statement
def _divided() -> Select[Any]:
    return select((1 / bindparam("zero", type_=Integer)).label("number"))


def test_parameters_of_a_combined_statement_are_numbered_on() -> None:
    together = combined((_numbers(), _texts()))
    assert together.name == "numbers + texts"
    assert together.sql.count("$1") == 1
    assert together.parameters == (*_numbers().parameters, *_texts().parameters)
    assert together.sql.endswith("/* leadgraph: numbers + texts */")


async def test_reads_of_one_turn_are_one_statement_with_the_rows_of_each(pool: Pool) -> None:
    reader = Reader(pool)
    texts, numbers = await asyncio.gather(
        reader.fetch_tuples(_texts(), EVERYBODY, word="ö"),
        reader.fetch_tuples(_numbers(), EVERYBODY, most=3),
    )
    assert texts == [(["a", "b"], {"word": "ö"}, None)]
    assert numbers == [(1,), (2,), (3,)]
    assert reader.activity.statements == ["numbers + texts"]
    assert await reader.fetch_tuples(_numbers(), EVERYBODY, most=1) == [(1,)]
    assert reader.activity.statements == ["numbers + texts", "numbers"]
    reader.close()


async def test_a_failed_read_leaves_the_other_reads_of_its_turn_unaffected(pool: Pool) -> None:
    reader = Reader(pool)
    found: Sequence[object] = await asyncio.gather(
        reader.fetch_tuples(_divided(), EVERYBODY, zero=0),
        reader.fetch_tuples(_numbers(), EVERYBODY, most=2),
        return_exceptions=True,
    )
    divided, numbers = found
    assert isinstance(divided, asyncpg.DivisionByZeroError)
    assert numbers == [(1,), (2,)]
    assert reader.activity.statements == ["divided + numbers", "divided", "numbers"]
    assert reader.activity.unbounded == 1
    reader.close()


async def test_a_cancelled_read_leaves_the_other_reads_of_its_turn_unaffected(pool: Pool) -> None:
    reader = Reader(pool)
    first = asyncio.create_task(reader.fetch_tuples(_numbers(), EVERYBODY, most=1))
    second = asyncio.create_task(reader.fetch_tuples(_texts(), EVERYBODY, word="a"))
    await asyncio.sleep(0)
    second.cancel()
    assert await first == [(1,)]
    with pytest.raises(asyncio.CancelledError):
        await second
    reader.close()


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("waits", [1, 30])
async def test_a_cancelled_first_read_leaves_the_other_reads_of_its_turn_unaffected(
    pool: Pool, waits: int, others: int
) -> None:
    """The first read sends the statement of the turn. It is cancelled before or while it does."""
    reader = Reader(pool)
    await reader.open()
    first = asyncio.create_task(reader.fetch_tuples(_slow(), EVERYBODY))
    later = [
        asyncio.create_task(reader.fetch_tuples(_numbers(), EVERYBODY, most=most)) for most in range(others)
    ]
    for _ in range(waits):
        await asyncio.sleep(0 if waits == 1 else 0.005)
    first.cancel()
    async with asyncio.timeout(5):
        assert [len(rows) for rows in await asyncio.gather(*later)] == list(range(others))
        assert await reader.fetch_tuples(_numbers(), EVERYBODY, most=1) == [(1,)]
    assert first.cancelled()
    reader.close()


@pytest.mark.parametrize("is_prepared", [True, False])
@pytest.mark.parametrize("waits", [1, 30])
async def test_a_cancelled_read_that_begins_the_snapshot_leaves_the_other_reads_of_its_turn_unaffected(
    database_url: str, waits: int, *, is_prepared: bool
) -> None:
    """BEGIN travels with the first read of the turn. That read is cancelled before or while it runs."""

    async def read(reader: Reader) -> list[asyncio.Task[Any]]:
        reads = [reader.fetch_tuples(_slow(), EVERYBODY), reader.fetch_tuples(_numbers(), EVERYBODY, most=2)]
        tasks = [asyncio.create_task(one) for one in reads]
        for _ in range(waits):
            await asyncio.sleep(0 if waits == 1 else 0.005)
        return tasks

    async with await open_pool(database_url, size=1) as single:
        if is_prepared:
            before = Reader(single)
            await asyncio.gather(*await read(before))
            before.close()
        reader = Reader(single)
        first, second = await read(reader)
        first.cancel()
        try:
            async with asyncio.timeout(5):
                assert await second == [(1,), (2,)]
                assert await reader.fetch_tuples(_numbers(), EVERYBODY, most=1) == [(1,)]
        finally:
            reader.close()
        assert first.cancelled()


async def test_a_combined_read_needs_the_condition_of_the_scope(pool: Pool) -> None:
    with pytest.raises(UnscopedStatementError):
        await Reader(pool).fetch_tuples(_numbers(), Scope(1), most=1)


async def test_a_single_read_is_sent_at_once(pool: Pool) -> None:
    reader = Reader(pool, single=True)
    assert [tuple(row) for row in await reader.fetch_tuples(_numbers(), EVERYBODY, most=2)] == [(1,), (2,)]
    assert reader.activity.statements == ["numbers"]
