"""From a filter as the client wrote it to conditions on rows, with bounds on how much it may ask."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from enum import Enum
from typing import Any

from db.language.filter import All, AnyOf, Filter, Not, Operator, Test
from db.language.keyset import BEST_MATCH_FIRST, Order
from db.models import Base, Integration, Keyword, User
from resolvers.framework.errors import UserInputError
from resolvers.framework.global_id import row_id
from services.rules.validation import is_storable

DEEPEST = 5
MOST_CONDITIONS = 50
LONGEST_LIST = 250
LONGEST_TEXT = 500
MOST_MINUS_SIGNS = 24  # PostgreSQL gives up where more than about thirty negate each other

IDS: Mapping[str, type[Base]] = {"keyword_id": Keyword, "integration_id": Integration, "assignee_id": User}
COLUMNS = {"last_synced_at": "last_searched_at", "assignee_id": "assignee_user_id"}
# Questions that are answered by whether something is there.
PRESENT = {
    "has_lead": "lead",
    "read": "read_at",
    "starred": "starred_at",
    "dismissed": "dismissed_at",
    "engaged": "engaged_at",
}
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
}


def filter_of(given: Any, path: str = "filter") -> Filter:
    """The filter of an input object. Raises `UserInputError` that names the place in it."""
    return _Reading().all_of(given, path, depth=1)


def order_of(order: Enum | None, given: Any, path: str = "filter") -> Order | None:
    """The order of an order's name, `given` the filter that stands at the path. Raises `UserInputError` for
    BEST_MATCH without words to match.
    """
    if order is None:
        return None
    chosen: Order = order.value
    if chosen != BEST_MATCH_FIRST:
        return chosen
    searched = dict(given_fields(given)).get("search") if given is not None else None
    if searched is None:
        raise UserInputError(f"`orderBy: BEST_MATCH` needs words to match: give `{path}.search`.")
    return replace(chosen, search=_search(searched, f"{path}.search"))


class _Reading:
    """One reading of a filter: it counts the conditions on the way."""

    def __init__(self) -> None:
        self._conditions = 0

    def all_of(self, given: Any, path: str, *, depth: int) -> Filter:
        if depth > DEEPEST:
            raise UserInputError(f"`{path}` is nested deeper than {DEEPEST} filters.")
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
        if name == "search":
            yield self._test("search", Operator.MATCHES, _search(value, path), path)
        elif name in PRESENT:
            yield self._test(PRESENT[name], Operator.IS_NULL, not value, path)
        else:
            for operator, operand in given_fields(value):
                here = f"{path}.{public(operator)}"
                checked = self._operand(name, operand, here)
                yield self._test(COLUMNS.get(name, name), OPERATORS[operator], checked, path)

    def _test(self, field: str, operator: Operator, value: Any, path: str) -> Test:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise UserInputError(
                f"`{path}` is one condition too many: a filter has at most {MOST_CONDITIONS}."
            )
        return Test(field, operator, value)

    def _operand(self, name: str, operand: Any, path: str) -> Any:
        if isinstance(operand, list):
            return tuple(
                self._operand(name, one, f"{path}[{index}]")
                for index, one in enumerate(self._bounded(operand, path))
            )
        if name in IDS:
            try:
                return row_id(operand, IDS[name])
            except UserInputError as error:
                raise UserInputError(f"`{path}`: {error}") from error
        return _text(operand, path) if type(operand) is str else operand

    @staticmethod
    def _bounded(given: Sequence[Any], path: str) -> Sequence[Any]:
        if len(given) > LONGEST_LIST:
            raise UserInputError(f"`{path}` has {len(given)} entries; at most {LONGEST_LIST} are possible.")
        return given


def given_fields(given: Any) -> Iterator[tuple[str, Any]]:
    """The fields of an input object that the client gave; null is the same as absent."""
    for field in fields(given):
        value = getattr(given, field.name)
        if value is not None and value is not field.default:
            yield field.name, value


def public(name: str) -> str:
    """A field's name as clients write it."""
    first, *others = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in others)


def _text(given: str, path: str) -> str:
    if len(given) > LONGEST_TEXT:
        raise UserInputError(f"`{path}` is longer than {LONGEST_TEXT} characters.")
    if not is_storable(given):
        raise UserInputError(f"`{path}` contains a character that no text here can contain.")
    return given


def _search(given: str, path: str) -> str:
    if given.count("-") > MOST_MINUS_SIGNS:
        raise UserInputError(f"`{path}` has more than {MOST_MINUS_SIGNS} minus signs.")
    return _text(given, path)
