"""Where a field's values come from, as the plan sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, TypeAlias

from graphql import GraphQLField, GraphQLObjectType, default_field_resolver
from graphql.type import TypeNameMetaFieldDef

from breadth import strawberry_field
from breadth.fields import KEY, Column, SetResolver


class Access(Enum):
    """How a value is read off a parent."""

    ATTRIBUTE = auto()
    ITEM = auto()
    DEFAULT = auto()  # as graphql-core's default resolver does
    PARENT = auto()  # the parent is the value


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for all parents."""

    value: Any
    is_column: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...] | None] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """Read off the parent and passed through `of`. `arguments` says whether any have to be looked at first:
    they make no difference but by their errors. `reads` are the attributes that are read; None if that is not
    known.
    """

    access: Access
    name: str
    of: Callable[[Any], Any] | None
    arguments: bool
    reads: tuple[str, ...] | None

    @property
    def is_column(self) -> bool:
        return not self.arguments

    def read(self, parent: Any) -> Any:
        value = self._read(parent)
        return value if self.of is None else self.of(value)

    def _read(self, parent: Any) -> Any:
        if self.access is Access.ATTRIBUTE:
            return getattr(parent, self.name)
        if self.access is Access.ITEM:
            return parent[self.name]
        if self.access is Access.PARENT:
            return parent
        if isinstance(parent, Mapping):
            return parent.get(self.name)
        return getattr(parent, self.name, None)


@dataclass(frozen=True, slots=True)
class Together:
    """Resolved for all parents by one call."""

    resolver: SetResolver
    is_column: ClassVar[bool] = False

    @property
    def reads(self) -> tuple[str, ...] | None:
        return self.resolver.reads


@dataclass(frozen=True, slots=True)
class Each:
    """Resolved parent by parent."""

    resolve: Callable[..., Any]
    is_column: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...] | None] = None


Source: TypeAlias = Constant | Read | Together | Each


def source_of(
    parent: GraphQLObjectType, name: str, field: GraphQLField, field_resolver: Callable[..., Any]
) -> Source:
    if field is TypeNameMetaFieldDef:
        return Constant(parent.name)
    marker = strawberry_field.metadata_of(field).get(KEY) or field.extensions.get(KEY)
    if isinstance(marker, SetResolver):
        return Together(marker)
    if isinstance(marker, Column):
        attribute = marker.name or strawberry_field.python_name_of(field) or name
        if marker.whole:
            return Read(Access.PARENT, attribute, marker.of, bool(field.args), marker.reads)
        return Read(Access.ATTRIBUTE, attribute, marker.of, bool(field.args), (attribute,))
    return _unmarked(name, field, field_resolver)


def _unmarked(name: str, field: GraphQLField, field_resolver: Callable[..., Any]) -> Source:
    resolve = field.resolve or field_resolver
    if resolve is default_field_resolver and not field.args:
        return Read(Access.DEFAULT, name, None, arguments=False, reads=(name,))
    basic = strawberry_field.attribute_of(field)
    if basic is not None:
        attribute, default = basic
        access = Access.ATTRIBUTE if default is getattr else Access.ITEM
        return Read(access, attribute, None, bool(field.args), (attribute,))
    return Each(resolve)
