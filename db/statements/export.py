"""Exports as jobs: whose turn it is, what a turn adds, and what is left of them when they are over.

A turn is a transaction that holds the export's row. Nobody else can take the same turn, and a worker that is gone
has not taken it: PostgreSQL undoes what it began, and the row is free for the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Interval,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.sql.dml import Insert, ReturningDelete, ReturningUpdate, Update
from sqlalchemy.sql.selectable import Select

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.records import columns
from db.language.scope import EVERYBODY, Scope, visible
from db.models import Export, ExportPart, ExportStatus, User, UserRole, UserStatus
from db.models.export import UNFINISHED
from db.statements.read_rows import table_of

CHANNEL = "leadgraph_work"
"""Where workers are told that there is something to do."""

_EXPORTS, _PARTS, _USERS = table_of(Export), table_of(ExportPart), table_of(User)


@dataclass(frozen=True, slots=True)
class Turn:
    """An export whose turn it is, and the state of the user who asked for it."""

    export: Export
    role: UserRole
    status: UserStatus


@statement
def _take_export() -> Select[Any]:
    return (
        select(*columns(Export), _USERS.c.role.label("user_role"), _USERS.c.status.label("user_status"))
        .join(_USERS, _USERS.c.id == _EXPORTS.c.user_id)
        .where(text(UNFINISHED.replace("status", "exports.status")), _EXPORTS.c.due_at <= func.now())
        .order_by(_EXPORTS.c.due_at)
        .limit(1)
        .with_for_update(of=_EXPORTS, skip_locked=True)
    )


async def take(writer: Writer) -> Turn | None:
    """The export that has waited longest, held until the transaction ends; None where none is due."""
    found = await writer.fetch(Export, _take_export(), EVERYBODY)
    if not found:
        return None
    row = cast("Mapping[str, Any]", found[0])
    return Turn(found[0], row["user_role"], row["user_status"])


@statement
def _add_export_part() -> Insert:
    return insert(_PARTS).values(
        export_id=bindparam("export_id", type_=BigInteger),
        starts_at=bindparam("starts_at", type_=BigInteger),
        data=bindparam("data", type_=BYTEA),
    )


async def add_part(writer: Writer, export: Export, data: bytes) -> None:
    """The next piece of the file, behind those that are there."""
    await writer.fetch_values(
        _add_export_part(), EVERYBODY, export_id=export.id, starts_at=export.size_bytes, data=data
    )


def _id() -> ColumnElement[bool]:
    return _EXPORTS.c.id == bindparam("export_id", type_=BigInteger)


def _started() -> ColumnElement[Any]:
    return func.coalesce(_EXPORTS.c.started_at, func.now())


def _values(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=_EXPORTS.c[name].type) for name in names}


@statement
def _advance_export(names: tuple[str, ...]) -> Update:
    # The clock, not the transaction's beginning: those that have waited meanwhile come first.
    turn = {"due_at": func.clock_timestamp(), "failures": 0, "started_at": _started()}
    return update(_EXPORTS).where(_id()).values(**turn, **_values(names))


async def advance(writer: Writer, export_id: int, values: Mapping[str, object]) -> None:
    """What a turn has changed; the next one is due at once."""
    await _update(writer, _advance_export(tuple(values)), export_id, values)


def _until() -> ColumnElement[Any]:
    return func.now() + bindparam("kept_for", type_=Interval)


@statement
def _finish_export(names: tuple[str, ...]) -> Update:
    ended = {"finished_at": func.now(), "expires_at": _until(), "started_at": _started()}
    return update(_EXPORTS).where(_id()).values(**ended, **_values(names))


async def finish(
    writer: Writer, export_id: int, values: Mapping[str, object], *, kept_for: timedelta
) -> None:
    """The end, good or bad. The file is kept for a while; one that is of no use for none."""
    await _update(writer, _finish_export(tuple(values)), export_id, values, kept_for=kept_for)


@statement
def _cancel_export(*, everybody: bool) -> ReturningUpdate[Any]:
    ended = {"finished_at": func.now(), "expires_at": func.now(), "status": ExportStatus.CANCELLED}
    return (
        update(_EXPORTS)
        .where(_id(), text(UNFINISHED), visible(Export, everybody=everybody))
        .values(**ended)
        .returning(*columns(Export))
    )


async def cancel(writer: Writer, scope: Scope, export_id: int) -> Export | None:
    """The export, ended, after the turn that is under way; None where there is none that could be."""
    sent = _cancel_export(everybody=scope.everybody)
    found = await writer.fetch(Export, sent, scope, export_id=export_id)
    return found[0] if found else None


async def _update(
    writer: Writer, sent: Any, export_id: int, values: Mapping[str, object], **more: object
) -> None:
    named = {f"new_{name}": value for name, value in values.items()}
    await writer.fetch_values(sent, EVERYBODY, export_id=export_id, **named, **more)


@statement
def _postpone_export() -> ReturningUpdate[Any]:
    # A second, two, four …: whoever fails again and again does not keep the others from their turns.
    wait = func.least(func.power(2, _EXPORTS.c.failures), 300) * text("interval '1 second'")
    return (
        update(_EXPORTS)
        .where(_id(), text(UNFINISHED))
        .values(failures=_EXPORTS.c.failures + 1, due_at=func.now() + wait)
        .returning(_EXPORTS.c.failures)
    )


async def postpone(writer: Writer, export_id: int) -> int:
    """Notes that a turn has failed, and returns how many have in a row; 0 where the export is finished."""
    found = await writer.fetch_values(_postpone_export(), EVERYBODY, export_id=export_id)
    return int(found[0]["failures"]) if found else 0


@statement
def _unfinished_exports(*, everybody: bool) -> Select[Any]:
    return select(func.count().label("n")).where(visible(Export, everybody=everybody), text(UNFINISHED))


async def unfinished(writer: Writer, scope: Scope) -> int:
    """How many exports are waiting or under way."""
    (row,) = await writer.fetch_values(_unfinished_exports(everybody=scope.everybody), scope)
    return int(row["n"])


@statement
def _tell_workers() -> Select[Any]:
    return select(func.pg_notify(bindparam("channel", type_=Text), ""))


async def tell_workers(writer: Writer) -> None:
    """Wakes the workers when the transaction has been committed."""
    await writer.fetch_values(_tell_workers(), EVERYBODY, channel=CHANNEL)


@statement
def _take_expired_export() -> Select[Any]:
    return (
        select(_EXPORTS.c.id)
        .where(_EXPORTS.c.expires_at <= func.now(), _EXPORTS.c.purged_at.is_(None))
        .order_by(_EXPORTS.c.expires_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


@statement
def _delete_export_parts() -> ReturningDelete[Any]:
    some = (
        select(_PARTS.c.export_id, _PARTS.c.starts_at)
        .where(_PARTS.c.export_id == bindparam("export_id", type_=BigInteger))
        .limit(bindparam("most", type_=BigInteger))
    )
    these = tuple_(_PARTS.c.export_id, _PARTS.c.starts_at).in_(some)
    return delete(_PARTS).where(these).returning(_PARTS.c.starts_at)


@statement
def _note_export_purged() -> Update:
    return update(_EXPORTS).where(_id()).values(purged_at=func.now())


@statement
def _forget_exports() -> ReturningDelete[Any]:
    forgotten = (
        select(_EXPORTS.c.id)
        .where(_EXPORTS.c.purged_at <= func.now() - bindparam("kept_for", type_=Interval))
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
    )
    return delete(_EXPORTS).where(_EXPORTS.c.id.in_(forgotten)).returning(_EXPORTS.c.id)


async def purge(writer: Writer, *, most: int) -> bool:
    """Deletes some of the file of an export that is over; whether there was anything to do."""
    found = await writer.fetch_values(_take_expired_export(), EVERYBODY)
    if not found:
        return False
    export_id = found[0]["id"]
    gone = await writer.fetch_values(_delete_export_parts(), EVERYBODY, export_id=export_id, most=most)
    if len(gone) < most:
        await writer.fetch_values(_note_export_purged(), EVERYBODY, export_id=export_id)
    return True


async def forget(writer: Writer, *, kept_for: timedelta, most: int) -> int:
    """Deletes exports whose files have been gone for so long, and returns how many."""
    return len(await writer.fetch_values(_forget_exports(), EVERYBODY, kept_for=kept_for, most=most))
