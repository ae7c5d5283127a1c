"""What is selected of the objects that a set resolver returns, so that it may fetch no more than that."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from breadth.fields import InstanceOf

if TYPE_CHECKING:
    from breadth.plan import Field, Scope


class Selection:
    """What is selected of the objects of a field, and below them. `@skip` and `@include` have been settled."""

    def __init__(self, fields: Sequence["Field"]) -> None:
        self._fields = fields

    @cached_property
    def columns(self) -> frozenset[str] | None:
        """The names of the attributes that the objects are read by; None if it may be any.

        It may be where a field has a resolver of its own that does not say what it reads, and where a type has
        to look at objects to know its own.
        """
        if not all(map(_is_told_by_class, self._fields)):
            return None
        names: set[str] = set()
        for scope in self._scopes:
            found = _read_of(scope)
            if found is None:
                return None
            names |= found
        return frozenset(names)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the objects' fields that are selected, as the schema has them."""
        return frozenset(field.name for scope in self._scopes for field in scope.fields)

    def below(self, name: str) -> "Selection":
        """Of the objects of the objects' field of that name, as the schema has it, under whatever aliases: for
        objects that hold others, such as pages. Nothing is selected of a field that is not asked for.
        """
        return Selection([field for scope in self._scopes for field in scope.fields if field.name == name])

    @cached_property
    def _scopes(self) -> list["Scope"]:
        return [scope for field in self._fields for scope in field.scopes()]


def _is_told_by_class(field: "Field") -> bool:
    """Whether no resolver of an abstract type looks into objects. Strawberry's ask the types."""
    resolve = getattr(field.levels[-1].of, "resolve_type", None)
    return resolve is None or resolve.__module__.startswith("strawberry.")


def _read_of(scope: "Scope") -> set[str] | None:
    if scope.type.is_type_of is not None and not isinstance(scope.type.is_type_of, InstanceOf):
        return None
    names: set[str] = set()
    for field in scope.fields:
        if field.source.reads is None:
            return None
        names.update(field.source.reads)
    return names
