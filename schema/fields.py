"""The two kinds of field: a column of the row, and a value that a resolver computes for all parents at once."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from operator import methodcaller
from typing import Any

import strawberry

from breadth.fields import FRAGMENT, KEY, Column, SetResolver
from resolvers.framework.requires import Requirements, requirements_of
from schema.fragment_markers import Kept
from schema.list_size import SIZE, ListSize
from schema.reference_batching import gathered
from schema.resolver_types import Info, SetWiseResolver

LONG = "long"
"""The key in a field's metadata that says whether the field returns long texts."""

NULL_IF_FAILED = " Null only if the field failed."
"""The end of the description of a field that is nullable for the sake of the other fields of the response."""

SET_RESOLVER = "set_resolver"
"""The key of the resolver itself in a field's metadata. Executors read the metadata under breadth's `KEY`."""


def column(
    description: str,
    *,
    name: str | None = None,
    of: Callable[[Any], Any] | None = None,
    size: ListSize | None = None,
    deprecated: str | None = None,
    long: bool = False,
    kept: Kept | None = None,
) -> Any:
    """Return a field that reads the row: the column of the field's name, or the column `name`.

    `of` converts the value; without `name`, `of` takes the whole row. `size` states the length of a list of objects.
    `deprecated` names the replacement of a deprecated field. `long` marks texts of thousands of characters, which the
    cost counts like many values. `kept` marks a field that a fragment may answer.
    """
    if name is None and of is None:
        return strawberry.field(
            description=description,
            deprecation_reason=deprecated,
            metadata={KEY: Column(), SIZE: size, LONG: long},
        )

    def resolve(self: Any) -> Any:
        value = self if name is None else getattr(self, name)
        return value if of is None else of(value)

    plan = Column(name, of, whole=name is None)
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecated,
        metadata={KEY: plan, SIZE: size, LONG: long, FRAGMENT: kept},
    )


def resolved_by(
    resolver: SetWiseResolver,
    *,
    description: str,
    arguments: Mapping[str, Any] | None = None,
    size: ListSize | None = None,
    deprecated: str | None = None,
    kept: Kept | None = None,
) -> Any:
    """Return a field whose resolver takes all parents and returns one result per parent, in the order of parents.

    `arguments` are the GraphQL arguments with their annotations. graphql-core's executor resolves fields object by
    object: there, the parents of one turn of the event loop are collected, and the resolver is called once.

    A resolver that loads rows only for some fields of its results gets the names of the `selected` fields.
    `size` states the length of a list of objects. `deprecated` is the reason of a deprecation. `kept` marks a field that
    a fragment may answer.
    """
    stated = requirements_of(resolver)
    wants_selection = stated is not None and bool(stated.loads_for)

    def resolve(self: Any, info: Info, **given: Any) -> Awaitable[Any]:
        return gathered(info, resolver, given, wants_selection=wants_selection).join(self)

    _give_signature(resolve, arguments or {})
    return strawberry.field(
        resolver=resolve,
        description=description,
        deprecation_reason=deprecated,
        metadata={
            KEY: SetResolver(
                resolver,
                of_context=True,
                wants_selection=wants_selection,
                **_join_of(stated),
            ),
            SET_RESOLVER: resolver,
            SIZE: size,
            FRAGMENT: kept,
        },
    )


def _join_of(stated: Requirements | None) -> dict[str, Any]:
    """Return the join that makes a call of the resolver needless, if the viewer's key may read its models."""
    if stated is None or stated.relation is None:
        return {}
    if not stated.models:
        return {"joined": stated.relation}
    return {"joined": stated.relation, "may_join": methodcaller("may_read", stated.models)}


def itself(parent: Any) -> Any:
    """Return the parent, for a field whose object has the parent's data."""
    return parent


def _give_signature(resolve: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Set the signature from which Strawberry reads the field's arguments. `resolve` itself takes any arguments."""
    positional, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("self", positional),
        inspect.Parameter("info", positional, annotation=Info),
        *(
            inspect.Parameter(name, keyword, annotation=annotation, default=_default(annotation))
            for name, annotation in arguments.items()
        ),
    ]
    resolve.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    resolve.__annotations__ = {"info": Info, **arguments}


def _default(annotation: Any) -> Any:
    """Optional arguments may be left out, and then are not passed on; the others are required."""
    optional = type(None) in getattr(getattr(annotation, "__origin__", annotation), "__args__", ())
    return strawberry.UNSET if optional else inspect.Parameter.empty
