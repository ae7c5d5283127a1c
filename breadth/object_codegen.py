"""Generated code: one function per field set that creates the response objects of many parents at once.

The text of a function holds names of the schema, names made up here, and response keys as Python literals.
Everything else is passed to the function by name: functions, enum names, sets of classes. The function
serializes a value itself if the value's class allows it. Any other value is passed to `exceptional`, and
completion takes care of it later.

Objects that are read from their parents, and select nothing but columns, are written inside of their parents'
objects (`breadth.nested_codegen`).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from inspect import iscoroutine
from types import CodeType
from typing import Any, Final, NamedTuple, TypeAlias

from breadth import awaitability
from breadth.expressions import Entry, read, serialized
from breadth.field_source import AccessKind, Constant, ReadAttribute
from breadth.nested_codegen import NestedText

Row: TypeAlias = dict[str, Any]
"""A response object."""

BuildRows: TypeAlias = Callable[[Sequence[Any], Callable[[int, Any], Any]], list[Row]]

# A field set with fewer parents so far is written field by field: most documents run only once.
COMPILE_FROM: Final = 20
LARGEST_BUILDERS: Final = 16


class Builder(NamedTuple):
    """A generated function. `nested` are the orders of the fields whose objects it writes, too."""

    build: BuildRows
    nested: frozenset[int]


class Exceptional:
    """Stands in a row for a value that generated code does not complete."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class ExceptionalValues:
    """The values that generated code left to completion, by the order of their fields."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[int, list[Exceptional]] = {}

    def add(self, order: int, value: Any) -> Exceptional:
        exceptional = Exceptional(value)
        self.found.setdefault(order, []).append(exceptional)
        return exceptional

    def drop(self) -> None:
        """Forget the values. Close the coroutines among them."""
        for several in self.found.values():
            for exceptional in several:
                if iscoroutine(exceptional.value):
                    exceptional.value.close()
        self.found.clear()


class RowBuilders:
    """The generated functions of a field set, one per class of parents."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        # The default resolver reads parents of different classes in different ways.
        self._has_defaults = any(
            isinstance(each.source, ReadAttribute) and each.source.access is AccessKind.DEFAULT
            for each in entries
        )
        self._seen = 0
        self._nests = any(each.nested is not None for each in entries)
        self._built: dict[type | None, Builder] = {}

    def builder(self, sources: Sequence[Any]) -> Builder | None:
        """Return a function for the parents; None while it would not pay off, or if the classes differ."""
        self._seen += len(sources)
        if self._seen < COMPILE_FROM:
            return None
        found = set(map(type, sources))
        class_ = next(iter(found)) if len(found) == 1 else None
        built = self._built.get(class_)
        if built is None and (class_ is not None or not self._has_defaults):
            if len(self._built) >= LARGEST_BUILDERS:
                self._built.clear()
            built = self._built[class_] = self._compile(class_, sources[0])
        return built

    def stop_nesting(self) -> None:
        """Leave the objects of fields to completion from now on: a value was unusual."""
        self._nests = False
        self._built.clear()

    def text(self) -> str:
        """Return the text of the function for parents of any class and without nested objects, for debugging."""
        values = [_value(entry, order, None, None, {}) for order, entry in enumerate(self._entries)]
        return self._text(values)

    def _compile(self, class_: type | None, sample: Any) -> Builder:
        names: dict[str, Any] = {"plain": awaitability.DEFAULT.plain_classes}
        nested = NestedText(names)
        values: list[str] = []
        nested_orders: set[int] = set()
        for order, entry in enumerate(self._entries):
            value = nested.expression(entry, order) if self._nests else None
            if value is not None:
                nested_orders.add(order)
            values.append(value or _value(entry, order, class_, sample, names))
        exec(code(nested.functions() + self._text(values)), names)  # noqa: S102 - see the module's docstring
        return Builder(names["build"], frozenset(nested_orders))

    def _text(self, values: Sequence[str]) -> str:
        entries = [
            f"            {entry.key!r}: {value},\n"
            for entry, value in zip(self._entries, values, strict=True)
        ]
        return (
            "def build(sources, exceptional):\n"
            "    rows = []\n"
            "    add = rows.append\n"
            "    for s in sources:\n"
            f"        add({{\n{''.join(entries)}        }})\n"
            "    return rows\n"
        )


def _value(entry: Entry, order: int, class_: type | None, sample: Any, names: dict[str, Any]) -> str:
    """Return the expression of an entry's value. Add what the expression needs to `names`."""
    source = entry.source
    if source is None:
        return "None"
    if isinstance(source, Constant):
        return repr(source.value)
    value = read(source, "s", class_, sample)
    if source.of is not None:
        names[f"of_{order}"] = source.of
        value = f"of_{order}({value})"
    return serialized(entry, order, f"(v := {value})", names, f"exceptional({order}, v)")


@lru_cache(maxsize=1024)
def code(text: str) -> CodeType:
    return compile(text, "<breadth rows>", "exec")
