"""Markers that tell breadth how a field is resolved for all parents at once.

A marker stands in `extensions["breadth"]` of a graphql-core field, or in `metadata["breadth"]` of a Strawberry
field. A field without a marker runs too. Without a resolver it is read from its parent by the default resolver.
With a resolver it is resolved parent by parent.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from breadth.layouts import LayoutOf

KEY: Final = "breadth"
FRAGMENT: Final = "breadth.fragment"
"""The key of a second marker, of any value, beside `KEY`: a fragment may answer the field (`breadth.fragments`)."""


@dataclass(frozen=True, slots=True)
class Column:
    """Marks a field that is read from its parent.

    The value is the parent's attribute `name`, passed through `of`. `name` defaults to the field's Python name.
    With `whole`, `of` gets the parent itself. The field's ordinary resolver must return the same value.
    """

    name: str | None = None
    of: Callable[[Any], Any] | None = None
    whole: bool = False


def always(_context: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class SetResolver:
    """Marks a field that one call resolves for many parents: `resolve(parents, info, **arguments)`.

    The call returns one result per parent, in the parents' order, or an awaitable of these results. An exception
    among the results is the error of that parent's field alone. A raised exception is the error of all of them.

    `info` is a `GraphQLResolveInfo` whose path lacks list indices. With `of_context`, the request's context value
    is passed instead of `info`. With `wants_selection`, the third argument is
    the set of the fields that are selected of the returned objects, by their names in the schema.

    `joined` names the join of a layout that holds the results already, if the parents have such a layout. The
    resolver is then not called, provided that `may_join` returns true for the request's context value.
    """

    resolve: Callable[..., Any]
    of_context: bool = False
    wants_selection: bool = False
    joined: Hashable | None = None
    may_join: Callable[[Any], bool] = always


class Verbatim:
    """A `coerce_output_value` that leaves values of one class as they are and rejects all others.

    The encoder of the response must know the class. Other values raise `TypeError`.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, value: Any) -> Any:
        if type(value) is not self.kind:
            raise TypeError(f"Expected a {self.kind.__name__}, not {value!r}.")
        return value


class InstanceOf:
    """An `is_type_of` that depends on the value's class alone, so that breadth asks it once per class.

    Instances of these classes count as plain objects: breadth never awaits them. `layout_of` returns the layouts of
    the classes that have one.
    """

    __slots__ = ("classes", "layout_of")

    def __init__(self, *classes: type, layout_of: LayoutOf | None = None) -> None:
        self.classes = classes
        self.layout_of = layout_of

    def __call__(self, value: Any, _info: Any = None) -> bool:
        return isinstance(value, self.classes)

    def accepts(self, classes: set[type]) -> bool:
        """Return whether all instances of the classes belong to the type."""
        for each in classes:  # noqa: SIM110 - a generator costs more than the check of the usual class
            if not issubclass(each, self.classes):
                return False
        return True

    def __repr__(self) -> str:
        return f"InstanceOf({', '.join(each.__qualname__ for each in self.classes)})"
