"""Reads for all models: rows by the values of a column, and pages of rows."""

from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar

from asyncpg import Record
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.selectable import TableValuedAlias

from db.engine.reader import Reader
from db.engine.session import Session
from db.engine.statement_cache import Statement, statement
from db.language.filter import EVERYTHING, Filter, condition, shape_and_values
from db.language.keyset import (
    BoundsShape,
    Count,
    Order,
    PageBounds,
    Position,
    between,
    beyond,
    joined,
    kind_of_list,
    sorting,
    value_of,
)
from db.language.projection import EVERY_COLUMN, Projection
from db.language.records import record_class
from db.language.scope import Scope, visible, visible_among
from db.language.shape import Join, Shape
from db.models import Base, User
from db.models.base import table_of
from db.statements.parameters import IDS, keys_parameter

Model = TypeVar("Model", bound=Base)

TOTAL = "rows of list"
"""The column with the number of rows of the whole list. No column of a model has this name."""

FEW = 64
"""The most rows of a statement that may share a round trip with others. More rows take longer than a round trip."""

FEW_OF_EACH = 10
"""The most rows of each parent in such a statement. It does not depend on the number of parents, as no statement does."""

_LIMIT: ColumnElement[int] = bindparam("limit", type_=BigInteger)


def select_shape(shape: Shape, *, everybody: bool) -> Select[Any]:
    """Select the shape's columns, in its order, from the model's table and the joined tables."""
    table = table_of(shape.model)
    source, others = _joined(table, table, shape, "", everybody=everybody)
    own = [value_of(table, name) for name in shape.columns]
    return select(*own, *others).select_from(source)


def _joined(
    source: FromClause, table: FromClause, shape: Shape, above: str, *, everybody: bool
) -> tuple[FromClause, list[ColumnElement[Any]]]:
    selected: list[ColumnElement[Any]] = []
    for join in shape.joins:
        path = f"{above}{join.relation.label}"
        other = _related(table, join, path, everybody=everybody)
        source = source.outerjoin(other, true())
        selected += [other.c[name].label(f"{path}.{name}") for name in join.shape.columns]
        source, nested = _joined(source, other, join.shape, f"{path}.", everybody=everybody)
        selected += nested
    return source, selected


def _related(table: FromClause, join: Join, path: str, *, everybody: bool) -> FromClause:
    """Return the joined row of each row of the table.

    PostgreSQL plans a subquery with an OFFSET by itself: a look-up by the key. Plain joins would take twice the time
    to plan, because PostgreSQL also compares their orders and methods.
    """
    relation, shape = join.relation, join.shape
    other = table_of(relation.model).alias(f"row of {path}")
    names = dict.fromkeys((*shape.columns, *(below.relation.column for below in shape.joins)))
    return (
        select(*(other.c[name] for name in names))
        .where(other.c[relation.key] == table.c[relation.column])
        .where(visible_among(relation.model, everybody=everybody, table=other))
        .offset(literal_column("0"))
        .lateral(path)
    )


def uncounted_keys() -> ColumnElement[Any]:
    """Return the keys so that the planner cannot count them.

    PostgreSQL then reuses one generic plan. Otherwise it would plan each list of keys again, which takes
    longer than reading a few rows.
    """
    return cast_to(select(keys_parameter()).scalar_subquery(), IDS)


def _parents() -> TableValuedAlias:
    """Return the keys as rows."""
    return func.unnest(uncounted_keys()).table_valued("id", name="parent").render_derived(name="parent")


@statement
def _by(model: type[Base], column: str, *, everybody: bool, shape: Shape | None = None) -> Select[Any]:
    table = table_of(model)
    return select_shape(shape or EVERY_COLUMN.shape(model), everybody=everybody).where(
        table.c[column] == any_(uncounted_keys()), visible_among(model, by=column, everybody=everybody)
    )


class _ReadBy(NamedTuple):
    """A statement that reads rows by a column, and the class of its rows."""

    statement: Statement
    row_class: type[Record]


def by(
    reader: Reader, scope: Scope, model: type[Model], column: str, keys: Sequence[int]
) -> Awaitable[list[Model]]:
    """Return the visible rows whose column equals one of the keys, unordered."""
    key = (model, column, scope.user_id is None)
    read: _ReadBy | None = reader.projection.reads.get(key)
    if read is None:
        read = reader.projection.reads[key] = _read_by(reader.projection, *key)
    return reader.fetch_rows_by_keys(read.row_class, read.statement, scope, {"keys": keys})


def _read_by(projection: Projection, model: type[Base], column: str, everybody: bool) -> _ReadBy:
    shape = projection.shape(model, column)
    return _ReadBy(_by(model, column, everybody=everybody, shape=shape), record_class(shape))


@statement
def _page(
    model: type[Base],
    order: Order,
    bounds: BoundsShape,
    where: Filter,
    *,
    everybody: bool,
    shape: Shape | None = None,
    count: Count | None = None,
) -> Select[Any]:
    table, of = table_of(model), kind_of_list(None, everybody=everybody)
    page = (
        select_shape(shape or EVERY_COLUMN.shape(model, *order.columns), everybody=everybody)
        .where(visible(model, everybody=everybody), condition(model, where, everybody=everybody))
        .where(joined(table, order, everybody=everybody))
        .where(between(table, order, after=bounds.after, before=bounds.before, of=of))
        .order_by(*sorting(table, order, backwards=bounds.backwards, of=of))
        .limit(_LIMIT)
    )
    if count is None:
        return page
    if count.counter is None:
        rows = (visible(model, everybody=everybody), condition(model, where, everybody=everybody))
        number = select(func.count()).select_from(table).where(*rows)
    else:
        counter = table_of(User).c[count.counter]
        number = select(cast_to(func.sum(counter), BigInteger)).where(visible(User, everybody=everybody))
    # Without a correlation, PostgreSQL computes the number once.
    return page.add_columns(number.correlate(None).scalar_subquery().label(TOTAL))


async def page(
    session: Session,
    scope: Scope,
    model: type[Model],
    order: Order,
    bounds: PageBounds,
    where: Filter = EVERYTHING,
    *,
    count: Count | None = None,
) -> list[Model]:
    """Return the page of all visible rows that match the filter, and one row beyond it if one exists.

    With `bounds.backwards`, the rows are in reverse order. With a `count`, rows have the item `TOTAL`.
    """
    filtered, values = shape_and_values(where)
    shape = session.projection.shape(model, *order.columns)
    sent = _page(
        model, order.shape, bounds.shape, filtered, everybody=scope.everybody, shape=shape, count=count
    )
    fetch = session.fetch_few if bounds.limit <= FEW else session.fetch_shape
    return await fetch(shape, sent, scope, **bounds.values(order), **values)


def undisclosed(limit: ColumnElement[int]) -> ColumnElement[int]:
    """Hide the limit from the planner.

    The planner assumes that each parent has the average number of rows. If the average is below the limit, it
    would read and sort all rows of each parent, even of a parent with a million rows.
    """
    return select(limit).scalar_subquery()


@statement
def _page_of_each(
    model: type[Base],
    parent: str,
    order: Order,
    bounds: BoundsShape,
    where: Filter,
    *,
    everybody: bool,
    shape: Shape | None = None,
    count: Count | None = None,
) -> Select[Any]:
    table, parents = table_of(model), _parents()
    of = kind_of_list(parent, everybody=everybody)
    rows = (
        select_shape(shape or EVERY_COLUMN.shape(model, *order.columns), everybody=everybody)
        .where(table.c[parent] == parents.c.id, visible_among(model, by=parent, everybody=everybody))
        .where(condition(model, where, everybody=everybody))
        .where(joined(table, order, everybody=everybody))
        .where(between(table, order, after=bounds.after, before=bounds.before, of=of))
        .order_by(*sorting(table, order, backwards=bounds.backwards, of=of))
        .limit(undisclosed(_LIMIT))
        .lateral("page")
    )
    # PostgreSQL runs a lateral subquery with a limit once per parent, so the result keeps the subquery's
    # order.
    if count is None:
        return select(rows).select_from(parents.join(rows, true()))
    total = (
        select(func.count().label(TOTAL))
        .select_from(table)
        .where(table.c[parent] == parents.c.id, visible_among(model, by=parent, everybody=everybody))
        .where(condition(model, where, everybody=everybody))
        .lateral("total")
    )
    return select(rows, total.c[TOTAL]).select_from(parents.join(total, true()).join(rows, true()))


async def page_of_each(
    reader: Reader,
    scope: Scope,
    model: type[Model],
    parent: str,
    keys: Sequence[int],
    order: Order,
    bounds: PageBounds,
    where: Filter = EVERYTHING,
    *,
    count: Count | None = None,
) -> list[Model]:
    """Return the same page for each parent: one index range per parent, in one statement."""
    filtered, values = shape_and_values(where)
    shape = reader.projection.shape(model, parent, *order.columns, shared=False)
    sent = _page_of_each(
        model,
        parent,
        order.shape,
        bounds.shape,
        filtered,
        everybody=scope.everybody,
        shape=shape,
        count=count,
    )
    few = reader.fetch_few_by_keys if where == EVERYTHING else reader.fetch_few
    fetch = few if bounds.limit <= FEW_OF_EACH else reader.fetch_shape
    return await fetch(shape, sent, scope, keys=keys, **bounds.values(order), **values)


@statement
def _has_beyond(
    model: type[Base], parent: str, order: Order, where: Filter, *, later: bool, everybody: bool
) -> Select[Any]:
    table, parents = table_of(model), _parents()
    of = kind_of_list(parent, everybody=everybody)
    # The row at the position may have been deleted, so the position itself is included.
    nearest = (
        select(literal_column("1"))
        .where(table.c[parent] == parents.c.id, visible_among(model, by=parent, everybody=everybody))
        .where(condition(model, where, everybody=everybody))
        .where(joined(table, order, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True, of=of))
        .order_by(*sorting(table, order, backwards=not later, of=of))
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
    """Return the parents that have rows at or beyond the position."""
    filtered, values = shape_and_values(where)
    shape = _has_beyond(model, parent, order.shape, filtered, later=later, everybody=scope.everybody)
    found = await reader.fetch_few(None, shape, scope, keys=keys, **edge(order, position), **values)
    return {row[0] for row in found}


@statement
def _any_beyond(
    model: type[Base], order: Order, where: Filter, *, later: bool, everybody: bool
) -> Select[Any]:
    table, of = table_of(model), kind_of_list(None, everybody=everybody)
    # Any row would do, but the order makes PostgreSQL use an index. Without it, PostgreSQL assumes that
    # matching rows are spread evenly and scans the table, although the first match may be at its end.
    return (
        select(literal_column("1"))
        .where(visible(model, everybody=everybody), condition(model, where, everybody=everybody))
        .where(joined(table, order, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True, of=of))
        .order_by(*sorting(table, order, backwards=not later, of=of))
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
    """Return whether a visible row is at or beyond the position."""
    filtered, values = shape_and_values(where)
    shape = _any_beyond(model, order.shape, filtered, later=later, everybody=scope.everybody)
    return bool(await reader.fetch_few(None, shape, scope, **edge(order, position), **values))


def edge(order: Order, position: Position) -> dict[str, object]:
    """Return the parameters of the position and of the order."""
    values = {f"edge_{name}": value for name, value in zip(order.columns, position, strict=True)}
    return values | order.values
