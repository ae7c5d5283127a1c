"""The layouts of rows, by which breadth reads the columns of rows and of joined rows at their positions."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from breadth.layouts import Item, Join, Layout
from db.language.column_facts import column_facts
from db.language.records import SHAPES_KEPT, joined_class, ordered_shape
from db.language.shape import Shape


@lru_cache(SHAPES_KEPT)
def layout_of(class_: type[Any]) -> Layout | None:
    """Return the layout of a class of rows; None for other classes, and for rows with columns in any order."""
    shape = ordered_shape(class_)
    return None if shape is None else _layout(class_, shape, 0)


def _layout(class_: type[Any], shape: Shape, start: int) -> Layout:
    """Return the layout of rows that begin at `start` in the rows of a statement."""
    facts = column_facts(shape.model)
    items = {name: Item(start + index, *facts[name]) for index, name in enumerate(shape.columns)}
    joins: dict[Hashable, Join] = {}
    below = start + len(shape.columns)
    for join in shape.joins:
        cut = joined_class(class_, join.relation)
        key = below + join.shape.columns.index(join.relation.key)
        joins[join.relation] = Join(key, cut, _layout(cut, join.shape, below))
        below += join.shape.width
    return Layout(items, joins, start + shape.width)
