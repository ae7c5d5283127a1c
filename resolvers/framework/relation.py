"""The relations that are all alike: a row's parent, a row's only child, a row's lists, and lists of all."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from db.language.records import joined_rows
from db.language.shape import ToOne as Relation
from db.models import Base
from loaders.rows import RowByColumn
from resolvers.framework.context import Context
from resolvers.framework.global_id import row_id
from resolvers.framework.paging import Connection, Listing, PageArguments, page_of_all, pages_of_each
from resolvers.framework.requires import requires

Model = TypeVar("Model", bound=Base)

ToOne: TypeAlias = Callable[
    [Sequence[Any], Context], Sequence[Model | None] | Awaitable[Sequence[Model | None]]
]
ToMany: TypeAlias = Callable[
    [Sequence[Any], Context, PageArguments], Coroutine[Any, Any, Sequence[Connection[Model]]]
]


def parent(model: type[Model], column: str, *, shared: bool = True) -> ToOne[Model]:
    """The row that the column refers to; None where it refers to none that the viewer may see. It is not
    `shared` where no two rows refer to the same one.
    """
    relation = Relation(model, column, "id", shared)

    async def load(rows: Sequence[Any], context: Context) -> Sequence[Model | None]:
        ids = list(map(attrgetter(column), rows))
        referring = [row for row, id_ in zip(rows, ids, strict=True) if id_ is not None]
        found = await context.row_by_reference(referring, model, [id_ for id_ in ids if id_ is not None])
        if len(found) == len(ids):
            return found
        remaining = iter(found)
        return [None if id_ is None else next(remaining) for id_ in ids]

    return _carried_or_loaded(relation, requires(column, relation=relation), load)


def child(model: type[Model], column: str) -> ToOne[Model]:
    """The only row that refers to this one by the column; None where there is none."""
    relation = Relation(model, "id", column, shared=False)

    async def load(rows: Sequence[Any], context: Context) -> Sequence[Model | None]:
        return await context.load(RowByColumn(model, column), [row.id for row in rows])

    return _carried_or_loaded(relation, requires(relation=relation), load)


def _carried_or_loaded(
    relation: Relation, stated: Callable[[ToOne[Model]], ToOne[Model]], load: ToOne[Model]
) -> ToOne[Model]:
    """Takes what the rows carry, at once; otherwise it has to be waited for."""

    def resolve(
        rows: Sequence[Any], context: Context
    ) -> Sequence[Model | None] | Awaitable[Sequence[Model | None]]:
        context.require(relation.model)
        ridden = joined_rows(rows, relation)
        return load(rows, context) if ridden is None else ridden

    return stated(resolve)


def children(listing: Listing[Model]) -> ToMany[Model]:
    """A page of the rows that refer to this one."""

    @requires(*([listing.counter] if listing.counter else []))
    async def resolve(
        rows: Sequence[Any], context: Context, page: PageArguments
    ) -> Sequence[Connection[Model]]:
        return await pages_of_each(listing, rows, context, page)

    return resolve


def everything(listing: Listing[Model]) -> ToMany[Model]:
    """A page of all rows that the viewer may see."""

    @requires()
    async def resolve(
        parents: Sequence[Any], context: Context, page: PageArguments
    ) -> Sequence[Connection[Model]]:
        return [await page_of_all(listing, context, page)] * len(parents)

    return resolve


def by_id(model: type[Model]) -> Callable[..., Coroutine[Any, Any, Sequence[Model | None]]]:
    """The row of a global id; None where there is none that the viewer may see."""

    @requires()
    async def resolve(parents: Sequence[Any], context: Context, id: str) -> Sequence[Model | None]:  # noqa: A002 - the API's word
        return await context.load(RowByColumn(model), [row_id(id, model)] * len(parents))

    return resolve
