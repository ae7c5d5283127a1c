"""Background tasks as rows: register them, lease the next turn, and record how it ended.

A turn belongs to the holder of an unexpired lease. A result of a holder that has lost its lease to another one is
ignored.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from typing import cast as typing_cast

from sqlalchemy import (
    ColumnElement,
    Double,
    Interval,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.sql.dml import Insert, ReturningUpdate, Update

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.language.shape import columns
from db.models import BackgroundTask
from db.models.base import table_of
from db.statements.parameters import rows_parameter

_LONGEST_FAILURE = 500

_TASKS = table_of(BackgroundTask)
_FREE: dict[str, Any] = {"leased_until": null()}
_ENDED: dict[str, Any] = {**_FREE, "running_since": null(), "position": null()}


@statement
def _register_background_tasks() -> Insert:
    rows = rows_parameter("tasks", {"name": Text, "seconds": Double})
    every = cast(func.make_interval(0, 0, 0, 0, 0, 0, rows.c.seconds), Interval)
    new = insert(_TASKS).from_select(["name", "every"], select(rows.c.name, every))
    sooner = func.least(_TASKS.c.due_at, func.clock_timestamp() + new.excluded.every)
    # A task that waits for its retry keeps waiting.
    due_at = case((_TASKS.c.failures == 0, sooner), else_=_TASKS.c.due_at)
    return new.on_conflict_do_update(
        index_elements=["name"], set_={"every": new.excluded.every, "due_at": due_at}
    )


async def register(writer: Writer, periods: Mapping[str, timedelta]) -> None:
    """Store the periods of the tasks. A new task is due at once, and a shorter period moves the next run forward."""
    tasks = [{"name": name, "seconds": periods[name].total_seconds()} for name in sorted(periods)]
    await writer.fetch_values(_register_background_tasks(), EVERYBODY, tasks=tasks)


@statement
def _take_background_task() -> ReturningUpdate[Any]:
    is_free = or_(_TASKS.c.leased_until.is_(None), _TASKS.c.leased_until <= func.statement_timestamp())
    due = (
        select(_TASKS.c.name)
        .where(
            _TASKS.c.name == any_(bindparam("names", type_=ARRAY(Text))),
            _TASKS.c.due_at <= func.statement_timestamp(),
            is_free,
        )
        .order_by(_TASKS.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return (
        update(_TASKS)
        .where(_TASKS.c.name == due)
        .values(
            holder=bindparam("new_holder", type_=Text),
            leased_until=_lease_end(),
            running_since=func.coalesce(_TASKS.c.running_since, func.clock_timestamp()),
        )
        .returning(*columns(BackgroundTask))
    )


def _lease_end() -> ColumnElement[datetime]:
    return func.clock_timestamp() + bindparam("lease", type_=Interval)


async def take(writer: Writer, names: Sequence[str], holder: str, lease: timedelta) -> BackgroundTask | None:
    """Lease a turn of the named task that has waited longest. Return None if no turn is due and free."""
    taken = _take_background_task()
    return await writer.fetch_one(
        BackgroundTask, taken, EVERYBODY, names=list(names), new_holder=holder, lease=lease
    )


def _held() -> Update:
    return update(_TASKS).where(
        _TASKS.c.name == bindparam("task", type_=Text),
        _TASKS.c.holder == bindparam("current_holder", type_=Text),
        _TASKS.c.leased_until.is_not(None),
    )


@statement
def _renew_background_task() -> Update:
    return _held().values(leased_until=_lease_end())


async def renew(writer: Writer, name: str, holder: str, lease: timedelta) -> None:
    """Extend the lease of a running turn."""
    await writer.fetch_values(
        _renew_background_task(), EVERYBODY, task=name, current_holder=holder, lease=lease
    )


@statement
def _advance_background_task() -> Update:
    # Tasks that became due meanwhile come first.
    return _held().values(
        **_FREE,
        position=bindparam("new_position", type_=JSONB),
        due_at=func.clock_timestamp(),
        failures=0,
    )


async def advance(writer: Writer, name: str, holder: str, position: Sequence[int]) -> None:
    """End a turn whose run continues from the position. The next turn is due at once."""
    await writer.fetch_values(
        _advance_background_task(), EVERYBODY, task=name, current_holder=holder, new_position=list(position)
    )


@statement
def _finish_background_task() -> Update:
    now = func.clock_timestamp()
    return _held().values(
        **_ENDED,
        due_at=func.greatest(_TASKS.c.running_since + _TASKS.c.every, now),
        failures=0,
        succeeded_at=now,
        seconds=func.extract("epoch", now - _TASKS.c.running_since),
    )


async def finish(writer: Writer, name: str, holder: str) -> None:
    """End the last turn of a run. The next run is due one period after the start of this one."""
    await writer.fetch_values(_finish_background_task(), EVERYBODY, task=name, current_holder=holder)


@statement
def _fail_background_task() -> Update:
    return _held().values(
        **_FREE,
        due_at=func.clock_timestamp() + bindparam("wait", type_=Interval),
        failures=_TASKS.c.failures + 1,
        failed_at=func.clock_timestamp(),
        failure=bindparam("reason", type_=Text),
    )


async def fail(writer: Writer, name: str, holder: str, reason: str, wait: timedelta) -> None:
    """End a failed turn. A retry from the same position is due after the wait."""
    reason = reason.replace("\x00", "")[:_LONGEST_FAILURE]
    await writer.fetch_values(
        _fail_background_task(), EVERYBODY, task=name, current_holder=holder, reason=reason, wait=wait
    )


@statement
def _all_background_tasks() -> Select[Any]:
    return select(*columns(BackgroundTask), func.clock_timestamp().label("read_at")).order_by(_TASKS.c.name)


async def read_all(pool: Pool) -> list[tuple[BackgroundTask, datetime]]:
    """Return the tasks by name, each with the time of the database's clock."""
    reader = Reader(pool, single=True)
    found = await reader.fetch(BackgroundTask, _all_background_tasks(), EVERYBODY)
    return [(task, typing_cast("Mapping[str, Any]", task)["read_at"]) for task in found]
