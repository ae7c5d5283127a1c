"""Filters as clients write them, turned into conditions on rows, with limits on their size."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from db.language.filter import All, AnyOf, Filter, Not, Operator, Test
from db.language.keyset import BEST_MATCH_FIRST, EARLIEST_UPDATE_FIRST, MOST_RELEVANT_FIRST, Order
from db.language.scope import Scope
from db.models import Base, User
from resolvers.framework.entity import Entity, FilterField, IdOf, Presence, Words
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import row_id
from resolvers.framework.names import public
from services.rules.validation import is_storable
from text.lexemes import UnclosedQuoteError, parse

DEEPEST = 5
MOST_CONDITIONS = 50
LONGEST_LIST = 250
LONGEST_TEXT = 500
MOST_MINUS_SIGNS = 24
UNKNOWN = 0
"""An ID that no row has."""

Require = Callable[[type[Base]], None]

OPERATORS = {
    "eq": Operator.EQ,
    "in_": Operator.IN,
    "not_in": Operator.NOT_IN,
    "gt": Operator.GT,
    "gte": Operator.GTE,
    "lt": Operator.LT,
    "lte": Operator.LTE,
    "is_null": Operator.IS_NULL,
    "contains": Operator.CONTAINS,
    "has_any": Operator.HAS_ANY,
    "has_all": Operator.HAS_ALL,
}


def filter_of(
    entity: Entity[Any], given: Any, require: Require, scope: Scope, path: str = "filter"
) -> Filter:
    """Return the filter of an input object. Raise `UserInputError`, which names the place of the error.

    `require` raises if the viewer's key must not read the rows of a model. The ID of a user outside the `scope` counts
    as unknown, so that a filter does not tell what the row hides.
    """
    return _Reading(entity, require, scope).all_of(given, path, depth=1)


def order_of(order: Enum | None, given: Any, path: str = "filter", *, of_all: bool = False) -> Order | None:
    """Return the order of an enumeration's member; `given` is the filter at the path, `of_all` says that the list has
    the rows of all users. Raise `UserInputError` for an order that requires a condition which the filter lacks, or
    that a list of all users cannot have.
    """
    if order is None:
        return None
    chosen: Order = order.value
    if chosen == EARLIEST_UPDATE_FIRST and of_all:
        raise UserInputError(
            "`orderBy: EARLIEST_UPDATE` requires a list with the rows of one user. Use such a list below `user(id:)`, or "
            "`orderBy: LATEST_UPDATE`."
        )
    wanted = dict(given_fields(given)) if given is not None else {}
    if chosen == MOST_RELEVANT_FIRST and not _excludes_null(wanted.get("relevance_score")):
        raise UserInputError(
            f"`orderBy: MOST_RELEVANT` requires a condition `{path}.relevanceScore` that excludes null, such as "
            "`{gte: 0}`."
        )
    if chosen != BEST_MATCH_FIRST:
        return chosen
    if "search" not in wanted:
        raise UserInputError(f"`orderBy: BEST_MATCH` requires `{path}.search`.")
    return replace(chosen, search=_search(wanted["search"], f"{path}.search"))


def _excludes_null(comparison: Any) -> bool:
    compared = {} if comparison is None else dict(given_fields(comparison))
    return any(operator != "is_null" or not operand for operator, operand in compared.items())


class _Reading:
    """One pass over a filter of an entity's rows, which counts the conditions."""

    def __init__(self, entity: Entity[Any], require: Require, scope: Scope) -> None:
        self._fields, self._require, self._scope = entity.filters, require, scope
        self._conditions = 0

    def all_of(self, given: Any, path: str, *, depth: int) -> Filter:
        if depth > DEEPEST:
            raise UserInputError(f"`{path}` must not be nested deeper than {DEEPEST} filters.")
        parts: list[Filter] = []
        for name, value in given_fields(given):
            here = f"{path}.{public(name)}"
            if name in {"and_", "or_"}:
                inner = tuple(
                    self.all_of(one, f"{here}[{index}]", depth=depth + 1)
                    for index, one in enumerate(self._bounded(value, here))
                )
                parts.append(All(inner) if name == "and_" else AnyOf(inner))
            elif name == "not_":
                parts.append(Not(self.all_of(value, here, depth=depth + 1)))
            else:
                parts += self._conditions_of(name, value, here)
        return All(tuple(parts))

    def _conditions_of(self, name: str, value: Any, path: str) -> Iterator[Filter]:
        declared = self._fields[name]
        field = declared.field or name
        if declared.reads is not None:
            self._require(declared.reads)
        if isinstance(declared, Words):
            yield self._test(field, Operator.MATCHES, _search(value, path), path)
        elif isinstance(declared, Presence):
            yield self._test(field, Operator.IS_NULL, not value, path)
        else:
            for operator, operand in _operands(value, path):
                here = f"{path}.{public(operator)}"
                checked = self._operand(declared, operand, here)
                yield self._test(field, OPERATORS[operator], checked, path)

    def _test(self, field: str, operator: Operator, value: Any, path: str) -> Test:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise UserInputError(f"`{path}` exceeds the limit of {MOST_CONDITIONS} conditions.")
        return Test(field, operator, value)

    def _operand(self, declared: FilterField, operand: Any, path: str) -> Any:
        if isinstance(operand, bool):
            return operand
        if isinstance(operand, list):
            return tuple(
                self._operand(declared, one, f"{path}[{index}]")
                for index, one in enumerate(self._bounded(operand, path))
            )
        if isinstance(declared, IdOf):
            try:
                id_ = row_id(operand, declared.model)
                return id_ if declared.model is not User or self._scope.shows_user(id_) else UNKNOWN
            except UserInputError as error:
                raise UserInputError(f"`{path}`: {error}") from error
        return _text(operand, path) if type(operand) is str else operand

    @staticmethod
    def _bounded(given: Sequence[Any], path: str) -> Sequence[Any]:
        if len(given) > LONGEST_LIST:
            raise UserInputError(
                f"`{path}` has {len(given)} entries, but at most {LONGEST_LIST} are allowed."
            )
        return given


def given_fields(given: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an input object that the client gave. Null counts as absent."""
    for field in fields(given):
        value = getattr(given, field.name)
        if value is not None and value is not field.default:
            yield field.name, value


def written(given: Any) -> Any:
    """Return an input object as the JSON value that a client would send for it. Null counts as absent."""
    if is_dataclass(given):
        return {public(name): written(value) for name, value in given_fields(given)}
    match given:
        case list():
            return [written(one) for one in given]
        case Enum():
            return given.name
        case datetime():
            return given.isoformat()
        case Decimal():
            return str(given)
    return given


def _operands(comparison: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the operators of a comparison with their operands. Raise `UserInputError` for the operand null.

    Null could mean no condition, or rows without a value.
    """
    for field in fields(comparison):
        operand = getattr(comparison, field.name)
        if operand is None:
            raise UserInputError(
                f"`{path}.{public(field.name)}` must not be null. Omit the operator for no condition, or use "
                "`isNull: true` for a missing value."
            )
        if operand is not field.default:
            yield field.name, operand


def _text(given: str, path: str) -> str:
    if len(given) > LONGEST_TEXT:
        raise UserInputError(f"`{path}` must be at most {LONGEST_TEXT} characters long.")
    if not is_storable(given):
        raise UserInputError(f"`{path}` contains a character that cannot be stored.")
    return given


def _search(given: str, path: str) -> str:
    if given.count("-") > MOST_MINUS_SIGNS:
        raise UserInputError(f"`{path}` must contain at most {MOST_MINUS_SIGNS} minus signs.")
    search = _text(given, path)
    try:
        parse(search)
    except UnclosedQuoteError as error:
        raise UserInputError(
            f"`{path}` has an opening quote without a closing quote. Close the quote, or remove it."
        ) from error
    return search
