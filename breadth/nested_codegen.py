"""Generated code for objects inside of their parents' objects.

The objects are read from their parents, and all of their selected fields are columns or such objects again. The code
raises an error for anything unusual, such as a null where none may be, or an awaitable. The objects are then
completed in the ordinary way, which finds the errors of the response.
"""

from collections.abc import Sequence
from typing import Any, Final

from breadth import awaitability
from breadth.expressions import MOST_LEVELS, Entry, Nested, read, serialized, unusual
from breadth.field_source import AccessKind, Constant, ReadAttribute

_LISTS: Final = (list, tuple)


class _NotNestedError(Exception):
    """A field that generated code does not read inside of another object."""


class NestedText:
    """The text of the expressions and functions for nested objects. Their names are added to `names`."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._functions: list[str] = []

    def functions(self) -> str:
        """Return the text of the functions that write lists."""
        return "".join(self._functions)

    def expression(self, entry: Entry, order: int) -> str | None:
        """Return the expression of an entry's objects; None if they must be completed in the ordinary way."""
        if entry.nested is None:
            return None
        self._names.update(lists=_LISTS, is_plain=awaitability.DEFAULT.is_plain, unusual=unusual)
        try:
            return self._nested(entry.nested, f"_{order}_", "s")
        except (_NotNestedError, RecursionError):
            return None

    def _nested(self, nested: Nested, place: str, parent: str) -> str:
        if place.count("_") > MOST_LEVELS:
            raise _NotNestedError
        value = f"p{place}"
        reading = self._read(nested.source, place, parent)
        if nested.in_list:
            written, condition = self._list(nested, place, value), f"type({value} := {reading}) in lists"
        else:
            written = self._display(nested.entries(), place, value)
            condition = self._is_object(nested, place, value, f"{value} := {reading}")
        return f"({written} if {condition} else {_otherwise(value, nullable=nested.nullable)})"

    def _list(self, nested: Nested, place: str, value: str) -> str:
        """Return the call of a function that writes the items of a list."""
        if nested.leaf is not None:
            item = Entry("", None, nested.leaf, nested.item_nullable)
            written = serialized(item, place, "(v := s)", self._names, "unusual()")
        else:
            display = self._display(nested.entries(), f"{place}i", "s")
            condition = self._is_object(nested, place, "s", "s")
            written = f"{display} if {condition} else {_otherwise('s', nullable=nested.item_nullable)}"
        self._functions.append(
            f"def list{place}(sources):\n"
            "    rows = []\n"
            "    add = rows.append\n"
            "    for s in sources:\n"
            f"        add({written})\n"
            "    return rows\n"
        )
        return f"list{place}({value})"

    def _is_object(self, nested: Nested, place: str, value: str, first: str) -> str:
        """Return the condition for an object of the type that is not awaited. `first` stands for its first use."""
        if nested.classes is None:
            return f"type({first}) in plain or is_plain(type({value}))"
        self._names[f"classes{place}"] = nested.classes
        return f"issubclass(type({first}), classes{place})"

    def _display(self, entries: Sequence[Entry], above: str, parent: str) -> str:
        parts = [
            f"{entry.key!r}: {self._value(entry, f'{above}_{order}', parent)}"
            for order, entry in enumerate(entries)
        ]
        return f"{{{', '.join(parts)}}}"

    def _value(self, entry: Entry, place: str, parent: str) -> str:
        source = entry.source
        if isinstance(source, Constant):
            return repr(source.value)
        if source is not None:
            value = f"(v := {self._read(source, place, parent)})"
            return f"({serialized(entry, place, value, self._names, 'unusual()')})"
        if entry.nested is None:
            raise _NotNestedError
        return self._nested(entry.nested, place, parent)

    def _read(self, source: ReadAttribute, place: str, parent: str) -> str:
        if source.access is AccessKind.DEFAULT:  # it depends on the class of the parent
            raise _NotNestedError
        value = read(source, parent, None, None)
        if source.of is None:
            return value
        self._names[f"of{place}"] = source.of
        return f"of{place}({value})"


def _otherwise(value: str, *, nullable: bool) -> str:
    return f"None if {value} is None else unusual()" if nullable else "unusual()"
