"""Connections as the Relay specification describes them, with `nodes` beside `edges`."""

from typing import Annotated, Any, Generic, TypeVar

import strawberry

from resolvers.framework import paging
from resolvers.framework.entity import Entity
from resolvers.framework.filter_input import DEEPEST, MOST_CONDITIONS
from schema.fields import column, itself, resolved_by
from schema.filters import FILTERS
from schema.lazy_types import LeadRef, MentionRef
from schema.list_size import GivenBy, OfPage
from schema.orders import ORDERS
from schema.stats import LeadStats, MentionStats

Item = TypeVar("Item")

_SIZES = (
    f"from 0 to {paging.LARGEST_SIZE} ({paging.LARGEST_BULK_SIZE:,} in root lists with an API key of the scope "
    "`bulk:read`)"
)
ARGUMENTS = {
    "first": Annotated[
        int | None,
        strawberry.argument(
            description=f"Maximum number of rows from the start of the list, {_SIZES}. Defaults to "
            f"{paging.DEFAULT_SIZE} if neither `first` nor `last` is given."
        ),
    ],
    "after": Annotated[
        str | None, strawberry.argument(description="Returns the rows that come after this cursor.")
    ],
    "last": Annotated[
        int | None,
        strawberry.argument(
            description=f"Maximum number of rows from the end of the list, {_SIZES}. The rows stay in the order of the "
            "list. Cannot be combined with `first`."
        ),
    ],
    "before": Annotated[
        str | None, strawberry.argument(description="Returns the rows that come before this cursor.")
    ],
}


@strawberry.type(description="Position of a page in a list.")
class PageInfo:
    has_next_page: bool = resolved_by(
        paging.has_next_page, description="Whether the list has rows after the page."
    )
    has_previous_page: bool = resolved_by(
        paging.has_previous_page, description="Whether the list has rows before the page."
    )
    start_cursor: str | None = column("Cursor of the first row of the page. Null if the page is empty.")
    end_cursor: str | None = column("Cursor of the last row of the page. Null if the page is empty.")
    changes_after: str = resolved_by(
        paging.changes_after,
        description="Cursor of `changes` that follows the answer. The list, and the changes after this cursor, give the "
        "present state without a gap.",
    )


@strawberry.type(description="A row of a page, with the cursor of the row.")
class Edge(Generic[Item]):
    node: Item = column("Row at the end of the edge.")
    cursor: str = column(
        "Cursor of the row, for `after` and `before`. Valid only with the same list, filter and order."
    )


@strawberry.type(
    description="A page of a list. Paging neither repeats nor skips rows whose position in the list stays the same."
)
class Connection(Generic[Item]):
    nodes: list[Item] = column("Rows of the page.", size=OfPage())
    edges: list[Edge[Item]] = column("Rows of the page, each with its cursor.", size=OfPage())
    page_info: PageInfo = column("Position of the page in the list.", of=itself)
    total_count: int = resolved_by(
        paging.total_count, description="Number of rows in the whole list, regardless of the page."
    )


@strawberry.type(
    description="A page of a list. Paging neither repeats nor skips rows whose position in the list stays the same."
)
class MentionConnection(Connection[MentionRef]):
    stats: MentionStats = column("Figures over all mentions of the list.", of=itself)


@strawberry.type(
    description="A page of a list. Paging neither repeats nor skips rows whose position in the list stays the same."
)
class LeadConnection(Connection[LeadRef]):
    stats: LeadStats = column("Figures over all leads of the list.", of=itself)


def list_of(
    entity: Entity[Any], description: str, *, parent: str | None = None, counter: str | None = None
) -> Any:
    """Return a field with one page of the entity's rows per parent, with the declared filter and orders.

    `parent` is the column that names the parent; without it, the list has all rows. `counter` is the column with the
    number of rows: of the parent, or of the user for the list of all.
    """
    arguments = {
        **ARGUMENTS,
        "filter": _filter_argument(entity),
        "order_by": Annotated[
            ORDERS[entity.model] | None,
            strawberry.argument(
                description=f"Order of the list. Defaults to {entity.default_order.name.upper()}."
            ),
        ],
    }
    return resolved_by(
        paging.connection(entity, parent=parent, counter=counter),
        description=description,
        arguments=arguments,
        size=GivenBy(("first", "last"), paging.DEFAULT_SIZE),
    )


def stats_of(entity: Entity[Any], description: str, *, counter: str) -> Any:
    """Return a field with figures over all visible rows of the entity that match the declared filter.

    `counter` is the column of users with the number of rows.
    """
    return resolved_by(
        paging.whole_list(entity, counter=counter),
        description=description,
        arguments={"filter": _filter_argument(entity)},
    )


def _filter_argument(entity: Entity[Any]) -> Any:
    return Annotated[
        FILTERS[entity.model] | None,
        strawberry.argument(
            description=f"Filter of the list, with at most {MOST_CONDITIONS} conditions and {DEEPEST} levels. By "
            "default, all rows."
        ),
    ]
