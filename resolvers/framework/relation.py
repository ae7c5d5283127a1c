"""Resolvers of one row: a related row, and a row by its id."""

from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

from db.language.records import joined_rows
from db.language.shape import ToOne as Relation
from db.models import Base
from loaders.rows import RowByColumn, RowById
from resolvers.entities import OF_MODEL
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.global_id import row_id
from resolvers.framework.requires import requires

Model = TypeVar("Model", bound=Base)

ToOne: TypeAlias = Callable[
    [Sequence[Any], Context], Sequence[Model | None] | Awaitable[Sequence[Model | None]]
]


def related(entity: Entity[Any], name: str) -> ToOne[Any]:
    """Return the resolver of a declared relation: one row, or None if the viewer may see none.

    A row that needs the same scope as the row of the entity needs no further check.
    """
    relation = entity.relations[name]
    other = OF_MODEL.get(relation.model)
    return _resolver(relation, granted=other is not None and other.permission == entity.permission)


def written(model: type[Model], column: str) -> ToOne[Model]:
    """Return the resolver of the row that a mutation wrote, by the column of the payload with its id.

    A key that may write the row needs no scope to see it in the payload.
    """
    return _resolver(Relation(model, column, "id", shared=True), granted=True)


async def all_written(model: type[Model], ids: Sequence[int], context: Context) -> Sequence[Model | None]:
    """Return the rows that a mutation wrote, like `written`."""
    return await context.load_granted(RowById(model), ids)


def parent(model: type[Model], column: str) -> ToOne[Model]:
    """Return the resolver of the row that a column of a value refers to, which is no row of an entity."""
    return _resolver(Relation(model, column, "id", shared=True), granted=False)


def _resolver(relation: Relation, *, granted: bool) -> ToOne[Any]:
    """Return a resolver that takes the joined rows at once, and loads rows that were not joined.

    A `granted` row needs no scope of its own.
    """
    is_own = relation.column == "id" and relation.key != "id"
    load = _by_own_id if is_own else _by_reference

    @requires(
        *([] if is_own else [relation.column]), relation=relation, models=() if granted else [relation.model]
    )
    def resolve(
        rows: Sequence[Any], context: Context
    ) -> Sequence[Any | None] | Awaitable[Sequence[Any | None]]:
        if not granted:
            context.require(relation.model)
        joined = joined_rows(rows, relation)
        return load(relation, rows, context, granted=granted) if joined is None else joined

    return resolve


async def _by_reference(
    relation: Relation, rows: Sequence[Any], context: Context, *, granted: bool
) -> Sequence[Any]:
    """Load the row that each row's column refers to."""
    ids = list(map(attrgetter(relation.column), rows))
    referring = [row for row, id_ in zip(rows, ids, strict=True) if id_ is not None]
    known = [id_ for id_ in ids if id_ is not None]
    found = await context.row_by_reference(referring, relation.model, known, granted=granted)
    if len(found) == len(ids):
        return found
    remaining = iter(found)
    return [None if id_ is None else next(remaining) for id_ in ids]


async def _by_own_id(
    relation: Relation, rows: Sequence[Any], context: Context, *, granted: bool
) -> Sequence[Any]:
    """Load the only row that refers to each row."""
    load = context.load_granted if granted else context.load
    return await load(RowByColumn(relation.model, relation.key), [row.id for row in rows])


def by_id(model: type[Model]) -> Callable[..., Awaitable[Sequence[Model | None]]]:
    """Return the resolver of a row by its global id; None if the viewer may not see it."""
    loader = RowById(model)

    @requires(models=[model])
    def resolve(parents: Sequence[Any], context: Context, id: str) -> Awaitable[Sequence[Model | None]]:  # noqa: A002 - the API's word
        return context.load(loader, [row_id(id, model)] * len(parents))

    return resolve
