"""The expressions of generated code: they read values from parents and serialize them.

Code that writes objects inside of other objects calls `unusual` for a value that it does not complete.
"""

from collections.abc import Callable, Mapping
from keyword import iskeyword
from operator import itemgetter
from typing import Any, Final, NamedTuple, NoReturn

from breadth.field_source import AccessKind, Constant, ReadAttribute
from breadth.leaf_serialization import Leaf

MOST_LEVELS: Final = 20
"""The most levels of objects in one function. Python cannot compile code that is nested too deep."""


class UnusualError(Exception):
    """A value that generated code does not complete."""


def unusual() -> NoReturn:
    raise UnusualError


class Entry(NamedTuple):
    """One key of the response objects. An entry without a source starts as null and is filled in later.

    `nested` may write the objects of an entry without a source at once.
    """

    key: str
    source: Constant | ReadAttribute | None
    leaf: Leaf | None
    nullable: bool
    nested: "Nested | None" = None


class Nested(NamedTuple):
    """A value that is read from the parent: an object, or with `in_list` a list of objects or leaves.

    `classes` are those whose instances belong to the object type. They are None if all values do. `entries` are
    those of the objects.
    """

    source: ReadAttribute
    nullable: bool
    in_list: bool
    item_nullable: bool
    leaf: Leaf | None
    classes: tuple[type, ...] | None
    entries: "Callable[[], list[Entry]]"


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


def read(source: ReadAttribute, parent: str, class_: type | None, sample: Any) -> str:
    """Return the expression that reads a value from the parent, without the conversion by `of`.

    `class_` is the class of all parents, if it is known, and `sample` is one of them.
    """
    name = source.name
    if source.access is AccessKind.PARENT:
        return parent
    if source.access is AccessKind.ITEM:
        return f"{parent}[{name!r}]"
    if source.access is AccessKind.DEFAULT:
        return _read_by_default(name, parent, class_, sample)
    return _attribute(name, parent, class_)


def _read_by_default(name: str, parent: str, class_: type | None, sample: Any) -> str:
    if class_ is not None and issubclass(class_, Mapping):
        return f"{parent}.get({name!r})"
    if hasattr(class_, name) or name in getattr(sample, "__dict__", ()):
        return _attribute(name, parent, class_)
    return f"getattr({parent}, {name!r}, None)"


def _attribute(name: str, parent: str, class_: type | None) -> str:
    item = None if class_ is None else _item_behind(class_, name)
    if item is not None:
        return f"{parent}[{item!r}]"
    if name.isascii() and name.isidentifier() and not iskeyword(name):
        return f"{parent}.{name}"
    return f"getattr({parent}, {name!r})"


def _item_behind(class_: type, name: str) -> str | int | None:
    """Return the item that an attribute reads, if the class defines it as a property of an item getter alone.

    To read the item itself is faster. Rows of database drivers are such classes.
    """
    found = next((vars(parent)[name] for parent in class_.__mro__ if name in vars(parent)), None)
    if type(found) is not property or type(found.fget) is not itemgetter:
        return None
    items = found.fget.__reduce__()[1]
    return items[0] if len(items) == 1 and type(items[0]) in (str, int) else None
