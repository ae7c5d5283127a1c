"""Generated code for parents with a layout: one pass writes their objects, together with the joined objects in them.

The code trusts the layout and checks no classes. For anything unusual, such as a null where none may be, it raises an
error. The objects are then written in the ordinary way, which finds the errors of the response.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeAlias

from breadth import awaitability, object_codegen
from breadth.expressions import MOST_LEVELS, Entry, serialized, unusual
from breadth.field_source import AccessKind, Constant, ReadAttribute
from breadth.fields import always
from breadth.layouts import Item, Join, Layout, LayoutOf
from breadth.leaf_serialization import is_int, unchanged_class
from breadth.object_codegen import Row

WriteRows: TypeAlias = Callable[[Sequence[Any]], list[Row]]


class JoinedObject(NamedTuple):
    """The object of a field, which the layout of the parents may hold as a join.

    The object must have one of the `classes`. `may_join` takes the request's context value.
    """

    join: Hashable
    may_join: Callable[[Any], bool]
    classes: tuple[type, ...]
    entries: "Callable[[], list[LayoutEntry]]"


class LayoutEntry(NamedTuple):
    entry: Entry
    joined: JoinedObject | None


class Writer(NamedTuple):
    """A generated function for a layout.

    `written` are the orders of the fields whose values it writes. `conditions` are those of the joined objects.
    """

    write: WriteRows
    written: frozenset[int]
    conditions: tuple[Callable[[Any], bool], ...]


class _NotLaidOutError(Exception):
    """The layout lacks the value of a field."""


class LayoutWriters:
    """The generated functions of a field set, one per class of parents with a layout."""

    def __init__(self, layout_of: LayoutOf, entries: Callable[[], list[LayoutEntry]]) -> None:
        self._layout_of = layout_of
        self._entries = entries
        self._seen = 0
        self._made: dict[tuple[type, int], Writer | None] = {}

    def writer(self, sources: Sequence[Any]) -> Writer | None:
        """Return a function for the parents; None while it would not pay off, or if they share no layout."""
        self._seen += len(sources)
        if self._seen < object_codegen.COMPILE_FROM or not sources:
            return None
        class_ = type(sources[0])
        layout = self._layout_of(class_)
        if layout is None:
            return None
        key = class_, len(sources[0]) - layout.width
        if key not in self._made:
            if len(self._made) >= object_codegen.LARGEST_BUILDERS:
                self._made.clear()
            self._made[key] = _writer(self._entries(), layout, more=key[1] > 0)
        made = self._made[key]
        return made if made is None or set(map(type, sources)) == {class_} else None


def _writer(entries: Sequence[LayoutEntry], layout: Layout, *, more: bool) -> Writer | None:
    """Return the function for a layout; None if the layout lacks the value of a column.

    With `more`, the parents have further values behind those of the layout.
    """
    text = _Text()
    written: set[int] = set()
    try:
        display = text.display(entries, layout, "", written)
    except (_NotLaidOutError, RecursionError):
        return None
    names = ", ".join(f"v{index}" if index in text.read else "_" for index in range(layout.width))
    names += ", *_" if more else ""
    source = f"for s in sources for {names}, in (s,)" if text.reads_whole else f"for {names}, in sources"
    exec(  # noqa: S102 - the text holds names of the schema and literals, like that of `object_codegen`
        object_codegen.code(f"def write(sources):\n    return [{display} {source}]\n"), text.names
    )
    return Writer(text.names["write"], frozenset(written), tuple(text.conditions))


class _Text:
    """The text of a function in the making, and all that it refers to by name."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"plain": awaitability.DEFAULT.plain_classes, "unusual": unusual}
        self.read: set[int] = set()
        self.reads_whole = False
        self.conditions: list[Callable[[Any], bool]] = []

    def display(
        self, entries: Sequence[LayoutEntry], layout: Layout, above: str, written: set[int] | None = None
    ) -> str:
        """Return the display of an object. `above` tells its names from those of other objects.

        With `written`, add the orders of the written fields to it, and write null for fields without a value. Without
        it, raise `_NotLaidOutError` for such a field.
        """
        parts: list[str] = []
        for order, (entry, joined) in enumerate(entries):
            place = f"{above}_{order}"
            if entry.source is not None:
                value = self._column(entry, layout, place)
            elif joined is not None and (inner := self._joined(entry, joined, layout, place)) is not None:
                value = inner
            elif written is not None:
                parts.append(f"{entry.key!r}: None")
                continue
            else:
                raise _NotLaidOutError
            if written is not None:
                written.add(order)
            parts.append(f"{entry.key!r}: {value}")
        return f"{{{', '.join(parts)}}}"

    def _joined(self, entry: Entry, joined: JoinedObject, layout: Layout, place: str) -> str | None:
        """Return the expression of a joined object; None if the layout lacks the join or a value of the object."""
        join = layout.joins.get(joined.join)
        if join is None or not issubclass(join.class_, joined.classes) or place.count("_") > MOST_LEVELS:
            return None
        kept = self.read.copy(), self.conditions.copy()
        try:
            display = self.display(joined.entries(), join.layout, place)
        except _NotLaidOutError:
            self.read, self.conditions = kept
            return None
        if joined.may_join is not always and joined.may_join not in self.conditions:
            self.conditions.append(joined.may_join)
        otherwise = "None" if entry.nullable else "unusual()"
        return f"({otherwise} if {self._value(join)} is None else {display})"

    def _column(self, entry: Entry, layout: Layout, place: str) -> str:
        source = entry.source
        if isinstance(source, Constant):
            return repr(source.value)
        assert isinstance(source, ReadAttribute)  # noqa: S101 - the entry has a source
        if source.access is AccessKind.PARENT and place.count("_") == 1:
            self.reads_whole = True
            return self._converted(entry, place, "s")
        item = layout.items.get(source.name)
        if item is None or source.access is not AccessKind.ATTRIBUTE:
            raise _NotLaidOutError
        if source.of is not None:
            return self._converted(entry, place, self._value(item))
        return self._unconverted(entry, item, place)

    def _converted(self, entry: Entry, place: str, value: str) -> str:
        source = entry.source
        assert isinstance(source, ReadAttribute)  # noqa: S101 - the caller knows
        if source.of is not None:
            self.names[f"of{place}"] = source.of
            value = f"of{place}({value})"
        return f"({serialized(entry, place[1:], f'(v := {value})', self.names, 'unusual()')})"

    def _unconverted(self, entry: Entry, item: Item, place: str) -> str:
        leaf, value = entry.leaf, self._value(item)
        assert leaf is not None  # noqa: S101 - columns are leaves
        if leaf.names is not None and item.kind in (str, int):
            self.names[f"names{place}"] = {**leaf.names, None: None} if entry.nullable else leaf.names
            return f"names{place}[{value}]"
        may_be_null = item.nullable and not entry.nullable
        if (
            item.kind is not None
            and item.kind is unchanged_class(leaf)
            and (item.is_int32 or not is_int(leaf))
        ):
            return f"({value} if {value} is not None else unusual())" if may_be_null else value
        return self._converted(entry, place, value)

    def _value(self, item: Item | Join) -> str:
        position = item.position if isinstance(item, Item) else item.key
        self.read.add(position)
        return f"v{position}"
