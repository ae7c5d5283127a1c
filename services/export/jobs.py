"""Exports: jobs that write lists into files, in turns.

A turn is one transaction of a worker. It reads the rows after the last written one, and commits them together with
the new position. A row is therefore in the file once, even if a worker is killed. Every turn has its own snapshot:
rows that are created, moved or deleted during an export may be missing from the file.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal, TypeAlias

from db.engine.outage import is_too_slow, is_unavailable
from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.language import keyset_codec, saved_query
from db.language.filter import Filter
from db.language.keyset import Order, PageBounds
from db.language.projection import Projection
from db.language.saved_query import SavedQuery
from db.language.scope import EVERYBODY, Scope
from db.models import Base, Export, ExportEntity, ExportFormat, ExportStatus, UserRole, UserStatus
from db.statements import counts, write_rows
from db.statements import export as exports
from db.statements.read_rows import page
from services.accounts.viewer import Viewer
from services.export import row_format
from services.export.gzip_stream import Content, end, piece
from services.rules.user_errors import UserErrorCode, require, user_error
from services.rules.user_locks import hold_viewer

logger = logging.getLogger("leadgraph")

ROWS_PER_TURN = 1000
ROWS_OF_FIRST_TURN = 100
BYTES_PER_TURN = 4_000_000
"""The approximate size of a turn, by the average size of the rows so far."""
BYTES_PER_MB = 1_000_000
MOST_UNFINISHED = 10
MOST_FAILURES = 5
KEPT_FOR = timedelta(days=7)
REMEMBERED_FOR = timedelta(days=30)
PARTS_PER_PURGE = 200
EXPORTS_PER_PURGE = 1000
_AT_ONCE = timedelta()
UNDER_WAY = timedelta(hours=6)
"""The time after the expiry in which a download that has begun can end."""

NOT_ALLOWED = "The user who created the export may no longer read these rows."
TOO_LARGE = (
    "The file would exceed {:,} MB, the limit of this server. Narrow the filter, or select fewer fields."
)
TOO_SLOW = "The query exceeded the time limit. Narrow the filter, or use the order NEWEST or OLDEST."


@dataclass(frozen=True, slots=True)
class FileRules:
    """The time for which finished files are kept, and the largest size of a file, if there is a limit."""

    kept_for: timedelta = KEPT_FOR
    most_mb: int | None = None


_USUAL_RULES = FileRules()


@dataclass(frozen=True, slots=True)
class NewExport:
    entity: ExportEntity
    format: ExportFormat
    columns: Sequence[str]
    where: Filter
    order: Order
    byte_order_mark: bool = False


@dataclass(frozen=True, slots=True)
class ExportTable:
    """The source of an export: the rows of a model with the projection's columns.

    `values` returns one value per row and column of the export.
    """

    model: type[Base]
    projection: Projection
    values: Callable[[Sequence[Any]], Iterable[row_format.Row]]


TableFactory = Callable[[ExportEntity, Sequence[str]], ExportTable]


async def create(writer: Writer, viewer: Viewer, new: NewExport) -> Export:
    """Create an export for a worker to write. Raises `UserErrors`."""
    if new.byte_order_mark and new.format != ExportFormat.CSV:
        message = "`byteOrderMark` is allowed only with format CSV."
        raise user_error(UserErrorCode.INVALID, message, "byte_order_mark")
    await hold_viewer(writer, viewer)
    if await exports.unfinished(writer, _own(viewer)) >= MOST_UNFINISHED:
        raise user_error(
            UserErrorCode.TOO_MANY,
            f"Must have at most {MOST_UNFINISHED} unfinished exports. Wait for one of them, or cancel it.",
        )
    values = {
        "user_id": viewer.user_id,
        "everybody": viewer.scope.everybody,
        "entity": new.entity,
        "format": new.format,
        "columns": list(new.columns),
        "byte_order_mark": new.byte_order_mark,
        "question": saved_query.dump(SavedQuery(new.where, new.order)),
    }
    export = await write_rows.insert_one(writer, Export, values)
    await exports.tell_workers(writer)
    return export


async def cancel(writer: Writer, viewer: Viewer, export_id: int) -> Export:
    """Cancel the export and return it. Raises `UserErrors` if it has already ended."""
    # The row first, as in a turn of the export (db.integrity.feed).
    cancelled = await exports.cancel(writer, _own(viewer), export_id)
    await hold_viewer(writer, viewer)
    export = require(cancelled or await write_rows.read(writer, _own(viewer), Export, export_id), "export")
    if export.status != ExportStatus.CANCELLED:
        message = "The export has already ended."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "id", export=export)
    return export


def _own(viewer: Viewer) -> Scope:
    return Scope(viewer.user_id)


TurnOutcome: TypeAlias = Literal["done", "failed"]


async def take_turn(
    pool: Pool,
    export_table_of: TableFactory,
    *,
    rows_per_turn: int = ROWS_PER_TURN,
    rules: FileRules = _USUAL_RULES,
) -> TurnOutcome | None:
    """Write the next rows of an export that is due. Return None if no export is due.

    An export whose file would become too large fails. A failed turn is recorded and retried a few times. Raises the driver's exception if the database is lost.
    """
    due: list[Export] = []

    async def work(writer: Writer) -> bool:
        turn = await exports.take(writer)
        if turn is None:
            return False
        due[:] = [turn.export]
        if _is_allowed(turn):
            await _write_rows(writer, turn.export, export_table_of, rows_per_turn, rules)
        else:
            await _fail(writer, turn.export.id, NOT_ALLOWED)
        return True

    try:
        return "done" if await in_transaction(pool, work) else None
    except Exception as failure:
        if not due or is_unavailable(failure):
            raise
        await in_transaction(pool, partial(_record_failure, export_id=due[0].id, failure=failure))
        return "failed"


def _is_allowed(turn: exports.Turn) -> bool:
    """Return whether the user may still read the rows."""
    sees_rows = turn.role == UserRole.OPERATOR or not turn.export.everybody
    return sees_rows and turn.status == UserStatus.ACTIVE


async def _write_rows(
    writer: Writer, export: Export, export_table_of: TableFactory, most: int, rules: FileRules
) -> None:
    query, table = saved_query.load(export.question), export_table_of(export.entity, export.columns)
    scope = EVERYBODY if export.everybody else Scope(export.user_id)
    progress = await _first_values(writer, export, table, scope, query.where)
    projected = writer.with_projection(table.projection)
    position = export.position
    after = None if position is None else keyset_codec.load(table.model, query.order, position)
    most = _rows_of_turn(export, most)
    bounds = PageBounds(most, after=after)
    found = await page(projected, scope, table.model, query.order, bounds, query.where)
    rows, is_last = found[:most], len(found) <= most
    packed, content = await asyncio.to_thread(_packed, export, table, rows, is_last=is_last)
    if rules.most_mb is not None and export.size_bytes + len(packed) > rules.most_mb * BYTES_PER_MB:
        await _fail(writer, export.id, TOO_LARGE.format(rules.most_mb))
        return
    await exports.add_part(writer, export, packed)
    progress |= {
        "position": keyset_codec.dump(table.model, query.order, rows[-1]) if rows else position,
        "rows_count": export.rows_count + len(rows),
        "size_bytes": export.size_bytes + len(packed),
        "content_bytes": content.size_bytes,
        "content_crc": content.crc,
    }
    if is_last:
        ended = {**progress, "status": ExportStatus.SUCCEEDED}
        await exports.finish(writer, export.id, ended, kept_for=rules.kept_for)
    else:
        await exports.advance(writer, export.id, progress)


def _rows_of_turn(export: Export, most: int) -> int:
    """Return the number of rows of a turn. Large rows make it smaller, to bound the memory."""
    if export.rows_count == 0:
        return min(most, ROWS_OF_FIRST_TURN)
    return min(most, max(1, BYTES_PER_TURN * export.rows_count // max(1, export.content_bytes)))


async def _first_values(
    writer: Writer, export: Export, table: ExportTable, scope: Scope, where: Filter
) -> dict[str, object]:
    """Return the columns that the first turn sets. A retry skips the count, which may have caused the failure."""
    if export.status != ExportStatus.QUEUED:
        return {}
    values: dict[str, object] = {"status": ExportStatus.RUNNING}
    if export.failures == 0:
        found = await counts.count(writer, scope, table.model, None, None, where)
        values["rows_total"] = found.get(None, 0)
    return values


def _packed(
    export: Export, table: ExportTable, rows: Sequence[Any], *, is_last: bool
) -> tuple[bytes, Content]:
    is_first = export.size_bytes == 0
    data = _head(export) if is_first else b""
    data += row_format.lines(export.format, export.columns, table.values(rows))
    content = Content(export.content_bytes, export.content_crc).followed_by(data)
    return piece(data, first=is_first) + (end(content) if is_last else b""), content


def _head(export: Export) -> bytes:
    return row_format.head(export.format, export.columns, byte_order_mark=export.byte_order_mark)


async def _record_failure(writer: Writer, export_id: int, failure: Exception) -> None:
    """Record a failed turn. The fifth failure in a row fails the export."""
    if not is_too_slow(failure):
        logger.error("export %s failed", export_id, exc_info=failure)
    if await exports.postpone(writer, export_id) >= MOST_FAILURES:
        unknown = f"An internal error occurred. It was logged as export {export_id}."
        await _fail(writer, export_id, TOO_SLOW if is_too_slow(failure) else unknown)


async def _fail(writer: Writer, export_id: int, reason: str) -> None:
    values = {"status": ExportStatus.FAILED, "error": reason}
    await exports.finish(writer, export_id, values, kept_for=_AT_ONCE)


async def purge(pool: Pool) -> bool:
    """Delete some parts of expired files, or old exports. Return False if nothing is left to delete.

    The file of a finished export stays for a while after its expiry, so that downloads that have begun can end.
    """
    delete = partial(exports.purge, under_way=UNDER_WAY, most=PARTS_PER_PURGE)
    if await in_transaction(pool, delete):
        return True
    gone = await in_transaction(
        pool,
        lambda writer: exports.forget(writer, kept_for=REMEMBERED_FOR, most=EXPORTS_PER_PURGE),
    )
    return gone > 0
