"""Classified changes between two versions of the schema, given as SDL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)
from graphql.utilities import (
    BreakingChange,
    DangerousChange,
    SchemaChange,
    find_schema_changes,
)


class Severity(StrEnum):
    """Severity of a change, most severe first."""

    BREAKING = "breaking"
    """Valid operations become invalid, or get a response of another shape."""

    DANGEROUS = "dangerous"
    """Operations stay valid, but clients may receive values that they do not expect."""

    SAFE = "safe"
    """Clients need no change."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `kind` is graphql-core's name of the change, such as FIELD_REMOVED, or a name of this module."""

    severity: Severity
    kind: str
    description: str


def changes(old: str, new: str) -> Sequence[Change]:
    """Return all changes from one SDL document to another: breaking, then dangerous, then safe changes.

    Raises `GraphQLError` or `TypeError` if a document is not a schema.
    """
    before, after = build_schema(old), build_schema(new)
    found = [_classified(change) for change in find_schema_changes(before, after)]
    found += _deprecations(before, after)
    found += _one_of(before, after)
    return sorted(found, key=lambda change: list(Severity).index(change.severity))


def _classified(change: SchemaChange) -> Change:
    severity = Severity.SAFE
    if isinstance(change, BreakingChange):
        severity = Severity.BREAKING
    elif isinstance(change, DangerousChange):
        severity = Severity.DANGEROUS
    return Change(severity, change.type.name, " ".join(change.description.split()))


def _deprecations(before: GraphQLSchema, after: GraphQLSchema) -> Iterator[Change]:
    """Yield added, removed and changed deprecations, which graphql-core does not compare."""
    old, new = dict(_deprecated(before)), dict(_deprecated(after))
    for place, reason in new.items():
        if place not in old:
            yield Change(Severity.SAFE, "DEPRECATED", f"{place} is deprecated: {reason}")
        elif old[place] != reason:
            yield Change(Severity.SAFE, "DEPRECATION_REASON_CHANGED", f"{place} is deprecated: {reason}")
    members = dict(_members(after))
    for place in old:
        if place in members and place not in new:
            yield Change(Severity.SAFE, "DEPRECATION_REMOVED", f"{place} is no longer deprecated.")


def _deprecated(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for place, member in _members(schema):
        if member.deprecation_reason is not None:
            yield place, " ".join(member.deprecation_reason.split())


def _members(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yield all members that can be deprecated, by place: fields, arguments, input fields and enum values."""
    for type_ in schema.type_map.values():
        for name, member in _own_members(type_).items():
            yield f"{type_.name}.{name}", member
            for key, argument in getattr(member, "args", {}).items():
                yield f"{type_.name}.{name}({key}:)", argument


def _own_members(type_: GraphQLNamedType) -> dict[str, Any]:
    if isinstance(type_, GraphQLEnumType):
        return dict(type_.values)
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
        return dict(type_.fields)
    return {}


def _one_of(before: GraphQLSchema, after: GraphQLSchema) -> Iterator[Change]:
    """Yield changes of `@oneOf`, which graphql-core does not compare."""
    for name, new in after.type_map.items():
        old = before.type_map.get(name)
        if not isinstance(old, GraphQLInputObjectType) or not isinstance(new, GraphQLInputObjectType):
            continue
        if new.is_one_of and not old.is_one_of:
            said = f"{name} now takes exactly one of its fields."
            yield Change(Severity.BREAKING, "INPUT_BECAME_ONE_OF", said)
        elif old.is_one_of and not new.is_one_of:
            said = f"{name} now takes any of its fields."
            yield Change(Severity.SAFE, "INPUT_CEASED_ONE_OF", said)
