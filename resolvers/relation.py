"""The relations that are all alike: a row's parent, a row's only child, a row's lists, and lists of all."""

from collections.abc import Callable, Coroutine, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from db.models import Base
from db.projection import ToOne as Relation
from db.rows import carried
from loaders.rows import RowBy
from resolvers.context import Context
from resolvers.identifier import row_id
from resolvers.needs import needs
from resolvers.paging import Connection, Listing, PageArguments, page_of_all, pages_of_each

Model = TypeVar("Model", bound=Base)

ToOne: TypeAlias = Callable[[Sequence[Any], Context], Coroutine[Any, Any, Sequence[Model | None]]]
ToMany: TypeAlias = Callable[
    [Sequence[Any], Context, PageArguments], Coroutine[Any, Any, Sequence[Connection[Model]]]
]


def parent(model: type[Model], column: str, *, shared: bool = True) -> ToOne[Model]:
    """The row that the column refers to; None where it refers to none that the viewer may see. It is not
    `shared` where no two rows refer to the same one.
    """
    relation = Relation(model, column, "id", shared)

    @needs(column, relation=relation)
    async def resolve(rows: Sequence[Any], context: Context) -> Sequence[Model | None]:
        context.require(model)
        ridden = carried(rows, relation)
        if ridden is not None:
            return ridden
        ids = list(map(attrgetter(column), rows))
        found = await context.load(RowBy(model), [id_ for id_ in ids if id_ is not None])
        if len(found) == len(ids):
            return found
        remaining = iter(found)
        return [None if id_ is None else next(remaining) for id_ in ids]

    return resolve


def child(model: type[Model], column: str) -> ToOne[Model]:
    """The only row that refers to this one by the column; None where there is none."""
    relation = Relation(model, "id", column, shared=False)

    @needs(relation=relation)
    async def resolve(rows: Sequence[Any], context: Context) -> Sequence[Model | None]:
        context.require(model)
        ridden = carried(rows, relation)
        if ridden is not None:
            return ridden
        return await context.load(RowBy(model, column), [row.id for row in rows])

    return resolve


def children(listing: Listing[Model]) -> ToMany[Model]:
    """A page of the rows that refer to this one."""

    @needs(*([listing.counter] if listing.counter else []))
    async def resolve(
        rows: Sequence[Any], context: Context, page: PageArguments
    ) -> Sequence[Connection[Model]]:
        return await pages_of_each(listing, rows, context, page)

    return resolve


def everything(listing: Listing[Model]) -> ToMany[Model]:
    """A page of all rows that the viewer may see."""

    @needs()
    async def resolve(
        parents: Sequence[Any], context: Context, page: PageArguments
    ) -> Sequence[Connection[Model]]:
        return [await page_of_all(listing, context, page)] * len(parents)

    return resolve


def by_id(model: type[Model]) -> Callable[..., Coroutine[Any, Any, Sequence[Model | None]]]:
    """The row of a global id; None where there is none that the viewer may see."""

    @needs()
    async def resolve(parents: Sequence[Any], context: Context, id: str) -> Sequence[Model | None]:  # noqa: A002 - the API's word
        return await context.load(RowBy(model), [row_id(id, model)] * len(parents))

    return resolve
