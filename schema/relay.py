"""Connections as the Relay specification describes them, with `nodes` beside `edges`."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from db.language.filter import EVERYTHING
from resolvers.framework import paging
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.filter_input import DEEPEST, MOST_CONDITIONS, filter_of, order_of
from resolvers.framework.requires import like
from schema.fields import column, resolved_by
from schema.list_size import GivenBy, OfPage

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
    page_info: PageInfo = column("Position of the page in the list.")
    total_count: int = resolved_by(
        paging.total_count, description="Number of rows in the whole list, regardless of the page."
    )


def connection(
    entity: Entity[Any],
    resolver: Callable[..., Awaitable[Sequence[Any]]],
    *,
    where: Any,
    order: type[Enum],
    description: str,
) -> Any:
    """Return a field with one page of the entity's rows per parent. The resolver takes the page's arguments as one
    value.

    `where` and `order` are the GraphQL types of the arguments `filter` and `orderBy`.
    """

    @like(resolver, loads_for=paging.PARTS_OF_PAGE)
    async def pages(
        parents: Sequence[Any],
        context: Context,
        *,
        selected: Collection[str],
        order_by: Any = None,
        **given: Any,
    ) -> Sequence[Any]:
        wanted = given.pop("filter", None)
        rows = EVERYTHING if wanted is None else filter_of(entity, wanted)
        read = not paging.PARTS_OF_PAGE.isdisjoint(selected)
        page = paging.PageArguments(**given, where=rows, order=order_of(order_by, wanted), read=read)
        return await resolver(parents, context, page)

    first, *_ = order
    arguments = {
        **ARGUMENTS,
        "filter": Annotated[
            where | None,
            strawberry.argument(
                description=f"Filter of the list, with at most {MOST_CONDITIONS} conditions and {DEEPEST} levels. By "
                "default, all rows."
            ),
        ],
        "order_by": Annotated[
            order | None, strawberry.argument(description=f"Order of the list. Defaults to {first.name}.")
        ],
    }
    size = GivenBy(("first", "last"), paging.DEFAULT_SIZE)
    return resolved_by(pages, description=description, arguments=arguments, size=size)
