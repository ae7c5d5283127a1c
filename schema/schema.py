"""The schema, put together."""

from collections.abc import Iterator, Sequence
from typing import Literal

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.types import ExecutionContext

from breadth.extension import BreadthExtension
from schema.integration_log import IntegrationLog
from schema.limits import CostLimit
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import CONFIG

Executor = Literal["breadth", "reference"]

DOCUMENTS_KEPT = 1000
LARGEST_TOKENS = 15_000


class OneOperation(SchemaExtension):
    """Refuses a document of several operations without a name, where Strawberry would run the first."""

    def on_parse(self) -> Iterator[None]:
        yield
        asked = self.execution_context
        document, name = asked.graphql_document, asked._provided_operation_name  # noqa: SLF001 - no public way
        if document is None or name is not None:
            return
        operations = [node for node in document.definitions if node.kind == "operation_definition"]
        if len(operations) > 1:
            raise GraphQLError("The document has several operations: say which one with `operationName`.")


class LimitedParserCache(ParserCache):
    def __init__(self) -> None:
        super().__init__(maxsize=DOCUMENTS_KEPT)

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_lexical_tokens"] = LARGEST_TOKENS  # type: ignore[typeddict-unknown-key]
        yield


class LimitedValidationCache(ValidationCache):
    def __init__(self) -> None:
        super().__init__(maxsize=DOCUMENTS_KEPT)


class Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs nothing: the edge knows whose fault an error is, and logs ours."""


def build(executor: Executor = "breadth", extensions: Sequence[type[SchemaExtension]] = ()) -> Schema:
    """The schema with its caches and limits, run level by level, or by graphql-core for reference."""
    runs = [BreadthExtension] if executor == "breadth" else []
    return Schema(
        query=Query,
        mutation=Mutation,
        # Types that no field returns by name: `node` does.
        types=[IntegrationLog],
        config=CONFIG,
        extensions=[LimitedParserCache, LimitedValidationCache, OneOperation, CostLimit, *extensions, *runs],
    )
