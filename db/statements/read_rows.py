"""Reads that every table has alike: rows by a column's values, and pages of rows."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.selectable import TableValuedAlias

from db.engine.pool import Fetcher, Reader
from db.engine.statement_cache import statement
from db.language.filter import EVERYTHING, Filter, condition, shape_and_values
from db.language.keyset import Order, Position, Span, SpanShape, between, beyond, rank, sorting
from db.language.projection import EVERY_COLUMN
from db.language.records import RANK, Shape
from db.language.scope import Scope, visible, visible_among
from db.models import Base
from db.models.base import table_of
from db.statements.parameters import IDS, keys_parameter

Model = TypeVar("Model", bound=Base)


def _select(shape: Shape, *, everybody: bool) -> Select[Any]:
    """The columns of the shape, in its order, from the model's table joined with those of what rides along."""
    table = table_of(shape.model)
    source, ridden = _joined(table, table, shape, "", everybody=everybody)
    own = [rank(table) if name == RANK else table.c[name] for name in shape.columns]
    return select(*own, *ridden).select_from(source)


def _joined(
    source: FromClause, table: FromClause, shape: Shape, above: str, *, everybody: bool
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    selected: list[ColumnElement[Any]] = []
    for ridden in shape.joins:
        relation, way = ridden.relation, f"{above}{ridden.relation.label}"
        other = table_of(relation.model).alias(way)
        refers = other.c[relation.key] == table.c[relation.column]
        seen = visible_among(relation.model, everybody=everybody, table=other)
        source = source.outerjoin(other, and_(refers, seen))
        selected += [other.c[name].label(f"{way}.{name}") for name in ridden.shape.columns]
        source, further = _joined(source, other, ridden.shape, f"{way}.", everybody=everybody)
        selected += further
    return source, selected


def _uncounted_keys() -> ColumnElement[Any]:
    """The keys, in a way that the planner does not count them: a plan that is good for any number is made once,
    where PostgreSQL would otherwise plan anew for every list of keys, which takes longer than reading a few rows.
    """
    return cast_to(select(keys_parameter()).scalar_subquery(), IDS)


def _parents() -> TableValuedAlias:
    """The keys as rows."""
    return func.unnest(_uncounted_keys()).table_valued("id", name="parent").render_derived(name="parent")


@statement
def _by(model: type[Base], column: str, *, everybody: bool, shape: Shape | None = None) -> Select[Any]:
    table = table_of(model)
    return _select(shape or EVERY_COLUMN.shape(model), everybody=everybody).where(
        table.c[column] == any_(_uncounted_keys()), visible_among(model, by=column, everybody=everybody)
    )


async def by(
    reader: Reader, scope: Scope, model: type[Model], column: str, keys: Sequence[int]
) -> list[Model]:
    """The visible rows whose column is one of the keys, in no order."""
    shape = reader.projection.shape(model, column)
    sent = _by(model, column, everybody=scope.everybody, shape=shape)
    return await reader.fetch_shape(shape, sent, scope, keys=keys)


@statement
def _page(
    model: type[Base],
    order: Order,
    span: SpanShape,
    where: Filter,
    *,
    everybody: bool,
    shape: Shape | None = None,
) -> Select[Any]:
    table = table_of(model)
    return (
        _select(shape or EVERY_COLUMN.shape(model, *order.columns), everybody=everybody)
        .where(visible(model, everybody=everybody), condition(model, where, everybody=everybody))
        .where(between(table, order, after=span.after, before=span.before))
        .order_by(*sorting(table, order, backwards=span.backwards))
        .limit(_limit())
    )


async def page(
    reader: Fetcher, scope: Scope, model: type[Model], order: Order, span: Span, where: Filter = EVERYTHING
) -> list[Model]:
    """The span of all visible rows that the filter lets through, and one row more where there are more;
    backwards from its end.
    """
    filtered, values = shape_and_values(where)
    shape = reader.projection.shape(model, *order.columns)
    sent = _page(model, order.shape, span.shape, filtered, everybody=scope.everybody, shape=shape)
    return await reader.fetch_shape(shape, sent, scope, **span.values(order), **values)


def _limit() -> ColumnElement[int]:
    return bindparam("limit", type_=BigInteger)


def _undisclosed(limit: ColumnElement[int]) -> ColumnElement[int]:
    """A number that the planner does not know. It takes every parent for an average one, and where the average has
    fewer rows than a page it would read all rows of a parent and sort them, also of one that has a million.
    """
    return select(limit).scalar_subquery()


@statement
def _page_of_each(
    model: type[Base],
    parent: str,
    order: Order,
    span: SpanShape,
    where: Filter,
    *,
    everybody: bool,
    shape: Shape | None = None,
) -> Select[Any]:
    table, parents = table_of(model), _parents()
    rows = (
        _select(shape or EVERY_COLUMN.shape(model, *order.columns), everybody=everybody)
        .where(table.c[parent] == parents.c.id, visible_among(model, by=parent, everybody=everybody))
        .where(condition(model, where, everybody=everybody))
        .where(between(table, order, after=span.after, before=span.before))
        .order_by(*sorting(table, order, backwards=span.backwards))
        .limit(_undisclosed(_limit()))
        .lateral("page")
    )
    # A lateral subquery with a limit can only be run once per parent, so its order stands in the result.
    return select(rows).select_from(parents.join(rows, true()))


async def page_of_each(
    reader: Reader,
    scope: Scope,
    model: type[Model],
    parent: str,
    keys: Sequence[int],
    order: Order,
    span: Span,
    where: Filter = EVERYTHING,
) -> list[Model]:
    """The same span of each parent's rows: one index range per parent, in one statement."""
    filtered, values = shape_and_values(where)
    shape = reader.projection.shape(model, parent, *order.columns, shared=False)
    sent = _page_of_each(
        model, parent, order.shape, span.shape, filtered, everybody=scope.everybody, shape=shape
    )
    return await reader.fetch_shape(shape, sent, scope, keys=keys, **span.values(order), **values)


@statement
def _has_beyond(
    model: type[Base], parent: str, order: Order, where: Filter, *, later: bool, everybody: bool
) -> Select[Any]:
    table, parents = table_of(model), _parents()
    # The row at the position itself may be gone; whether others lie beyond it is what was asked.
    nearest = (
        select(literal_column("1"))
        .where(table.c[parent] == parents.c.id, visible_among(model, by=parent, everybody=everybody))
        .where(condition(model, where, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True))
        .order_by(*sorting(table, order, backwards=not later))
        .limit(1)
        .lateral("nearest")
    )
    return select(parents.c.id).select_from(parents.join(nearest, true()))


async def parents_with_rows_beyond(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str,
    keys: Sequence[int],
    order: Order,
    position: Position,
    where: Filter = EVERYTHING,
    *,
    later: bool,
) -> set[int]:
    """The keys of the parents that have rows at the position or beyond it."""
    filtered, values = shape_and_values(where)
    shape = _has_beyond(model, parent, order.shape, filtered, later=later, everybody=scope.everybody)
    found = await reader.fetch_values(shape, scope, keys=keys, **edge(order, position), **values)
    return {row["id"] for row in found}


@statement
def _any_beyond(
    model: type[Base], order: Order, where: Filter, *, later: bool, everybody: bool
) -> Select[Any]:
    table = table_of(model)
    # Any row would do. But without an order PostgreSQL trusts that rows which do lie everywhere, and begins to
    # read a table whole whose first ones may be at its end.
    return (
        select(literal_column("1"))
        .where(visible(model, everybody=everybody), condition(model, where, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True))
        .order_by(*sorting(table, order, backwards=not later))
        .limit(1)
    )


async def any_rows_beyond(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    order: Order,
    position: Position,
    where: Filter = EVERYTHING,
    *,
    later: bool,
) -> bool:
    """Whether any visible row lies at the position or beyond it."""
    filtered, values = shape_and_values(where)
    shape = _any_beyond(model, order.shape, filtered, later=later, everybody=scope.everybody)
    return bool(await reader.fetch_values(shape, scope, **edge(order, position), **values))


def edge(order: Order, position: Position) -> dict[str, object]:
    """What the position is bound to, and what the order itself needs."""
    values = {f"edge_{name}": value for name, value in zip(order.columns, position, strict=True)}
    return values | order.values
