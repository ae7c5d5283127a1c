"""Small schemas for tests of single behaviours."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    parse,
)

import breadth
from breadth import SetResolver
from breadth.fields import KEY

Resolver = Callable[..., Any]

DEADLINE = 5


def make_schema(
    query: dict[str, GraphQLField], item: dict[str, GraphQLField] | None = None, **options: Any
) -> GraphQLSchema:
    """Return a schema with the query fields, and with `items` of a type with an `id` and the item fields."""
    of_item = GraphQLObjectType("Item", {"id": GraphQLField(GraphQLInt), **(item or {})})
    listed = GraphQLField(GraphQLList(of_item), resolve=lambda _root, _info: [{"id": n} for n in range(3)])
    return GraphQLSchema(GraphQLObjectType("Query", {"items": listed, **query}), **options)


def set_wise(resolve: Resolver, type_: Any = GraphQLInt) -> GraphQLField:
    def one(*_: object, **__: object) -> Any:
        raise AssertionError("breadth must call the set resolver")

    return GraphQLField(type_, resolve=one, extensions={KEY: SetResolver(resolve)})


def per_parent(resolve: Resolver, type_: Any = GraphQLInt) -> GraphQLField:
    return GraphQLField(type_, resolve=resolve)


async def result_of(schema: GraphQLSchema, text: str, root: Any = None, **options: Any) -> ExecutionResult:
    found = breadth.execute(schema, parse(text), root, **options)
    async with asyncio.timeout(DEADLINE):
        return await found if isinstance(found, Awaitable) else found


OtherTasks = Callable[[], set[asyncio.Task[Any]]]
