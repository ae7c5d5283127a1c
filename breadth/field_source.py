"""The source of a field's values: a constant, a read attribute, a set resolver or an ordinary resolver."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

from graphql import GraphQLField, GraphQLObjectType, default_field_resolver
from graphql.type import TypeNameMetaFieldDef

from breadth import strawberry_field
from breadth.fields import KEY, Column, SetResolver


class AccessKind(Enum):
    ATTRIBUTE = auto()
    ITEM = auto()
    DEFAULT = auto()  # as graphql-core's default resolver reads it
    PARENT = auto()  # the value is the parent itself


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any
    is_column: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ReadAttribute:
    """A value that is read from the parent and passed through `of`.

    `has_arguments` is true for a field with arguments. They do not change the value, but may be invalid.
    """

    access: AccessKind
    name: str
    of: Callable[[Any], Any] | None
    has_arguments: bool

    @property
    def is_column(self) -> bool:
        """Whether generated code can read the value for all parents."""
        return not self.has_arguments

    def reader(self) -> Callable[[Any], Any]:
        """Return a fast function that does the same as `read`."""
        name, of = self.name, self.of
        if self.access is AccessKind.PARENT and of is not None:
            return of
        if self.access is not AccessKind.ATTRIBUTE or not name.isidentifier():
            return self.read
        attribute = attrgetter(name)
        return attribute if of is None else lambda parent: of(attribute(parent))

    def read(self, parent: Any) -> Any:
        value = self._read(parent)
        return value if self.of is None else self.of(value)

    def _read(self, parent: Any) -> Any:
        if self.access is AccessKind.ATTRIBUTE:
            return getattr(parent, self.name)
        if self.access is AccessKind.ITEM:
            return parent[self.name]
        if self.access is AccessKind.PARENT:
            return parent
        if isinstance(parent, Mapping):
            return parent.get(self.name)
        return getattr(parent, self.name, None)


@dataclass(frozen=True, slots=True)
class SetWise:
    resolver: SetResolver
    is_column: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PerParent:
    resolve: Callable[..., Any]
    is_column: ClassVar[bool] = False


FieldSource: TypeAlias = Constant | ReadAttribute | SetWise | PerParent


def source_of(
    parent: GraphQLObjectType, name: str, field: GraphQLField, field_resolver: Callable[..., Any]
) -> FieldSource:
    """Return the source of a field's values. `field_resolver` resolves fields without a resolver."""
    if field is TypeNameMetaFieldDef:
        return Constant(parent.name)
    marker = marker_of(field, KEY)
    if isinstance(marker, SetResolver):
        return SetWise(marker)
    if isinstance(marker, Column):
        attribute = marker.name or strawberry_field.python_name_of(field) or name
        access = AccessKind.PARENT if marker.whole else AccessKind.ATTRIBUTE
        return ReadAttribute(access, attribute, marker.of, bool(field.args))
    return _unmarked(name, field, field_resolver)


def marker_of(field: GraphQLField, key: str) -> Any:
    """Return the marker that a field has under a key, if any."""
    return strawberry_field.metadata_of(field).get(key) or field.extensions.get(key)


def _unmarked(name: str, field: GraphQLField, field_resolver: Callable[..., Any]) -> FieldSource:
    resolve = field.resolve or field_resolver
    if resolve is default_field_resolver and not field.args:
        return ReadAttribute(AccessKind.DEFAULT, name, None, has_arguments=False)
    basic = strawberry_field.attribute_of(field)
    if basic is not None:
        attribute, default = basic
        access = AccessKind.ATTRIBUTE if default is getattr else AccessKind.ITEM
        return ReadAttribute(access, attribute, None, bool(field.args))
    return PerParent(resolve)
