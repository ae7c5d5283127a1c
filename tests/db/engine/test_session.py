"""Readers and writers refuse statements without the scope's condition."""

from typing import Any

import pytest
from sqlalchemy import Select, func, select

from db.engine.activity import Activity
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.session import UnscopedStatementError
from db.engine.statement_cache import statement
from db.engine.writer import Writer, in_transaction
from db.language.scope import EVERYBODY, Scope
from db.models import User


@statement
def _count_users() -> Select[Any]:
    return select(func.count(User.id).label("users"))


async def test_a_reader_refuses_a_statement_without_the_condition_of_a_users_scope(pool: Pool) -> None:
    reader = Reader(pool, single=True)
    with pytest.raises(UnscopedStatementError, match=r"^count_users$"):
        await reader.fetch_values(_count_users(), Scope(1))
    assert reader.activity.statements == []
    (row,) = await reader.fetch_values(_count_users(), EVERYBODY)
    assert row["users"] == 0
    assert reader.activity.statements == ["count_users"]


async def test_a_writer_refuses_a_statement_without_the_condition_of_a_users_scope(pool: Pool) -> None:
    async def work(writer: Writer) -> int:
        with pytest.raises(UnscopedStatementError, match=r"^count_users$"):
            await writer.fetch_values(_count_users(), Scope(1))
        (row,) = await writer.fetch_values(_count_users(), EVERYBODY)
        return int(row["users"])

    activity = Activity()
    assert await in_transaction(pool, work, activity) == 0
    assert activity.statements == ["count_users"]
    assert [(run.name, run.rows) for run in activity.runs] == [("count_users", 1)]
    assert len(activity.pool_waits) == 1
