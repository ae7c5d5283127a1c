"""Exports: a list's filter and order, asked for as in the list itself, to be written into a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from db.engine.writer import Writer
from db.language.filter import EVERYTHING
from db.language.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Export, ExportEntity, ExportStatus
from resolvers.framework.context import Context, Viewer
from resolvers.framework.export_columns import columns_of, models_of, usual_columns
from resolvers.framework.filter_input import filter_of, given_fields, order_of, public
from resolvers.framework.global_id import encode, row_id
from resolvers.framework.mutation import mutation
from resolvers.framework.paging import Listing
from resolvers.framework.payload import Payload
from resolvers.framework.permission import require_scope, scope_to_read
from resolvers.framework.relation import by_id, everything
from resolvers.framework.requires import requires
from services.export import jobs as service
from services.export.jobs import NewExport
from services.rules.user_errors import UserErrorCode, user_error

export = by_id(Export)
exports = everything(Listing(Export, LATEST_ID_FIRST))

DEFAULT_ORDER = {
    ExportEntity.KEYWORDS: LATEST_ID_FIRST,
    ExportEntity.MENTIONS: NEWEST_FIRST,
    ExportEntity.LEADS: NEWEST_FIRST,
    ExportEntity.INTEGRATIONS: LATEST_ID_FIRST,
    ExportEntity.INTEGRATION_LOGS: NEWEST_FIRST,
}


@requires("status", "expires_at", loads=0)
async def url(rows: Sequence[Export], context: Context) -> Sequence[str | None]:  # noqa: ARG001 - no resolver is without
    return [address(row) if is_ready(row) else None for row in rows]


def address(row: Export) -> str:
    """Where the file can be had, seen from the origin of the API."""
    return f"/exports/{encode('Export', row.id)}/download"


def is_ready(row: Export) -> bool:
    """Whether there is a file to be had."""
    ends = row.expires_at
    return row.status == ExportStatus.SUCCEEDED and ends is not None and ends > datetime.now(UTC)


def require_readable(viewer: Viewer, entity: ExportEntity, columns: Sequence[str]) -> None:
    """Raise `ForbiddenError` if the viewer's key must not read the rows that the columns show."""
    for scope in sorted({scope_to_read(model) or "" for model in models_of(entity, columns)}):
        require_scope(viewer, scope or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPayload(Payload):
    """The export as it is now."""

    export: Export | None = None


async def _asked(context: Context, asked: Any) -> NewExport:
    """What is to be exported, as the viewer may. Raises `UserInputError`, `ForbiddenError` and `UserErrors`."""
    ((name, given),) = given_fields(asked.list)
    entity, place = ExportEntity(name), ("list", name)
    columns = _columns(entity, given.columns, place)
    require_readable(context.viewer, entity, columns)
    path = ".".join(map(public, ("input", *place, "filter")))
    wanted = given.filter or None
    where = EVERYTHING if wanted is None else filter_of(wanted, path)
    order = order_of(given.order_by or None, wanted, path) or DEFAULT_ORDER[entity]
    return NewExport(entity, asked.format, columns, where, order)


def _columns(entity: ExportEntity, given: Any, place: tuple[str, ...]) -> Sequence[str]:
    """The columns' names. Raises `UserErrors` for one that is unknown, or stands twice."""
    if not isinstance(given, list):
        return usual_columns(entity)
    if not given:
        raise user_error(UserErrorCode.REQUIRED, "An export has at least one column.", *place, "columns")
    for index, name in enumerate(given):
        here = (*place, "columns", str(index))
        if name not in columns_of(entity):
            message = f"There is no column {name[:100]!r}. There are {', '.join(columns_of(entity))}."
            raise user_error(UserErrorCode.INVALID, message, *here)
        if name in given[:index]:
            raise user_error(UserErrorCode.INVALID, f"The column {name} stands here twice.", *here)
    return given


@mutation(None, ExportPayload, prepare=_asked)
async def create_export(writer: Writer, context: Context, new: NewExport) -> ExportPayload:
    return ExportPayload(export=await service.create(writer, context.viewer, new))


@mutation(None, ExportPayload)
async def cancel_export(writer: Writer, context: Context, asked: Any) -> ExportPayload:
    cancelled = await service.cancel(writer, context.viewer, row_id(asked.id, Export))
    return ExportPayload(export=cancelled)
