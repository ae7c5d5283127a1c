"""Exports as jobs: lock the next one, append to its file, end it, send the file, and delete it.

A turn is a transaction that locks the export's row. No other worker can take the same turn. If a worker dies,
PostgreSQL rolls the turn back and the row is free for the next worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Double,
    Interval,
    Select,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.sql.dml import Insert, ReturningDelete, ReturningUpdate, Update

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY, Scope, placed, visible
from db.language.shape import columns
from db.models import Export, ExportPart, ExportStatus, User, UserRole, UserStatus
from db.models.base import table_of
from db.models.export import UNFINISHED
from db.statements.parameters import new_parameters, new_values

CHANNEL = "leadgraph_work"
"""The channel of NOTIFY on which workers learn of new exports."""

_EXPORTS, _PARTS, _USERS = table_of(Export), table_of(ExportPart), table_of(User)


@dataclass(frozen=True, slots=True)
class Turn:
    """A locked export, and the role and status of its user."""

    export: Export
    role: UserRole
    status: UserStatus


@statement
def _take_export() -> Select[Any]:
    return (
        select(*columns(Export), _USERS.c.role.label("user_role"), _USERS.c.status.label("user_status"))
        .join(_USERS, _USERS.c.id == _EXPORTS.c.user_id)
        .where(
            text(UNFINISHED.replace("status", "exports.status")),
            _EXPORTS.c.due_at <= func.statement_timestamp(),
        )
        .order_by(_EXPORTS.c.due_at)
        .limit(1)
        .with_for_update(of=_EXPORTS, skip_locked=True)
    )


async def take(writer: Writer) -> Turn | None:
    """Lock and return the export that has waited longest. Return None if no export is due."""
    export = await writer.fetch_one(Export, _take_export(), EVERYBODY)
    if export is None:
        return None
    row = cast("Mapping[str, Any]", export)
    return Turn(export, row["user_role"], row["user_status"])


@statement
def _add_export_part() -> Insert:
    return insert(_PARTS).values(
        export_id=bindparam("export_id", type_=BigInteger),
        starts_at=bindparam("starts_at", type_=BigInteger),
        user_id=bindparam("user_id", type_=BigInteger),
        data=bindparam("data", type_=BYTEA),
    )


async def add_part(writer: Writer, export: Export, data: bytes) -> None:
    values = {"export_id": export.id, "user_id": export.user_id, "starts_at": export.size_bytes, "data": data}
    await writer.fetch_values(_add_export_part(), EVERYBODY, **values)


_THIS_EXPORT = _EXPORTS.c.id == bindparam("export_id", type_=BigInteger)
_NOW = func.greatest(func.statement_timestamp(), _EXPORTS.c.created_at, _EXPORTS.c.started_at)
"""The time now, never before the export's earlier times: the clock may have gone back."""
_STARTED_AT = func.coalesce(_EXPORTS.c.started_at, _NOW)


@statement
def _advance_export(names: tuple[str, ...]) -> Update:
    # `clock_timestamp()`, not the start of the transaction: exports that became due meanwhile come first.
    turn = {"due_at": func.clock_timestamp(), "failures": 0, "started_at": _STARTED_AT}
    return update(_EXPORTS).where(_THIS_EXPORT).values(**turn, **new_parameters(_EXPORTS, names))


async def advance(writer: Writer, export_id: int, values: Mapping[str, object]) -> None:
    """Store the progress of a turn. The next turn is due at once."""
    await _update(writer, _advance_export(tuple(values)), export_id, values)


@statement
def _finish_export(names: tuple[str, ...]) -> Update:
    expires_at = func.statement_timestamp() + bindparam("kept_for", type_=Interval)
    ended = {"finished_at": _NOW, "expires_at": expires_at, "started_at": _STARTED_AT}
    return update(_EXPORTS).where(_THIS_EXPORT).values(**ended, **new_parameters(_EXPORTS, names))


async def finish(
    writer: Writer, export_id: int, values: Mapping[str, object], *, kept_for: timedelta
) -> None:
    """End the export with the values. The file expires after `kept_for`."""
    await _update(writer, _finish_export(tuple(values)), export_id, values, kept_for=kept_for)


@statement
def _cancel_export(*, everybody: bool) -> ReturningUpdate[Any]:
    # `clock_timestamp()`: the update may have waited for a turn, which has set `started_at`.
    now = func.clock_timestamp()
    finished_at = func.greatest(now, _EXPORTS.c.created_at, _EXPORTS.c.started_at)
    ended = {"finished_at": finished_at, "expires_at": now, "status": ExportStatus.CANCELLED}
    return (
        update(_EXPORTS)
        .where(_THIS_EXPORT, text(UNFINISHED), visible(Export, everybody=everybody))
        .values(**ended)
        .returning(*columns(Export))
    )


async def cancel(writer: Writer, scope: Scope, export_id: int) -> Export | None:
    """Cancel the export after its current turn. Return None if it is not visible, or already finished."""
    sent = _cancel_export(everybody=scope.everybody)
    return await writer.fetch_one(Export, sent, scope, export_id=export_id)


@statement
def _hold_exports() -> Select[Any]:
    mine = _EXPORTS.c.user_id == bindparam("user_id", type_=BigInteger)
    return select(_EXPORTS.c.id).where(mine).order_by(_EXPORTS.c.id).with_for_update()


async def hold_all(writer: Writer, user_id: int) -> None:
    """Lock the exports of a user, after their current turns. A transaction does so before it locks the user."""
    await writer.fetch_values(_hold_exports(), EVERYBODY, user_id=user_id)


async def _update(
    writer: Writer, sent: Any, export_id: int, values: Mapping[str, object], **more: object
) -> None:
    await writer.fetch_values(sent, EVERYBODY, export_id=export_id, **new_values(values), **more)


@statement
def _postpone_export() -> ReturningUpdate[Any]:
    # Wait 1, 2, 4 … seconds: an export that keeps failing must not delay the others.
    wait = func.least(func.power(2, _EXPORTS.c.failures), 300) * text("interval '1 second'")
    return (
        update(_EXPORTS)
        .where(_THIS_EXPORT, text(UNFINISHED))
        .values(failures=_EXPORTS.c.failures + 1, due_at=func.clock_timestamp() + wait)
        .returning(_EXPORTS.c.failures)
    )


async def postpone(writer: Writer, export_id: int) -> int:
    """Count a failed turn and delay the next.

    Return the failures in a row, or 0 if the export is finished.
    """
    found = await writer.fetch_values(_postpone_export(), EVERYBODY, export_id=export_id)
    return int(found[0]["failures"]) if found else 0


@statement
def _unfinished_exports(*, everybody: bool) -> Select[Any]:
    return select(func.count().label("n")).where(visible(Export, everybody=everybody), text(UNFINISHED))


async def unfinished(writer: Writer, scope: Scope) -> int:
    """Return the number of visible exports that are queued or running."""
    (row,) = await writer.fetch_values(_unfinished_exports(everybody=scope.everybody), scope)
    return int(row["n"])


@dataclass(frozen=True, slots=True)
class ExportQueue:
    """The unfinished exports of all users. `due_seconds` is the time that the longest waiting one is due, or 0."""

    queued: int
    running: int
    failing: int
    due_seconds: float


@statement
def _export_queue() -> Select[Any]:
    failing = _EXPORTS.c.failures > 0
    waited = func.extract("epoch", func.statement_timestamp() - func.min(_EXPORTS.c.due_at))
    return select(
        func.count().filter(~failing, _EXPORTS.c.status == ExportStatus.QUEUED).label("queued"),
        func.count().filter(~failing, _EXPORTS.c.status == ExportStatus.RUNNING).label("running"),
        func.count().filter(failing).label("failing"),
        func.greatest(waited, 0).cast(Double).label("due_seconds"),
    ).where(text(UNFINISHED))


async def export_queue(pool: Pool) -> ExportQueue:
    """Return the state of the queue."""
    (row,) = await Reader(pool, single=True).fetch_values(_export_queue(), EVERYBODY)
    return ExportQueue(**row)


@statement
def _tell_workers() -> Select[Any]:
    return select(func.pg_notify(bindparam("channel", type_=Text), ""))


async def tell_workers(writer: Writer) -> None:
    """Notify the workers when the transaction commits."""
    await writer.fetch_values(_tell_workers(), EVERYBODY, channel=CHANNEL)


@statement
def _take_expired_export() -> Select[Any]:
    now = func.statement_timestamp()
    has_no_file = _EXPORTS.c.status != ExportStatus.SUCCEEDED
    is_over = _EXPORTS.c.expires_at <= now - bindparam("under_way", type_=Interval)
    return (
        select(_EXPORTS.c.id)
        .where(_EXPORTS.c.expires_at <= now, or_(has_no_file, is_over), _EXPORTS.c.purged_at.is_(None))
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
    return update(_EXPORTS).where(_THIS_EXPORT).values(purged_at=func.clock_timestamp())


@statement
def _forget_exports() -> ReturningDelete[Any]:
    forgotten = (
        select(_EXPORTS.c.id)
        .where(_EXPORTS.c.purged_at <= func.statement_timestamp() - bindparam("kept_for", type_=Interval))
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
    )
    return delete(_EXPORTS).where(_EXPORTS.c.id.in_(forgotten)).returning(_EXPORTS.c.id)


async def purge(writer: Writer, *, under_way: timedelta, most: int) -> bool:
    """Delete up to `most` pieces of an expired file. Return whether a file was to be deleted.

    The file of a finished export is deleted `under_way` after its expiry.
    """
    found = await writer.fetch_values(_take_expired_export(), EVERYBODY, under_way=under_way)
    if not found:
        return False
    export_id = found[0]["id"]
    deleted = await writer.fetch_values(_delete_export_parts(), EVERYBODY, export_id=export_id, most=most)
    if len(deleted) < most:
        await writer.fetch_values(_note_export_purged(), EVERYBODY, export_id=export_id)
    return True


async def forget(writer: Writer, *, kept_for: timedelta, most: int) -> int:
    """Delete up to `most` exports whose files were deleted longer than `kept_for` ago.

    Return their number.
    """
    return len(await writer.fetch_values(_forget_exports(), EVERYBODY, kept_for=kept_for, most=most))


@statement
def _exports_waiting() -> Select[int, int, int]:
    is_due = _EXPORTS.c.due_at <= func.statement_timestamp()
    return select(
        func.count().label("unfinished"),
        func.count().filter(is_due).label("due"),
        func.count().filter(_EXPORTS.c.failures > 0).label("retried"),
    ).where(text(UNFINISHED))


async def waiting(pool: Pool) -> dict[str, int]:
    """Return the numbers of unfinished exports, of due ones, and of those whose last turn failed."""
    (row,) = await Reader(pool, single=True).fetch_values(_exports_waiting(), EVERYBODY)
    return dict(row)


@statement
def _export_to_send() -> Select[Any]:
    return select(*columns(Export)).where(_THIS_EXPORT, visible(Export, everybody=False))


async def find(pool: Pool, user_id: int, export_id: int) -> Export | None:
    """Return the user's export. Return None if the ID does not exist, or belongs to another user."""
    reader = Reader(pool, single=True)
    return await reader.fetch_one(Export, _export_to_send(), Scope(user_id), export_id=export_id)


@statement
def _part_from() -> Select[Any]:
    position = bindparam("position", type_=BigInteger)
    return (
        select(_PARTS.c.starts_at, _PARTS.c.data)
        .join(_EXPORTS, _EXPORTS.c.id == _PARTS.c.export_id)
        .where(
            _PARTS.c.export_id == bindparam("export_id", type_=BigInteger),
            _PARTS.c.starts_at <= position,
            visible(Export, everybody=False),
            placed(ExportPart, everybody=False),
        )
        .order_by(_PARTS.c.starts_at.desc())
        .limit(1)
    )


async def part_from(pool: Pool, user_id: int, export_id: int, position: int) -> bytes:
    """Return the file's bytes from the position to the end of their piece.

    Return b"" past the end, and if deleted.
    """
    reader, sent = Reader(pool, single=True), _part_from()
    found = await reader.fetch_values(sent, Scope(user_id), export_id=export_id, position=position)
    return bytes(found[0]["data"][position - found[0]["starts_at"] :]) if found else b""
