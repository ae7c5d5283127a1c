"""Filters: trees of conditions on rows, as values.

A filter is hashable, so that it can be a field of a loader. Its shape is the same tree with names instead of
values, and selects the compiled statement. The values are bound when the statement runs.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    all_,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.types import Text, TypeEngine

from db.language.scope import visible
from db.language.shape import HIDDEN
from db.models import AnalysisResult, Base, Lead, Mention
from db.models.base import table_of
from text.lexemes import query


class Operator(StrEnum):
    EQ = "eq"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS_NULL = "is_null"
    CONTAINS = "contains"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison. `value` is a tuple for lists. In a shape, it is the name of the parameter."""

    field: str
    operator: Operator
    value: Hashable


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Rows that do not match the part.

    Rows where the part is null, because of a missing value, are included.
    """

    part: "Filter"


Filter = Test | All | AnyOf | Not
EVERYTHING = All(())

_RANGES = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
_GUESSED = _RANGES | {Operator.MATCHES, Operator.CONTAINS, Operator.HAS_ANY, Operator.HAS_ALL}
"""Operators for which a plan without values assumes a share of the rows, whatever they find."""


def needs_values(filter_: Filter) -> bool:
    """Return whether the plan of a statement with this filter must know the values.

    A page with a common word is a short walk along the order, one with a rare word a look-up in the full-text index.
    The same holds for the rows of a year and of a minute.
    """
    match filter_:
        case All(parts) | AnyOf(parts):
            return any(map(needs_values, parts))
        case Not(part):
            return needs_values(part)
        case Test(operator=operator):
            return operator in _GUESSED


def shape_and_values(filter_: Filter) -> tuple[Filter, dict[str, object]]:
    """Return the filter's shape, and its values by parameter name."""
    names, values = count(), dict[str, object]()

    def shaped(part: Filter) -> Filter:
        match part:
            case All(parts):
                return All(tuple(map(shaped, parts)))
            case AnyOf(parts):
                return AnyOf(tuple(map(shaped, parts)))
            case Not(inner):
                return Not(shaped(inner))
            case Test(operator=Operator.IS_NULL):
                return part  # its value is part of the statement
            case Test(operator=Operator.MATCHES, value=str(value)):
                name = f"where_{next(names)}"
                values[name] = query(value)
                return replace(part, value=name)
            case Test(operator=operator, value=value):
                name = f"where_{next(names)}"
                values[name] = list(value) if isinstance(value, tuple) else value
                if operator is Operator.CONTAINS:
                    values[name] = "%" + _ESCAPED.sub(r"\\\g<0>", str(value)) + "%"
                return replace(part, value=name)

    return shaped(filter_), values


@dataclass(frozen=True, slots=True)
class Reach:
    """The context of a condition on a row of another table.

    `required` says that each result must meet the condition, so that PostgreSQL may join the other table.
    Below `or` and `not`, a join is impossible, and PostgreSQL would scan the other table instead of looking
    up each row. `everybody` says that the statement reads all rows, and not those of one user.
    """

    everybody: bool
    required: bool = True

    def optional(self) -> "Reach":
        """Return the context below `or` and `not`."""
        return replace(self, required=False)


Compare = Callable[[Table, Operator, Any, Reach], ColumnElement[bool]]


def _table(model: type[Base]) -> Any:
    return model.__table__


def condition(model: type[Base], shape: Filter, *, everybody: bool) -> ColumnElement[bool]:
    """Return a filter's shape as SQL on the model's table. Raise `KeyError` for an unknown field."""
    return _condition(model, shape, Reach(everybody))


def _condition(model: type[Base], shape: Filter, reach: Reach) -> ColumnElement[bool]:
    table = _table(model)
    match shape:
        case All(parts):
            return and_(True, *(_condition(model, part, reach) for part in parts))
        case AnyOf(parts):
            return or_(False, *(_condition(model, part, reach.optional()) for part in parts))
        case Not(part):
            return _condition(model, part, reach.optional()).is_not(True)
        case Test(field, operator, value):
            return _comparison(model, field)(table, operator, value, reach)


_ESCAPED = re.compile(r"[\\%_]")
"""The characters that are no ordinary ones in a pattern of LIKE."""


def compare(column: Column[Any], operator: Operator, value: Any) -> ColumnElement[bool]:
    """Compare a column with the parameter named `value`. For IS_NULL, `value` is True or False itself."""
    if operator is Operator.IS_NULL:
        return column.is_(None) if value else column.is_not(None)
    if operator in {Operator.IN, Operator.NOT_IN}:
        listed = bindparam(value, type_=ARRAY(_type_of_values(column)))
        return (
            column == any_(listed) if operator is Operator.IN else _absent_or(column, column != all_(listed))
        )
    if operator is Operator.CONTAINS:
        # A trigram index serves LIKE, and not strpos.
        return func.lower(column).like(func.lower(bindparam(value, type_=Text)))
    if operator in {Operator.HAS_ANY, Operator.HAS_ALL}:
        test = "&&" if operator is Operator.HAS_ANY else "@>"
        return column.bool_op(test)(bindparam(value, type_=column.type))
    bound = bindparam(value, type_=_type_of_values(column))
    comparisons: dict[Operator, ColumnElement[bool]] = {
        Operator.EQ: column == bound,
        Operator.GT: column > bound,
        Operator.GTE: column >= bound,
        Operator.LT: column < bound,
        Operator.LTE: column <= bound,
    }
    return comparisons[operator]


def _type_of_values(column: Column[Any]) -> TypeEngine[Any]:
    """Return the type of the parameter.

    It is wider than the column's, so that no number is rounded or refused.
    """
    if isinstance(column.type, Numeric):
        return Numeric()
    return Integer() if isinstance(column.type, SmallInteger) else column.type


def _absent_or(column: Column[Any], test: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(column.is_(None), test) if column.nullable else test


def _own(name: str) -> Compare:
    """Compare a column of the row itself."""
    return lambda table, operator, value, _: compare(table.c[name], operator, value)


def _there_is(
    table: Table, other: type[Base], *conditions: ColumnElement[bool], reach: Reach
) -> ColumnElement[bool]:
    """Return whether the other table has a matching row of the same user as the table's row."""
    owner = _table(other).c.user_id == table.c.user_id
    # Both rows always belong to the same user. The condition limits PostgreSQL to the user's rows of the
    # other table, where it finds rare values by an index that begins with the user.
    same_user = owner if reach.everybody else visible(other, everybody=False)
    # Correlate the filtered table alone: the statement itself may also read the other table.
    found = select(1).where(*conditions, same_user).correlate(table)
    # OFFSET 0 keeps PostgreSQL from building a hash table of all rows.
    return exists(found if reach.required else found.offset(literal_column("0")))


def _ignoring_case(name: str) -> Compare:
    """Compare a text column of the row itself, regardless of case."""

    def compared(table: Table, operator: Operator, value: Any, _: Reach) -> ColumnElement[bool]:
        column = table.c[name]
        if operator in {Operator.IS_NULL, Operator.CONTAINS}:
            return compare(column, operator, value)
        if operator is Operator.EQ:
            return func.lower(column) == func.lower(bindparam(value, type_=Text))
        given = func.unnest(bindparam(value, type_=ARRAY(Text))).column_valued("given")
        listed = func.array(select(func.lower(given)).scalar_subquery(), type_=ARRAY(Text))
        if operator is Operator.IN:
            return func.lower(column) == any_(listed)
        return _absent_or(column, func.lower(column) != all_(listed))

    return compared


def _of(model: type[Base], key: str, name: str, own: str = "id") -> Compare:
    """Compare a column of the single row in another table whose `key` equals the `own` column of this row.

    The column of a missing row is null.
    """

    def compared(table: Table, operator: Operator, value: Any, reach: Reach) -> ColumnElement[bool]:
        other = _table(model)
        its_row, column = other.c[key] == table.c[own], other.c[name]
        if operator is Operator.IS_NULL:
            there = _there_is(table, model, its_row, column.is_not(None), reach=reach)
            return ~there if value else there
        if operator is Operator.NOT_IN:
            return ~_there_is(table, model, its_row, compare(column, Operator.IN, value), reach=reach)
        return _there_is(table, model, its_row, compare(column, operator, value), reach=reach)

    return compared


def _in_parent(model: type[Base], key: str, name: str) -> Compare:
    """Compare a column of the row's parent."""

    def compared(table: Table, operator: Operator, value: Any, reach: Reach) -> ColumnElement[bool]:
        parent = _table(model)
        its_parent = parent.c.id == table.c[key]
        return _there_is(table, model, its_parent, compare(parent.c[name], operator, value), reach=reach)

    return compared


def _search(table: Table, _: Operator, value: Any, __: Reach) -> ColumnElement[bool]:
    return table.c.search.op("@@")(search_query(value))


def search_query(name: str) -> ColumnElement[Any]:
    """Return the parameter, which is the text of a tsquery (`text.lexemes.query`), as a full-text query."""
    return cast(bindparam(name, type_=Text), TSQUERY)


def _search_leads(_: Table, operator: Operator, value: Any, reach: Reach) -> ColumnElement[bool]:
    """Search the lead's own words, and the text of its mention: one of the two must match.

    Each has a full-text index of its own, and PostgreSQL unites the leads that the two indexes find.
    """
    everybody, found, of_posts = reach.everybody, _table(Lead).alias("found"), _table(Lead).alias("of_posts")
    posts = _table(Mention)
    own = select(found.c.id).where(
        found.c.search.op("@@")(search_query(value)), visible(Lead, everybody=everybody, table=found)
    )
    matching = select(of_posts.c.id).where(
        of_posts.c.mention_id == posts.c.id,
        _search(posts, operator, value, reach),
        visible(Mention, everybody=everybody),
        visible(Lead, everybody=everybody, table=of_posts),
    )
    both = union_all(own.correlate(None), matching.correlate(None))
    return table_of(Lead).c.id.in_(both)


def _has(model: type[Base], key: str) -> Compare:
    """Compare whether another table has a row that refers to this row: IS_NULL False, or True without a row."""

    def compared(table: Table, _: Operator, value: Any, reach: Reach) -> ColumnElement[bool]:
        there = _there_is(table, model, _table(model).c[key] == table.c.id, reach=reach)
        return ~there if value else there

    return compared


DERIVED: Mapping[type[Base], Mapping[str, Compare]] = {
    Mention: {
        "sentiment": _of(AnalysisResult, "mention_id", "sentiment"),
        "intent": _of(AnalysisResult, "mention_id", "intent"),
        "relevance": _of(AnalysisResult, "mention_id", "relevance"),
        "relevance_score": _of(AnalysisResult, "mention_id", "relevance_score"),
        "lead_status": _of(Lead, "mention_id", "status"),
        "lead": _has(Lead, "mention_id"),
        "search": _search,
    },
    Lead: {
        "platform": _in_parent(Mention, "mention_id", "platform"),
        "intent": _of(AnalysisResult, "mention_id", "intent", own="mention_id"),
        "contact_email": _ignoring_case("contact_email"),
        "search": _search_leads,
    },
}
"""The fields of a filter that are not a column of the row itself."""


def is_filterable(model: type[Base], field: str) -> bool:
    """Return whether a filter can test the field: a readable column of the row, or a derived field."""
    derived = field in DERIVED.get(model, {})
    return derived or (field in _table(model).c and field not in HIDDEN)


def _comparison(model: type[Base], field: str) -> Compare:
    if not is_filterable(model, field):
        raise KeyError(f"{model.__name__}.{field}")
    return DERIVED.get(model, {}).get(field) or _own(field)
