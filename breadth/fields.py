"""What a field says about itself, so that it can be resolved for all parents at once.

The values stand in `extensions["breadth"]` of a graphql-core field, or in `metadata["breadth"]` of a
Strawberry field. A field without one runs too: read off its parent where it has no resolver, and by its own
resolver, parent by parent, where it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

KEY: Final = "breadth"


@dataclass(frozen=True, slots=True)
class Column:
    """Read off the parent: its attribute `name`, by default the field's own Python name, passed through `of`.

    With `whole`, `of` is given the parent itself, and `reads` may name the attributes that it reads off it. The
    field's ordinary resolver has to give the same.
    """

    name: str | None = None
    of: Callable[[Any], Any] | None = None
    whole: bool = False
    reads: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SetResolver:
    """Resolved for many parents by one call: `resolve(parents, info, **arguments)`.

    It returns one result per parent, in the parents' order, or an awaitable of them. An exception in a place
    is that parent's error alone; raised, it is the error of all of them. `info` is a `GraphQLResolveInfo`,
    whose path has no list indices; with `of_context`, the request's context value stands in its place.

    With `wants_selection` it is called with a `Selection` behind that: what is selected of the objects that it
    returns. `reads` may name the attributes that it reads off its parents, for the selection of whoever returns
    those; without it, any of them may be needed.
    """

    resolve: Callable[..., Any]
    of_context: bool = False
    wants_selection: bool = False
    reads: tuple[str, ...] | None = None


class Verbatim:
    """A scalar's way to write values of a class: as they are, for whoever encodes the answer knows the class.

    It raises `TypeError` for any other value.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, value: Any) -> Any:
        if type(value) is not self.kind:
            raise TypeError(f"Expected a {self.kind.__name__}, not {value!r}.")
        return value


class InstanceOf:
    """An `is_type_of` that depends on nothing but the value's class, so that it is asked once per class.

    Values of these classes are taken to be plain objects: nobody awaits them.
    """

    __slots__ = ("classes",)

    def __init__(self, *classes: type) -> None:
        self.classes = classes

    def __call__(self, value: Any, _info: Any = None) -> bool:
        return isinstance(value, self.classes)

    def __repr__(self) -> str:
        return f"InstanceOf({', '.join(each.__qualname__ for each in self.classes)})"
