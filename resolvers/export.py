"""Exports: lists with filter and order, written into files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from db.engine.writer import Writer
from db.language.filter import EVERYTHING
from db.models import Export, ExportEntity, ExportStatus
from resolvers.entities import EXPORT, OF_EXPORT
from resolvers.framework.context import Context, Viewer
from resolvers.framework.errors import UserInputError
from resolvers.framework.export_columns import columns_of, models_of, usual_columns
from resolvers.framework.filter_input import filter_of, given_fields, order_of
from resolvers.framework.global_id import encode, row_id
from resolvers.framework.mutation import mutation, takes
from resolvers.framework.names import public
from resolvers.framework.payload import Payload
from resolvers.framework.permission import permission_to_read, require_permission
from resolvers.framework.requires import requires
from services.export import jobs as service
from services.export.download_link import DownloadLink
from services.export.jobs import NewExport
from services.rules.user_errors import UserErrorCode, user_error


@requires("status", "expires_at", loads=0)
async def url(rows: Sequence[Export], context: Context) -> Sequence[str | None]:
    return [address(row) if is_ready(row, context.now) else None for row in rows]


SHORTEST_LINK, LONGEST_LINK, USUAL_LINK = 10, 3600, 300


@requires("status", "expires_at", loads=0)
async def download_url(
    rows: Sequence[Export], context: Context, expires_in: int | None = None, gzip: bool | None = None
) -> Sequence[str | None]:
    """Return the link of each export, for the viewer's key. Raise `UserInputError` for a wrong `expires_in`."""
    seconds = USUAL_LINK if expires_in is None else expires_in
    if not SHORTEST_LINK <= seconds <= LONGEST_LINK:
        message = f"`expiresIn` must be between {SHORTEST_LINK} and {LONGEST_LINK} seconds, not {seconds}."
        raise UserInputError(message)
    suffix = "&gzip=false" if gzip is False else ""
    expires_at = ceil(context.now.timestamp()) + seconds
    return [_link(row, context, expires_at, suffix) for row in rows]


def _link(row: Export, context: Context, expires_at: int, suffix: str) -> str | None:
    key_id = context.viewer.key_id
    if key_id is None or not context.links or not is_ready(row, context.now):
        return None
    token = context.links.token(DownloadLink(row.id, context.viewer.user_id, key_id, expires_at))
    return f"{address(row)}?token={token}{suffix}"


def address(row: Export) -> str:
    """Return the file's path on the server."""
    return f"/exports/{encode(EXPORT.typename, row.id)}/download"


def is_ready(row: Export, now: datetime) -> bool:
    """Return whether the file can be downloaded."""
    ends = row.expires_at
    return row.status == ExportStatus.SUCCEEDED and ends is not None and ends > now


def require_readable(viewer: Viewer, entity: ExportEntity, columns: Sequence[str]) -> None:
    """Raise `ForbiddenError` if the viewer's key must not read the rows that the columns show."""
    for scope in sorted({permission_to_read(model) or "" for model in models_of(entity, columns)}):
        require_permission(viewer, scope or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPayload(Payload):
    """The export as it is now."""

    export: Export | None = None


async def _new_export(context: Context, request: Any) -> NewExport:
    """Return the new export. Raise `UserInputError`, `ForbiddenError` or `UserErrors`."""
    ((name, given),) = given_fields(request.list)
    entity, place = ExportEntity(name), ("list", name)
    columns = _columns(entity, given, place)
    require_readable(context.viewer, entity, columns)
    path = ".".join(map(public, ("input", *place, "filter")))
    wanted = given.filter or None
    where = (
        EVERYTHING
        if wanted is None
        else filter_of(OF_EXPORT[entity], wanted, context.require, context.viewer.scope, path)
    )
    of_all = context.viewer.scope.everybody
    order = order_of(given.order_by or None, wanted, path, of_all=of_all) or OF_EXPORT[entity].default_order
    byte_order_mark = bool(request.byte_order_mark)
    return NewExport(entity, request.format, columns, where, order, byte_order_mark)


def _columns(entity: ExportEntity, given: Any, place: tuple[str, ...]) -> Sequence[str]:
    """Return the names of the columns. Raise `UserErrors` for unknown and repeated names."""
    fields, columns = given.fields, given.columns
    if isinstance(fields, list) and isinstance(columns, list):
        message = "Must not be given together with `fields`. Use `fields` alone."
        raise user_error(UserErrorCode.INVALID, message, *place, "columns")
    if isinstance(fields, list):
        return _checked(entity, [one.value for one in fields], *place, "fields")
    return (
        _checked(entity, columns, *place, "columns") if isinstance(columns, list) else usual_columns(entity)
    )


def _checked(entity: ExportEntity, names: Sequence[str], *place: str) -> Sequence[str]:
    if not names:
        raise user_error(UserErrorCode.REQUIRED, "Must name at least one column.", *place)
    for index, name in enumerate(names):
        if name not in columns_of(entity):
            message = f"Unknown column {name[:100]!r}. The columns are {', '.join(columns_of(entity))}."
            raise user_error(UserErrorCode.INVALID, message, *place, str(index))
        if name in names[:index]:
            message = f"The column {name} must not be repeated."
            raise user_error(UserErrorCode.INVALID, message, *place, str(index))
    return names


@takes(4)
@mutation(None, ExportPayload, prepare=_new_export)
async def create_export(writer: Writer, context: Context, new: NewExport) -> ExportPayload:
    return ExportPayload(export=await service.create(writer, context.viewer, new))


@takes(3)
@mutation(None, ExportPayload)
async def cancel_export(writer: Writer, context: Context, request: Any) -> ExportPayload:
    cancelled = await service.cancel(writer, context.viewer, row_id(request.id, Export))
    return ExportPayload(export=cancelled)
