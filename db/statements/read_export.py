"""The file of an export, piece by piece."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from db.engine.pool import Pool
from db.engine.statement_cache import statement
from db.language.records import columns, row_class
from db.language.scope import visible
from db.models import Export, ExportPart
from db.statements.read_rows import table_of

_EXPORTS, _PARTS = table_of(Export), table_of(ExportPart)


@statement
def _export_to_send(*, everybody: bool) -> Select[Any]:
    return select(*columns(Export)).where(
        _EXPORTS.c.id == bindparam("export_id", type_=BigInteger), visible(Export, everybody=everybody)
    )


async def find(pool: Pool, owner_id: int, export_id: int) -> Export | None:
    """The owner's export; None where there is none of this id, or it is somebody else's."""
    sent = _export_to_send(everybody=False)
    values = {"export_id": export_id, "scope_user_id": owner_id}
    found: Any = await pool.fetchrow(sent.sql, *sent.arguments(values), record_class=row_class(Export))
    return found  # type: ignore[no-any-return]


@statement
def _part_from(*, everybody: bool) -> Select[Any]:
    position = bindparam("position", type_=BigInteger)
    return (
        select(_PARTS.c.starts_at, _PARTS.c.data)
        .join(_EXPORTS, _EXPORTS.c.id == _PARTS.c.export_id)
        .where(
            _PARTS.c.export_id == bindparam("export_id", type_=BigInteger),
            _PARTS.c.starts_at <= position,
            visible(Export, everybody=everybody),
        )
        .order_by(_PARTS.c.starts_at.desc())
        .limit(1)
    )


async def part_from(pool: Pool, owner_id: int, export_id: int, position: int) -> bytes:
    """What the file has from the byte at the position to the end of the piece that this one is in; empty where
    the file has ended, or is gone.
    """
    sent = _part_from(everybody=False)
    values = {"export_id": export_id, "position": position, "scope_user_id": owner_id}
    row = await pool.fetchrow(sent.sql, *sent.arguments(values))
    return b"" if row is None else bytes(row["data"][position - row["starts_at"] :])
