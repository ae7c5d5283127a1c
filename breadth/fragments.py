"""Fragments: kept answers of fields, with everything below them.

A field with a marker under `FRAGMENT` may be answered by a fragment, if the caller of `execute_plan` gives an object
with the methods of `Fragments`. breadth asks `find` before it resolves the field. A fragment is the field's value in
the response, and nothing below the field is resolved. breadth passes each other value to `keep` when the response is
complete, if the value contains no error. The values of fields deeper in the document come first, so that fragments
contain fragments.
"""

import hashlib
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

from graphql import ValueNode, VariableNode, print_ast
from graphql.language import Visitor, visit

from breadth.plan import Field

ABSENT: Final = object()
"""The result of `find` for a parent without a fragment."""

Key: TypeAlias = tuple[str, ...]

_SCALARS: Final = (str, int, float, bool, type(None), datetime, date, time, timedelta, Decimal, UUID)
_NOT_GIVEN: Final = "-"


class UnknownValueError(TypeError):
    """The value of a variable has a class whose values have no known text."""


class Fragments(Protocol):
    """The fragments of one request. An exception of a method counts as an absent fragment that is not kept."""

    def find(
        self, selection: "Selection", parents: Sequence[Any], *, alone: bool
    ) -> Sequence[Any] | Awaitable[Sequence[Any] | None] | None:
        """Return the fragment of the field for each parent, or `ABSENT`. Return None if none is to be kept either.

        `alone` is true for the only field of the root that is resolved.
        """

    def keep(self, selection: "Selection", parent: Any, value: Any) -> Any:
        """Take the complete value of the field for a parent. Return the value for the response."""


class Selection:
    """A marked field in a request: the field with its subfields, and the values of the variables below."""

    __slots__ = ("_key", "_variables", "field")

    def __init__(self, field: Field, variables: Mapping[str, Any]) -> None:
        self.field = field
        self._variables = variables
        self._key: Key | None = None

    @property
    def key(self) -> Key:
        """Equal for selections of equal fields with equal arguments, also of different documents.

        Raise `UnknownValueError` for a variable without a known text.
        """
        if self._key is None:
            known = self._variables
            digest, names = _canonical(self.field)
            values = (text_of(known[name]) if name in known else _NOT_GIVEN for name in names)
            self._key = (digest, *values)
        return self._key

    @property
    def marker(self) -> Any:
        return self.field.fragment_marker


def fields_below(field: Field) -> Iterator[Field]:
    """Yield all fields below a field, in the order of the document."""
    for field_set in field.possible_subfields():
        for each in field_set.fields:
            yield each
            yield from fields_below(each)


def text_of(value: Any) -> str:
    """Return a text that is equal for equal values alone. Raise `UnknownValueError`."""
    if isinstance(value, Enum):
        return f"{type(value).__module__}.{type(value).__qualname__}.{value.name}"
    if type(value) in _SCALARS:
        return repr(value)
    if type(value) is list:
        return f"[{','.join(map(text_of, value))}]"
    if type(value) is dict:
        return f"{{{','.join(f'{key!r}:{text_of(each)}' for key, each in value.items())}}}"
    raise UnknownValueError(type(value).__name__)


def _canonical(field: Field) -> tuple[str, tuple[str, ...]]:
    """Return a hash of the selected fields, and the names of their variables. Made once for each field.

    The hash lacks the response key of the field itself, so that aliases share fragments.
    """
    if field.canonical is None:
        parts: list[str] = []
        names: dict[str, None] = {}
        _write(field, parts, names)
        field.canonical = hashlib.sha256("".join(parts).encode()).hexdigest(), tuple(names)
    return field.canonical


def _write(field: Field, parts: list[str], names: dict[str, None]) -> None:
    arguments = sorted(field.nodes[0].arguments or (), key=lambda argument: argument.name.value)
    for argument in arguments:
        names |= dict.fromkeys(_variables_in(argument.value))
    given = ",".join(f"{argument.name.value}:{print_ast(argument.value)}" for argument in arguments)
    parts.append(f"{field.coordinate}({given})")
    for field_set in field.possible_subfields():
        parts.append(f"{{{field_set.type.name} ")
        for each in field_set.fields:
            parts.append(f" {each.key}:")
            _write(each, parts, names)
        parts.append("}")


def _variables_in(value: ValueNode) -> list[str]:
    found: list[str] = []

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            found.append(node.name.value)

    visit(value, Names())
    return found
