"""Compiled row builders: one generated function per scope that writes the leaf fields of all rows.

The function's text holds names of the schema, names made up here, and response keys as Python literals.
Everything else it is given by name: functions, enum names, sets of classes. It writes a value itself where
the value's class leaves no question; any other value it hands to `odd`, to be completed with care.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import iscoroutine
from keyword import iskeyword
from operator import itemgetter
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from breadth import kinds
from breadth.places import Row
from breadth.source import Access, Constant, Read

if TYPE_CHECKING:
    from breadth.plan import Field

Build: TypeAlias = Callable[[Sequence[Any], Callable[[int, Any], Any]], list[Row]]

# Scopes that have seen fewer parents are written field by field: most documents are never seen again.
COMPILED_FROM: Final = 20
LARGEST_BUILDERS: Final = 16


class Odd:
    """Stands in a row for a value that needs care."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Oddities:
    """The values that a builder has left to others, by their field's order."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[int, list[Odd]] = {}

    def note(self, order: int, value: Any) -> Odd:
        odd = Odd(value)
        self.found.setdefault(order, []).append(odd)
        return odd

    def drop(self) -> None:
        """Forgets them. What was meant to be awaited never will be."""
        for odds in self.found.values():
            for odd in odds:
                if iscoroutine(odd.value):
                    odd.value.close()
        self.found.clear()


class Builders:
    """The builders of a scope, one per class of parents."""

    def __init__(self, fields: Sequence["Field"]) -> None:
        self._fields = fields
        # Parents of several classes may need to be read differently by these.
        self._has_defaults = any(
            field.is_column and isinstance(field.source, Read) and field.source.access is Access.DEFAULT
            for field in fields
        )
        self._seen = 0
        self._built: dict[type | None, Build] = {}

    def builder(self, sources: Sequence[Any]) -> Build | None:
        """None while it would not pay, and for parents that need to be told apart."""
        self._seen += len(sources)
        if self._seen < COMPILED_FROM:
            return None
        found = set(map(type, sources))
        kind = next(iter(found)) if len(found) == 1 else None
        build = self._built.get(kind)
        if build is None and (kind is not None or not self._has_defaults):
            if len(self._built) >= LARGEST_BUILDERS:
                self._built.clear()
            build = self._built[kind] = self._compile(kind, sources[0])
        return build

    def text(self, kind: type | None = None, sample: Any = None) -> str:
        """The builder's text for parents of a class, for people who look for mistakes."""
        return self._text(kind, sample, {})

    def _compile(self, kind: type | None, sample: Any) -> Build:
        names: dict[str, Any] = {"plain": kinds.DEFAULT.plain_classes}
        exec(_code(self._text(kind, sample, names)), names)  # noqa: S102 - see the module's docstring
        build: Build = names["build"]
        return build

    def _text(self, kind: type | None, sample: Any, names: dict[str, Any]) -> str:
        entries = [
            f"            {field.key!r}: {self._entry(field, kind, sample, names)},\n"
            for field in self._fields
        ]
        return (
            "def build(sources, odd):\n"
            "    rows = []\n"
            "    add = rows.append\n"
            "    for s in sources:\n"
            f"        add({{\n{''.join(entries)}        }})\n"
            "    return rows\n"
        )

    def _entry(self, field: "Field", kind: type | None, sample: Any, names: dict[str, Any]) -> str:
        if not field.is_column:
            return "None"
        if isinstance(field.source, Constant):
            return repr(field.source.value)
        assert isinstance(field.source, Read)  # noqa: S101 - columns are constants or read
        read = _read(field.source, kind, sample)
        if field.source.of is not None:
            names[f"of_{field.order}"] = field.source.of
            read = f"of_{field.order}({read})"
        return _written(field, f"(v := {read})", names)


def _written(field: "Field", value: str, names: dict[str, Any]) -> str:
    """The expression that writes the value that an expression reads."""
    level, order = field.levels[0], field.order
    assert level.leaf is not None  # noqa: S101 - columns are leaves
    odd = f"odd({order}, v)"
    if level.nullable:
        odd = f"(None if v is None else {odd})"
    if level.leaf.verbatim is not None:
        names[f"kind_{order}"] = level.leaf.verbatim
        return f"v if type({value}) is kind_{order} else {odd}"
    if level.leaf.expression is not None:
        return f"{level.leaf.expression.replace('(v)', value, 1)} {odd}"
    if level.leaf.names is not None:
        names[f"name_{order}"] = level.leaf.names.get
        return f"name_{order}({value}) or {odd}"
    names[f"coerce_{order}"] = level.leaf.type.coerce_output_value
    return f"w if type({value}) in plain and type(w := coerce_{order}(v)) in plain else {odd}"


def _read(source: Read, kind: type | None, sample: Any) -> str:
    """The expression that reads a value off the parent `s`."""
    name = source.name
    if source.access is Access.PARENT:
        return "s"
    if source.access is Access.ITEM:
        return f"s[{name!r}]"
    if source.access is Access.DEFAULT:
        return _read_by_default(name, kind, sample)
    return _attribute(name, kind)


def _read_by_default(name: str, kind: type | None, sample: Any) -> str:
    if kind is not None and issubclass(kind, Mapping):
        return f"s.get({name!r})"
    if hasattr(kind, name) or name in getattr(sample, "__dict__", ()):
        return _attribute(name, kind)
    return f"getattr(s, {name!r}, None)"


def _attribute(name: str, kind: type | None) -> str:
    item = None if kind is None else _item_behind(kind, name)
    if item is not None:
        return f"s[{item!r}]"
    if name.isascii() and name.isidentifier() and not iskeyword(name):
        return f"s.{name}"
    return f"getattr(s, {name!r})"


def _item_behind(kind: type, name: str) -> str | int | None:
    """The item that an attribute gives, where the class makes it a property of nothing but an item getter.

    The item itself is read faster. Rows of database drivers are such classes.
    """
    found = next((vars(parent)[name] for parent in kind.__mro__ if name in vars(parent)), None)
    if type(found) is not property or type(found.fget) is not itemgetter:
        return None
    items = found.fget.__reduce__()[1]
    return items[0] if len(items) == 1 and type(items[0]) in (str, int) else None


@lru_cache(maxsize=1024)
def _code(text: str) -> CodeType:
    return compile(text, "<breadth rows>", "exec")
