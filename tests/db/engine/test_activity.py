"""The activity of operations, of tasks and of the parts of streams."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Select, func, select

from db.engine.activity import Activity, StatementRun, StatementSum, error_name, recording
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import in_transaction
from db.language.scope import EVERYBODY
from db.models import User


@statement
def _count_users() -> Select[Any]:
    return select(func.count(User.id).label("users"))


async def count(session: Any) -> None:
    await session.fetch_values(_count_users(), EVERYBODY)


async def test_a_task_records_the_sessions_that_it_makes(pool: Pool) -> None:
    with recording() as activity:
        await count(Reader(pool, single=True))
        await in_transaction(pool, count)
        with recording() as inner:
            await asyncio.gather(count(Reader(pool, single=True)))
        own = Activity()
        await count(Reader(pool, own, single=True))
    await count(Reader(pool, single=True))
    assert [len(each.runs) for each in (activity, inner, own)] == [2, 1, 1]
    assert activity.statements == ["count_users", "count_users"]
    assert len(activity.pool_waits) == 2


async def test_a_run_has_its_start_and_the_name_of_its_error(pool: Pool) -> None:
    await pool.execute("ALTER TABLE users RENAME TO gone")
    reader = Reader(pool, single=True)
    with pytest.raises(Exception, match="does not exist"):
        await count(reader)
    (run,) = reader.activity.runs
    assert (run.name, run.rows, run.error) == ("count_users", 0, "42P01")
    assert run.began > 0
    assert error_name(TimeoutError("secret")) == "TimeoutError"


def test_parts_are_summed_and_only_the_first_runs_are_listed() -> None:
    whole = Activity()
    for number in range(3):
        runs = [StatementRun(f"{number} {each}", 0.5, 10) for each in "ab"]
        whole.add(Activity(runs=runs, pool_waits=[0.25, 0.5]), most_runs=3)
    assert whole.statements == ["0 a", "0 b", "1 a"]
    whole.add(Activity(runs=[StatementRun("2 b", 1.5, 1)]), most_runs=3)
    once = StatementSum(1, 0.5, 10)
    assert whole.unlisted == {"1 b": once, "2 a": once, "2 b": StatementSum(2, 2.0, 11)}
    assert whole.pool_waits == [2.25]
