"""The GraphQL schema of the API, with its prepared operations."""

from dataclasses import dataclass

import strawberry
from graphql import GraphQLSchema
from graphql.utilities.print_schema import print_schema_definition

from schema.description import DESCRIPTION
from schema.enum_errors import list_known_values
from schema.integration_log import IntegrationLog
from schema.live import Subscription, live
from schema.prepared.cache import ExecutorName, PreparedOperations
from schema.prepared.limits import DEFAULT_LIMITS, Limits
from schema.roots import Mutation, Query
from schema.scalars import CONFIG


@dataclass(frozen=True, slots=True)
class Graph:
    """The schema as Strawberry defines it and as graphql-core runs it, and the operations prepared for it."""

    definition: strawberry.Schema
    schema: GraphQLSchema
    prepared: PreparedOperations

    @property
    def sdl(self) -> str:
        """The schema in the schema definition language. Strawberry's text lacks the description of the schema."""
        return f"{print_schema_definition(self.schema)}\n\n{self.definition.as_str()}\n"


def build(executor: ExecutorName = "breadth", limits: Limits = DEFAULT_LIMITS) -> Graph:
    """Return the graph with the limits on its operations. Operations run level by level, or on graphql-core's executor for reference."""
    definition = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        directives=[live],
        types=[IntegrationLog],  # no field names the type: only `node` returns its objects
        config=CONFIG,
    )
    schema = definition._schema  # noqa: SLF001 - Strawberry's own extensions read it too
    schema.description = DESCRIPTION  # Strawberry has no option for it
    list_known_values(schema)
    prepared = PreparedOperations(schema, definition.execution_context_class, executor, limits=limits)
    return Graph(definition, schema, prepared)
