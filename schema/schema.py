"""The schema, put together."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from inspect import isawaitable
from typing import Any, Literal, cast

import strawberry
from graphql import DocumentNode, GraphQLError
from graphql import ExecutionResult as GraphQLExecutionResult
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from breadth import Unsupported, attempt
from breadth.extension import BreadthExtension
from resolvers.framework.context import Context
from schema.integration_log import IntegrationLog
from schema.mutation import Mutation
from schema.prepared_operation import Operation, Operations
from schema.query import Query
from schema.scalars import CONFIG

Executor = Literal["breadth", "reference"]

DOCUMENTS_KEPT = 1000
LARGEST_TOKENS = 15_000
LONGEST_TEXT_KEPT = 20_000  # characters: what programs ask is shorter


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


class Admission(SchemaExtension):
    """Looks an operation over when it comes for the first time: what it could cost, and what it reads."""

    def on_execute(self) -> Iterator[None]:
        asked, schema = self.execution_context, cast("Schema", self.execution_context.schema)
        assert asked.graphql_document is not None  # noqa: S101 - it has been parsed and validated
        operation = schema.remember(asked.query, asked.graphql_document, asked._provided_operation_name)  # noqa: SLF001
        refused = operation.refusal(asked.variables or {})
        if refused is not None:
            asked.result = GraphQLExecutionResult(None, [refused])
        else:
            admit(operation, asked.context)
        yield


def admit(operation: Operation, context: Context) -> None:
    reading = operation.reading
    context.expect(operation.label, reading.projection, single=reading.single)


class Schema(strawberry.Schema):
    """Runs what it knows at once; what is new goes Strawberry's way, through all extensions."""

    runs_known = False

    @cached_property
    def operations(self) -> Operations:
        return Operations(DOCUMENTS_KEPT, LONGEST_TEXT_KEPT)

    def remember(self, text: str | None, document: DocumentNode, name: str | None) -> Operation:
        operation = Operation(self._schema, document, name)
        self.operations.keep(text or "", operation)
        return operation

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        allowed = (
            DEFAULT_ALLOWED_OPERATION_TYPES if allowed_operation_types is None else allowed_operation_types
        )
        known = self.operations.get(query, operation_name) if self.runs_known else None
        if known is not None and known.type in allowed:
            try:
                return await self._run(known, variable_values or {}, context_value, root_value)
            except Unsupported:
                pass
            except Exception as failure:  # noqa: BLE001 - an error of ours is an answer, too
                return PreExecutionError(None, [GraphQLError(str(failure), original_error=failure)])
        return await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )

    async def _run(
        self, operation: Operation, variables: dict[str, Any], context: Any, root_value: Any
    ) -> ExecutionResult:
        """Raises `Unsupported`, before anything is run, for what breadth leaves to graphql-core."""
        refused = operation.refusal(variables)
        if refused is not None:
            return ExecutionResult(None, [refused])
        admit(operation, context)
        found = attempt(
            self._schema,
            operation.document,
            root_value,
            context,
            variables,
            operation.name,
            is_awaitable=optimized_is_awaitable,
            executor_class=self.execution_context_class,
        )
        result = await found if isawaitable(found) else found
        return ExecutionResult(result.data, result.errors)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Logs nothing: the edge knows whose fault an error is, and logs ours."""


def build(executor: Executor = "breadth", extensions: Sequence[type[SchemaExtension]] = ()) -> Schema:
    """The schema with its caches and limits, run level by level, or by graphql-core for reference."""
    breadth = executor == "breadth"
    runs = [BreadthExtension] if breadth else []
    schema = Schema(
        query=Query,
        mutation=Mutation,
        # Types that no field returns by name: `node` does.
        types=[IntegrationLog],
        config=CONFIG,
        extensions=[LimitedParserCache, LimitedValidationCache, OneOperation, Admission, *extensions, *runs],
    )
    # Extensions of others may want to see every operation.
    schema.runs_known = breadth and not extensions
    return schema
