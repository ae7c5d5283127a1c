import re
from enum import Enum
from functools import partial
from typing import Any

import strawberry

from db.models import ExportEntity, ExportFormat
from resolvers import export as resolve
from resolvers.entities import OF_EXPORT
from resolvers.framework.entity import Entity
from resolvers.framework.export_columns import columns_of, usual_columns
from schema.enums import describe
from schema.fields import column
from schema.filters import FILTERS
from schema.lazy_types import ExportRef
from schema.mutations.field import id_input, idempotency_key, optional, writes
from schema.orders import ORDERS
from schema.user_error import Payload
from services.export.jobs import KEPT_FOR, MOST_UNFINISHED

_FILTER = "Filter of the rows, as in the list. By default, all rows visible to the viewer."
_ORDER = "Order of the rows, as in the list. Defaults to NEWEST."
_EXPORT = "The export after the mutation. Null if nothing was written."


def _field_enum(entity: Entity[Any], list_: ExportEntity) -> type[Enum]:
    """Return the enumeration of a list's columns: `MENTION_URL` for `mention.url`, and so on."""
    names: dict[str, str] = {}
    for name in columns_of(list_):
        names.setdefault(_member(name), name)  # `keywordId` is `keyword.id`, and is the only one of the two
    functional: Any = Enum  # a type checker takes only members that are written out
    made: type[Enum] = functional(f"{entity.typename}ExportField", names)
    described = {member.lower(): f"Adds the column `{name}` to the file." for member, name in names.items()}
    describe(made, f"Column of an exported file of {entity.plural}.", **described)
    return made


def _member(column_name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", column_name).replace(".", "_").upper()


def _usual(list_: ExportEntity) -> str:
    usual = [_member(name) for name in usual_columns(list_)]
    return f"Columns of each row, in the given order. Defaults to {', '.join(usual)}."


def _exported(entity: Entity[Any], list_: ExportEntity) -> Any:
    name = "".join(word.capitalize() for word in list_.split("_"))
    made: Any = type(f"Export{name}Input", (), {"__module__": __name__})
    made.__annotations__ = {
        "filter": FILTERS[entity.model] | None,
        "order_by": ORDERS[entity.model] | None,
        "fields": list[_field_enum(entity, list_)] | None,  # type: ignore[misc]
        "columns": list[str] | None,
    }
    made.filter, made.order_by = optional(_FILTER), optional(_ORDER)
    made.fields = optional(_usual(list_))
    made.columns = optional(
        "Columns of each row by their names in the file, such as `userId`.",
        deprecated="Use `fields`, whose values the schema lists.",
    )
    return strawberry.input(made, description=f"Filter, order and columns of an export of {entity.plural}.")


def _list_input() -> Any:
    made: Any = type("ExportListInput", (), {"__module__": __name__})
    made.__annotations__ = {}
    for list_, entity in OF_EXPORT.items():
        made.__annotations__[list_.value] = _exported(entity, list_) | None
        setattr(
            made, list_.value, optional(f"Exports {entity.plural}. Requires the scope `{entity.permission}`.")
        )
    return strawberry.input(made, description="List to export. Exactly one field must be given.", one_of=True)


@strawberry.input(description="Input for creating an export.")
class CreateExportInput:
    list: Any = strawberry.field(
        graphql_type=_list_input(), description="List to export. Exactly one list must be given."
    )
    format: ExportFormat | None = optional(
        "Format of the rows in the file. The file is compressed with gzip.", ExportFormat.JSON_LINES
    )
    byte_order_mark: bool | None = optional(
        "Whether a CSV file begins with a byte order mark, by which Excel recognises UTF-8. Defaults to false. "
        "Allowed only with the format CSV."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of creating an export.")
class CreateExportPayload(Payload):
    export: ExportRef | None = column(_EXPORT)


@strawberry.type(description="Result of cancelling an export.")
class CancelExportPayload(Payload):
    export: ExportRef | None = column(
        "The export after the mutation. After INVALID_TRANSITION, the current export. Null after any other error."
    )


_field: Any = partial(writes, scope=None)


@strawberry.type
class ExportMutation:
    """Fields of the mutation root."""

    create_export: CreateExportPayload | None = _field(
        resolve.create_export,
        CreateExportInput,
        "Creates an export, which a worker writes to a file. Query the export again to follow its progress. In the orders "
        "NEWEST and OLDEST, every row that exists throughout the export is in the file exactly once. In other orders, a "
        f"row whose position changes during the export may be missing or duplicated. The file expires {KEPT_FOR.days} "
        f"days after completion, unless the server keeps files for another time. A user can have at most {MOST_UNFINISHED} unfinished exports. Requires the scopes to "
        "read the list and the columns.",
    )
    cancel_export: CancelExportPayload | None = _field(
        resolve.cancel_export,
        id_input("CancelExportInput", "Input for cancelling an export.", "Global ID of the export."),
        "Cancels an unfinished export and deletes the rows written so far. Requires no scope.",
    )
