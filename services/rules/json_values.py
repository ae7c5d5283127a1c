"""JSON values of clients: the depth that they may have, and a search for numbers and strings that JSON cannot hold."""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Final

from services.rules.validation import UNSTORABLE, is_storable

DEEPEST_JSON: Final = 32
"""The most objects and lists within each other."""
INTEGERS: Final = range(-(2**63), 2**64)
_LONGEST_PLACE: Final = 100
_NAME: Final = re.compile(r"\w+")


def is_too_deep(value: object, deepest: int = DEEPEST_JSON) -> bool:
    """Return whether more than `deepest` objects and lists lie within each other."""
    level = [value]
    for _ in range(deepest):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _members(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def problem_of(value: object, place: str = "") -> str | None:
    """Return a message about the first part of the value that JSON cannot hold, and None without such a part.

    The value must not be too deep.
    """
    if isinstance(value, dict):
        return _first(
            problem_of(name, place) or problem_of(one, _in_object(place, name)) for name, one in value.items()
        )
    if isinstance(value, list):
        return _first(problem_of(one, f"{place}[{index}]") for index, one in enumerate(value))
    return _problem_of_leaf(value, place)


def _problem_of_leaf(value: object, place: str) -> str | None:
    match value:
        case str():
            return None if is_storable(value) else UNSTORABLE
        case float():
            return None if isfinite(value) else f"The number at `{_cut(place)}` must be finite."
        case int():
            too_long = f"The integer at `{_cut(place)}` must fit into 64 bits, or be a string."
            return None if value in INTEGERS else too_long
    return None if value is None else f"The value at `{_cut(place)}` is not a JSON value."


def _first(problems: Iterator[str | None]) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


def _in_object(place: str, name: object) -> str:
    text = str(name)
    if _NAME.fullmatch(text) is None:
        return f"{place}[{text!r}]"
    return f"{place}.{text}" if place else text


def _cut(place: str) -> str:
    return place if len(place) <= _LONGEST_PLACE else f"{place[:_LONGEST_PLACE]}…"
