"""Changes of objects, as a list that a client can follow."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import strawberry

from breadth.fields import KEY, Column
from db.models import ChangeKind
from resolvers import change as resolve
from resolvers.change import ChangeType
from resolvers.entities import OF_TYPENAME
from resolvers.framework import paging
from resolvers.framework.entity import Entity
from resolvers.framework.global_id import encode
from resolvers.framework.names import public
from resolvers.framework.requires import requirements_of
from schema.enums import describe
from schema.fields import NULL_IF_FAILED, SET_RESOLVER, column, itself, resolved_by
from schema.filters import optional
from schema.lazy_types import UserRef
from schema.list_size import GivenBy, OfPage
from schema.node import Node
from schema.relay import PageInfo

describe(
    ChangeType,
    "Type of the objects of a change.",
    **{
        name.lower(): f"The changed objects are {OF_TYPENAME[each.value].plural}."
        for name, each in ChangeType.__members__.items()
    },
)

_FIELDS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("Integration", "credentials_set_at"): ("hasCredentials",),
    ("Mention", "analysis"): ("analysis",),
}
"""The fields that depend on a column which no field of the type states."""


@cache
def fields_of(typename: str, column_: str) -> tuple[str, ...]:
    """Return the names of the fields of a type that read the column."""
    known = _FIELDS.get((typename, column_))
    if known is not None:
        return known
    type_ = getattr(import_module(f"schema.{typename.lower()}"), typename)
    return tuple(
        public(field.python_name)
        for field in type_.__strawberry_definition__.fields
        if column_ in _columns_of(field)
    )


def _columns_of(field: Any) -> Sequence[str]:
    """Return the columns of the row that a field reads."""
    stated = field.metadata.get(KEY)
    if isinstance(stated, Column):
        return (stated.name or field.python_name,)
    requirements = requirements_of(field.metadata.get(SET_RESOLVER))
    return () if requirements is None else requirements.own


def changed_fields(typename: str, columns: Iterable[str]) -> list[str]:
    """Return the names of the fields of a type that read one of the columns, in alphabetical order."""
    return sorted({name for column_ in columns for name in fields_of(typename, column_)})


@strawberry.type(
    description="A change of one object. A change that deletes an object is its tombstone: `node` is null, and `nodeId` "
    "says which object is gone."
)
class Change:
    type: ChangeType = column("Type of the object.", name="entity", of=ChangeType)
    kind: ChangeKind = column("Kind of the change.")
    node_id: strawberry.ID = column(
        "Global ID of the object.", of=lambda event: encode(event.entity, event.row_id)
    )
    node: Node | None = resolved_by(
        resolve.nodes_of,
        description="Object as it is now. Null if the object was deleted, by this change or a later one.",
    )
    fields: list[str] = column(
        "Names of the object's fields that changed, in alphabetical order. Empty unless `kind` is UPDATED. Counters, "
        "figures and lists of other objects are not named.",
        of=lambda event: changed_fields(event.entity, event.columns),
    )
    at: datetime = column("Time of the change.")
    actor: UserRef | None = resolved_by(
        resolve.actors_of,
        description="User who made the change. Null if the system did, or the viewer may not see the user.",
    )
    api_key_id: strawberry.ID | None = resolved_by(
        resolve.keys_of,
        description="Global ID of the API key that made the change. Null for changes of the system and of sessions, and "
        "for keys of users whom the viewer may not see.",
    )
    request_id: str | None = column(
        "ID of the request that made the change, as in the header `X-Request-ID`. Null if no request did."
    )


@strawberry.type(description="A change of a page, with its cursor.")
class ChangeEdge:
    node: Change = column("Change at the end of the edge.")
    cursor: str = column("Cursor of the change, for `after` of `changes`.")


@strawberry.type(
    description="A page of changes. `pageInfo.endCursor` is the cursor after everything that was read for the page, and "
    "the next request continues from that cursor. An empty page has this cursor, too."
)
class ChangeConnection:
    nodes: list[Change] = column("Changes of the page.", size=OfPage())
    edges: list[ChangeEdge] = column("Changes of the page, each with its cursor.", size=OfPage())
    page_info: PageInfo = column("Position of the page in the feed.", of=itself)


@strawberry.input(description="Conditions on changes. All given conditions must hold.")
class ChangeFilter:
    id: strawberry.ID | None = optional("Global ID of the object that changed.")
    kinds: list[ChangeKind] | None = optional("Kinds of changes. An empty list matches all kinds.")


_TYPES = Annotated[
    list[ChangeType] | None,
    strawberry.argument(
        description="Types of the objects. Defaults to all types that the API key may read. A type that the key must not "
        "read gives an error."
    ),
]


def all_changes() -> Any:
    """Return the field with the changes of all objects that the viewer may read."""
    return resolved_by(
        resolve.changes,
        description="Changes of the objects that the viewer may read, in the order in which a reader may apply them. "
        "Every committed change appears exactly once after a cursor, however transactions overlap. Without `after`, the "
        "list begins at the oldest change that is kept. An expired cursor gives the error EXPIRED_CURSOR."
        + NULL_IF_FAILED,
        arguments={
            "first": Annotated[
                int | None,
                strawberry.argument(
                    description=f"Maximum number of changes, from 0 to {paging.LARGEST_SIZE} "
                    f"({paging.LARGEST_BULK_SIZE:,} with an API key of the scope `bulk:read`). Defaults to "
                    f"{paging.DEFAULT_SIZE}."
                ),
            ],
            "after": Annotated[
                str | None,
                strawberry.argument(
                    description="Returns the changes that come after this cursor: of this list, or `changesAfter` of any "
                    "list."
                ),
            ],
            "types": _TYPES,
            "filter": Annotated[
                ChangeFilter | None, strawberry.argument(description="Filter of the changes.")
            ],
        },
        size=GivenBy(("first",), paging.DEFAULT_SIZE),
    )


def changes_of(entity: Entity[Any]) -> Any:
    """Return the field with the newest changes of a row of the entity."""
    return resolved_by(
        resolve.changes_of(entity),
        description=f"Changes of the {entity.typename.lower()} that are kept, newest first.",
        arguments={
            "first": Annotated[
                int | None,
                strawberry.argument(
                    description=f"Maximum number of changes, from 0 to {paging.LARGEST_SIZE}. Defaults to "
                    f"{paging.DEFAULT_SIZE}."
                ),
            ]
        },
        size=GivenBy(("first",), paging.DEFAULT_SIZE),
    )
