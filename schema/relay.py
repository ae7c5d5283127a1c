"""Connections as the Relay specification describes them, with `nodes` beside `edges`."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from db.language.filter import EVERYTHING
from resolvers.framework import paging
from resolvers.framework.context import Context
from resolvers.framework.filter_input import filter_of, order_of
from resolvers.framework.requires import like
from schema.fields import column, resolved_by

Item = TypeVar("Item")

ARGUMENTS = {
    "first": Annotated[
        int | None,
        strawberry.argument(
            description=f"Size of the page from the start of the list, 0 to {paging.LARGEST_SIZE} "
            f"({paging.LARGEST_BULK_SIZE} for lists at the root and keys of the scope `bulk:read`). "
            f"{paging.DEFAULT_SIZE} where neither `first` nor `last` is given."
        ),
    ],
    "after": Annotated[
        str | None, strawberry.argument(description="The page starts behind the row of this cursor.")
    ],
    "last": Annotated[
        int | None,
        strawberry.argument(
            description=f"Size of the page from the end of the list, 0 to {paging.LARGEST_SIZE}; "
            "not together with `first`. The rows stay in the list's order."
        ),
    ],
    "before": Annotated[
        str | None, strawberry.argument(description="The page ends in front of the row of this cursor.")
    ],
}


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = resolved_by(paging.has_next_page, description="Whether rows follow the page.")
    has_previous_page: bool = resolved_by(
        paging.has_previous_page, description="Whether rows come before the page."
    )
    start_cursor: str | None = column("Cursor of the page's first row; null for an empty page.")
    end_cursor: str | None = column("Cursor of the page's last row; null for an empty page.")


@strawberry.type(description="A row of a page, with its place in the list.")
class Edge(Generic[Item]):
    node: Item = column("The row.")
    cursor: str = column("The row's place, for `after` and `before`. Valid for this list and order only.")


@strawberry.type(description="A page of a list. Paging neither repeats nor skips rows that stay in the list.")
class Connection(Generic[Item]):
    nodes: list[Item] = column("The page's rows.")
    edges: list[Edge[Item]] = column("The page's rows, each with its cursor.")
    page_info: PageInfo = column("Where the page lies in the list.")
    total_count: int = resolved_by(
        paging.total_count, description="Number of rows in the whole list, whatever the page."
    )


def connection(
    resolver: Callable[..., Awaitable[Sequence[Any]]], *, where: Any, order: type[Enum], description: str
) -> Any:
    """A field that returns one page per parent: the resolver gets all of the page's arguments as one value.

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
        rows = EVERYTHING if wanted is None else filter_of(wanted)
        read = not paging.PARTS_OF_PAGE.isdisjoint(selected)
        page = paging.PageArguments(**given, where=rows, order=order_of(order_by, wanted), read=read)
        return await resolver(parents, context, page)

    first, *_ = order
    arguments = {
        **ARGUMENTS,
        "filter": Annotated[
            where | None, strawberry.argument(description="Which rows the list has. All, by default.")
        ],
        "order_by": Annotated[
            order | None, strawberry.argument(description=f"The list's order. {first.name} by default.")
        ],
    }
    return resolved_by(pages, description=description, arguments=arguments)
