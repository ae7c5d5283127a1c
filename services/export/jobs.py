"""Exports: lists written into files. Asked for in a moment, and written by a worker, turn by turn.

A turn reads the rows behind the last one that was written, and commits them together with how far it came: so a
row is in the file once, whoever is killed in between. No turn knows of another's snapshot. Rows that come or go
meanwhile may be in the file or not; those that stay where they are in the order are.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from db.engine.outage import is_lost, is_too_slow
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
from services.rules.user_errors import UserErrorCode, not_found, refused
from services.rules.user_locks import hold_viewer

logger = logging.getLogger("leadgraph")

ROWS_PER_TURN = 1000
ROWS_OF_FIRST_TURN = 100
BYTES_PER_TURN = 4_000_000
"""How much of a file is made at a time, as far as what there is of it tells."""
MOST_UNFINISHED = 10
MOST_FAILURES = 5
KEPT_FOR = timedelta(days=7)
REMEMBERED_FOR = timedelta(days=30)
PARTS_PER_PURGE = 200
EXPORTS_PER_PURGE = 1000
_AT_ONCE = timedelta()

NOT_ALLOWED = "Whoever asked for it may not read these rows any more."
TOO_SLOW = "The rows could not be found in time: narrow the filter, or choose the order NEWEST or OLDEST."


@dataclass(frozen=True, slots=True)
class NewExport:
    entity: ExportEntity
    format: ExportFormat
    columns: Sequence[str]
    where: Filter
    order: Order


@dataclass(frozen=True, slots=True)
class ExportTable:
    """What an export reads: rows of the model with what the projection takes, of which `values` makes one value
    for each of the export's columns.
    """

    model: type[Base]
    projection: Projection
    values: Callable[[Sequence[Any]], Iterable[row_format.Row]]


SheetOf = Callable[[ExportEntity, Sequence[str]], ExportTable]


async def create(writer: Writer, viewer: Viewer, new: NewExport) -> Export:
    """An export that waits for a worker. Raises `RefusedError`."""
    await hold_viewer(writer, viewer)
    if await exports.unfinished(writer, _own(viewer)) >= MOST_UNFINISHED:
        raise refused(
            UserErrorCode.TOO_MANY,
            f"{MOST_UNFINISHED} exports are not finished yet: wait for one of them, or cancel it.",
        )
    values = {
        "user_id": viewer.user_id,
        "everybody": viewer.scope.everybody,
        "entity": new.entity,
        "format": new.format,
        "columns": list(new.columns),
        "question": saved_query.dump(SavedQuery(new.where, new.order)),
    }
    made = await write_rows.insert_one(writer, Export, values)
    await exports.tell_workers(writer)
    return made


async def cancel(writer: Writer, viewer: Viewer, export_id: int) -> Export:
    """The export, cancelled; one that was so already stays so. Raises `RefusedError`."""
    await hold_viewer(writer, viewer)
    cancelled = await exports.cancel(writer, _own(viewer), export_id)
    found = cancelled or await write_rows.read(writer, _own(viewer), Export, export_id)
    if found is None:
        raise not_found("export", "id")
    if found.status != ExportStatus.CANCELLED:
        raise refused(UserErrorCode.INVALID_TRANSITION, "It has ended already.", "id")
    return found


def _own(viewer: Viewer) -> Scope:
    return Scope(viewer.user_id)


async def take_turn(pool: Pool, export_table_of: SheetOf, *, rows_per_turn: int = ROWS_PER_TURN) -> bool:
    """Writes the next rows of the export whose turn it is; False where none is due.

    What fails is noted and tried again, a few times. Raises what the driver raises where the database is lost.
    """
    taken: list[Export] = []

    async def work(writer: Writer) -> bool:
        turn = await exports.take(writer)
        if turn is None:
            return False
        taken[:] = [turn.export]
        if _is_allowed(turn):
            await _write_some(writer, turn.export, export_table_of, rows_per_turn)
        else:
            await _fail(writer, turn.export.id, NOT_ALLOWED)
        return True

    try:
        return await in_transaction(pool, work)
    except Exception as failure:
        if not taken or is_lost(failure):
            raise
        await in_transaction(pool, partial(_note, export_id=taken[0].id, failure=failure))
        return True


def _is_allowed(turn: exports.Turn) -> bool:
    """Whether the user may still read what they asked for."""
    reads_it = turn.role == UserRole.OPERATOR or not turn.export.everybody
    return reads_it and turn.status == UserStatus.ACTIVE


async def _write_some(writer: Writer, export: Export, export_table_of: SheetOf, most: int) -> None:
    query, sheet = saved_query.load(export.question), export_table_of(export.entity, export.columns)
    scope = EVERYBODY if export.everybody else Scope(export.user_id)
    progress = await _begin(writer, export, sheet, scope, query.where)
    position = export.position
    after = None if position is None else keyset_codec.load(sheet.model, query.order, position)
    most = _rows_of_turn(export, most)
    span = PageBounds(most, after=after)
    projected = writer.with_projection(sheet.projection)
    found = await page(projected, scope, sheet.model, query.order, span, query.where)
    some, is_last = found[:most], len(found) <= most
    packed, content = await asyncio.to_thread(_packed, export, sheet, some, is_last=is_last)
    await exports.add_part(writer, export, packed)
    progress |= {
        "position": keyset_codec.dump(query.order, some[-1]) if some else position,
        "rows_count": export.rows_count + len(some),
        "size_bytes": export.size_bytes + len(packed),
        "content_bytes": content.size_bytes,
        "content_crc": content.crc,
    }
    if is_last:
        ended = {**progress, "status": ExportStatus.SUCCEEDED}
        await exports.finish(writer, export.id, ended, kept_for=KEPT_FOR)
    else:
        await exports.advance(writer, export.id, progress)


def _rows_of_turn(export: Export, most: int) -> int:
    """Where rows are large, a turn has fewer of them: none takes much memory."""
    if export.rows_count == 0:
        return min(most, ROWS_OF_FIRST_TURN)
    return min(most, max(1, BYTES_PER_TURN * export.rows_count // max(1, export.content_bytes)))


async def _begin(
    writer: Writer, export: Export, sheet: ExportTable, scope: Scope, where: Filter
) -> dict[str, object]:
    """What the first turn has to note. Where counting may be what failed, nothing is counted."""
    if export.status != ExportStatus.QUEUED:
        return {}
    begun: dict[str, object] = {"status": ExportStatus.RUNNING}
    if export.failures == 0:
        found = await counts.count(writer, scope, sheet.model, None, None, where)
        begun["rows_total"] = found.get(None, 0)
    return begun


def _packed(
    export: Export, sheet: ExportTable, some: Sequence[Any], *, is_last: bool
) -> tuple[bytes, Content]:
    is_first = export.size_bytes == 0
    data = row_format.head(export.format, export.columns) if is_first else b""
    data += row_format.lines(export.format, export.columns, sheet.values(some))
    content = Content(export.content_bytes, export.content_crc).followed_by(data)
    return piece(data, first=is_first) + (end(content) if is_last else b""), content


async def _note(writer: Writer, export_id: int, failure: Exception) -> None:
    """Notes a turn that failed; the last of several in a row is the end."""
    if not is_too_slow(failure):
        logger.error("export %s failed", export_id, exc_info=failure)
    if await exports.postpone(writer, export_id) >= MOST_FAILURES:
        unknown = f"Something went wrong here. It was logged as export {export_id}."
        await _fail(writer, export_id, TOO_SLOW if is_too_slow(failure) else unknown)


async def _fail(writer: Writer, export_id: int, reason: str) -> None:
    values = {"status": ExportStatus.FAILED, "error": reason}
    await exports.finish(writer, export_id, values, kept_for=_AT_ONCE)


async def purge(pool: Pool) -> bool:
    """Deletes some of what is over: a part of a file, or exports that are forgotten. False where there is nothing."""
    if await in_transaction(pool, lambda writer: exports.purge(writer, most=PARTS_PER_PURGE)):
        return True
    gone = await in_transaction(
        pool,
        lambda writer: exports.forget(writer, kept_for=REMEMBERED_FOR, most=EXPORTS_PER_PURGE),
    )
    return gone > 0
