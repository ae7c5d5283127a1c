"""Generated code: one function per field set that creates the response objects of many parents at once.

The text of a function holds names of the schema, names made up here, and response keys as Python literals.
Everything else is passed to the function by name: functions, enum names, sets of classes. The function
serializes a value itself if the value's class allows it. Any other value is passed to `exceptional`, and
completion takes care of it later.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import iscoroutine
from keyword import iskeyword
from operator import itemgetter
from types import CodeType
from typing import Any, Final, NamedTuple, TypeAlias

from breadth import awaitability
from breadth.field_source import AccessKind, Constant, ReadAttribute
from breadth.leaf_serialization import Leaf

Row: TypeAlias = dict[str, Any]
"""A response object."""

BuildRows: TypeAlias = Callable[[Sequence[Any], Callable[[int, Any], Any]], list[Row]]

# A field set with fewer parents so far is written field by field: most documents run only once.
COMPILE_FROM: Final = 20
LARGEST_BUILDERS: Final = 16


class Entry(NamedTuple):
    """One key of the response objects. An entry without a source starts as null and is filled in later."""

    key: str
    source: Constant | ReadAttribute | None
    leaf: Leaf | None
    nullable: bool


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
        self._built: dict[type | None, BuildRows] = {}

    def builder(self, sources: Sequence[Any]) -> BuildRows | None:
        """Return a function for the parents; None while it would not pay off, or if the classes differ."""
        self._seen += len(sources)
        if self._seen < COMPILE_FROM:
            return None
        found = set(map(type, sources))
        class_ = next(iter(found)) if len(found) == 1 else None
        build = self._built.get(class_)
        if build is None and (class_ is not None or not self._has_defaults):
            if len(self._built) >= LARGEST_BUILDERS:
                self._built.clear()
            build = self._built[class_] = self._compile(class_, sources[0])
        return build

    def text(self) -> str:
        """Return the text of the function for parents of any class, for debugging."""
        return self._text(None, None, {})

    def _compile(self, class_: type | None, sample: Any) -> BuildRows:
        names: dict[str, Any] = {"plain": awaitability.DEFAULT.plain_classes}
        exec(code(self._text(class_, sample, names)), names)  # noqa: S102 - see the module's docstring
        build: BuildRows = names["build"]
        return build

    def _text(self, class_: type | None, sample: Any, names: dict[str, Any]) -> str:
        entries = [
            f"            {entry.key!r}: {_value(entry, order, class_, sample, names)},\n"
            for order, entry in enumerate(self._entries)
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
    read = _read(source, class_, sample)
    if source.of is not None:
        names[f"of_{order}"] = source.of
        read = f"of_{order}({read})"
    return serialized(entry, order, f"(v := {read})", names, f"exceptional({order}, v)")


def serialized(entry: Entry, order: int | str, value: str, names: dict[str, Any], otherwise: str) -> str:
    """Return the expression that serializes a value. `otherwise` is the expression of all other values."""
    leaf = entry.leaf
    assert leaf is not None  # noqa: S101 - columns are leaves
    if entry.nullable:
        otherwise = f"(None if v is None else {otherwise})"
    if leaf.verbatim is not None:
        names[f"class_{order}"] = leaf.verbatim
        return f"v if type({value}) is class_{order} else {otherwise}"
    if leaf.expression is not None:
        return f"{leaf.expression.replace('(v)', value, 1)} {otherwise}"
    if leaf.names is not None:
        names[f"name_{order}"] = leaf.names.get
        return f"name_{order}({value}) or {otherwise}"
    names[f"coerce_{order}"] = leaf.type.coerce_output_value
    return f"w if type({value}) in plain and type(w := coerce_{order}(v)) in plain else {otherwise}"


def _read(source: ReadAttribute, class_: type | None, sample: Any) -> str:
    name = source.name
    if source.access is AccessKind.PARENT:
        return "s"
    if source.access is AccessKind.ITEM:
        return f"s[{name!r}]"
    if source.access is AccessKind.DEFAULT:
        return _read_by_default(name, class_, sample)
    return _attribute(name, class_)


def _read_by_default(name: str, class_: type | None, sample: Any) -> str:
    if class_ is not None and issubclass(class_, Mapping):
        return f"s.get({name!r})"
    if hasattr(class_, name) or name in getattr(sample, "__dict__", ()):
        return _attribute(name, class_)
    return f"getattr(s, {name!r}, None)"


def _attribute(name: str, class_: type | None) -> str:
    item = None if class_ is None else _item_behind(class_, name)
    if item is not None:
        return f"s[{item!r}]"
    if name.isascii() and name.isidentifier() and not iskeyword(name):
        return f"s.{name}"
    return f"getattr(s, {name!r})"


def _item_behind(class_: type, name: str) -> str | int | None:
    """Return the item that an attribute reads, if the class defines it as a property of an item getter alone.

    To read the item itself is faster. Rows of database drivers are such classes.
    """
    found = next((vars(parent)[name] for parent in class_.__mro__ if name in vars(parent)), None)
    if type(found) is not property or type(found.fget) is not itemgetter:
        return None
    items = found.fget.__reduce__()[1]
    return items[0] if len(items) == 1 and type(items[0]) in (str, int) else None


@lru_cache(maxsize=1024)
def code(text: str) -> CodeType:
    return compile(text, "<breadth rows>", "exec")
