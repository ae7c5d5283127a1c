"""The two kinds of field: a column of the row, and a question answered for all parents at once."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import strawberry

from breadth.fields import KEY, Column, SetResolver
from breadth.selection import Selection
from resolvers.framework.context import Context
from resolvers.framework.requires import requirements_of
from schema.list_size import SIZE, ListSize
from schema.reference_batching import gathered
from schema.resolver_types import Info, SetWise

SET_RESOLVER = "set_resolver"
"""Under this key of a field's metadata stands the resolver itself; what executors read stands under breadth's."""


def column(
    description: str,
    *,
    name: str | None = None,
    of: Callable[[Any], Any] | None = None,
    size: ListSize | None = None,
) -> Any:
    """A field that is read off the row: its column of the same name, or of `name`, passed through `of`.

    `size` states how long a list of objects can be.
    """
    if name is None and of is None:
        return strawberry.field(description=description, metadata={KEY: Column(), SIZE: size})
    return _computed(description, name, of, size)


def _computed(
    description: str, name: str | None, of: Callable[[Any], Any] | None, size: ListSize | None
) -> Any:
    def resolve(self: Any) -> Any:
        value = self if name is None else getattr(self, name)
        return value if of is None else of(value)

    plan = Column(name, of, whole=name is None)
    return strawberry.field(resolver=resolve, description=description, metadata={KEY: plan, SIZE: size})


def resolved_by(
    resolver: SetWise,
    *,
    description: str,
    arguments: Mapping[str, Any] | None = None,
    size: ListSize | None = None,
) -> Any:
    """A field whose resolver takes all parents and returns one result per parent, in their order.

    `arguments` are the GraphQL arguments with their annotations; left out, they are the resolver's own
    parameters behind `parents` and `context`. On graphql-core's executor, which asks
    object by object, parents are gathered for a turn of the event loop and asked together.

    A resolver that loads for some fields only is told which ones are `selected` of what it returns. `size` states how
    long a list of objects can be.
    """
    stated = requirements_of(resolver)
    told = stated is not None and bool(stated.loads_for)

    def resolve(self: Any, info: Info, **given: Any) -> Awaitable[Any]:
        return gathered(info, resolver, given, told=told).join(self)

    _give_signature(resolve, _own_arguments(resolver) if arguments is None else arguments)
    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={
            KEY: SetResolver(_told(resolver) if told else resolver, of_context=True, wants_selection=told),
            SET_RESOLVER: resolver,
            SIZE: size,
        },
    )


def _told(resolver: SetWise) -> SetWise:
    @wraps(resolver)
    def resolve(parents: Sequence[Any], context: Context, selection: Selection, **given: Any) -> Any:
        return resolver(parents, context, selected=selection.names, **given)

    return resolve


def _own_arguments(resolver: SetWise) -> dict[str, Any]:
    own = list(inspect.signature(resolver).parameters.values())[2:]
    return {parameter.name: parameter.annotation for parameter in own}


def _give_signature(resolve: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Shows Strawberry the field's arguments, which `resolve` itself takes as whatever is given."""
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
