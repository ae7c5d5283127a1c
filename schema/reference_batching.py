"""How a set-wise resolver runs on an executor that asks object by object.

Each parent gets a future. At the end of the turn of the event loop, all parents that have asked for the
same field of the document are handed to the resolver together, and each future gets its parent's result.
"""

import asyncio
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any, cast
from weakref import WeakKeyDictionary

from graphql import GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from breadth.fields import KEY, Column
from breadth.strawberry_field import definition_of
from resolvers.framework.context import Context
from schema.resolver_types import Info, SetWiseResolver

_waiting: WeakKeyDictionary[Context, dict[Any, "Gathering"]] = WeakKeyDictionary()


def gathered(
    info: Info, resolver: SetWiseResolver, arguments: Mapping[str, Any], *, wants_selection: bool = False
) -> "Gathering":
    """Return the gathering for a field's parents in this turn of the event loop.

    With `wants_selection`, the resolver gets the names of the fields that are `selected` of its results.
    """
    waiting = _waiting.setdefault(info.context, {})
    # The same nodes of the document have the same arguments, so one call answers all of their parents.
    key = (resolver, *map(id, info._raw_info.field_nodes))  # noqa: SLF001 - Strawberry wraps no nodes
    gathering = waiting.get(key)
    if gathering is None:
        if wants_selection:
            arguments = {**arguments, "selected": selected(info)}
        gathering = waiting[key] = Gathering(resolver, info.context, arguments)
        asyncio.get_running_loop().call_soon(lambda: waiting.pop(key).start())
    return gathering


def selected(info: Info) -> set[str]:
    """Return the names of the selected fields, as breadth passes them to a set resolver."""
    raw = info._raw_info  # noqa: SLF001
    details = [FieldDetails(node, None) for node in raw.field_nodes]
    variables = VariableValues({}, info.variable_values)
    return _selected(raw, variables, cast("GraphQLObjectType", get_named_type(raw.return_type)), details)


def _selected(
    raw: GraphQLResolveInfo[Any],
    variables: VariableValues,
    object_type: GraphQLObjectType,
    details: list[FieldDetails],
) -> set[str]:
    fragments = {name: FragmentDetails(each) for name, each in raw.fragments.items()}
    found = collect_subfields(raw.schema, fragments, variables, raw.operation, object_type, details)
    names: set[str] = set()
    for below in found.grouped_field_set.values():
        name = below[0].node.name.value
        names.add(name)
        view = _view(object_type, name)
        if view is not None:
            names |= {f"{name}.{each}" for each in _selected(raw, variables, view, below)}
    return names


def _view(object_type: GraphQLObjectType, name: str) -> GraphQLObjectType | None:
    """Return the type of a field whose object is its parent; None for other fields."""
    field = object_type.fields.get(name)
    definition = None if field is None else definition_of(field)
    column = None if definition is None else definition.metadata.get(KEY)
    if field is None or not isinstance(column, Column) or not column.whole:
        return None
    named = get_named_type(field.type)
    return named if isinstance(named, GraphQLObjectType) else None


class Gathering:
    """Parents that are asked together, and the futures that they wait for."""

    def __init__(self, resolver: SetWiseResolver, context: Context, arguments: Mapping[str, Any]) -> None:
        self._resolver = resolver
        self._context = context
        self._arguments = arguments
        self._parents: list[Any] = []
        self._results: list[asyncio.Future[Any]] = []
        self._task: asyncio.Task[None] | None = None

    def join(self, parent: Any) -> asyncio.Future[Any]:
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._parents.append(parent)
        self._results.append(result)
        return result

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            answers = self._resolver(self._parents, self._context, **self._arguments)
            results = await answers if isawaitable(answers) else answers
            require_one_each(self._resolver, self._parents, results)
        except Exception as failure:  # noqa: BLE001 - it becomes the error of each parent's field
            results = [failure] * len(self._parents)
        for future, result in zip(self._results, results, strict=True):
            if future.done():  # its field was cancelled
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


def require_one_each(resolver: SetWiseResolver, parents: Sequence[Any], results: Sequence[Any]) -> None:
    """Raise `TypeError` if a resolver did not return exactly one result per parent."""
    if len(results) != len(parents):
        name = f"{resolver.__module__}.{resolver.__qualname__}"
        raise TypeError(f"{name} returned {len(results)} results for {len(parents)} parents")
