"""Layouts: classes of parents that are sequences, with the values of each position in one known class.

Rows of a database driver are such parents: the driver decodes all values of a column to one class. A row may also
hold the values of related objects, which a statement has joined.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Item(NamedTuple):
    """The position of an attribute's values. All values have the class `kind`; None stands for several classes.

    `is_int32` says that all values are integers of 32 bits.
    """

    position: int
    kind: type | None
    nullable: bool
    is_int32: bool = False


class Join(NamedTuple):
    """The layout of a related object in the same sequence. The object is missing if the value at `key` is null.

    Without the layout, the object would be an instance of `class_`.
    """

    key: int
    class_: type
    layout: "Layout"


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The items of a class of parents by attribute, its joins by their names, and the length of the sequences."""

    items: Mapping[str, Item]
    joins: Mapping[Hashable, Join]
    width: int


LayoutOf = Callable[[type], Layout | None]
"""Returns the layout of a class of objects, or None for a class without one. The layout of a class never changes."""
