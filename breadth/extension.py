"""Strawberry extensions that run operations with breadth, and leave what it does not run to Strawberry."""

from collections.abc import AsyncIterator, Iterator
from inspect import isawaitable
from typing import Any
from weakref import WeakKeyDictionary

from graphql.execution.execute import assume_not_async_iterable
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.extensions.directives import DirectivesExtension, DirectivesExtensionSync
from strawberry.types import ExecutionContext

from breadth import kinds
from breadth.execute import attempt
from breadth.survey import StepAside

kinds.know(optimized_is_awaitable)

# These do something for directives alone, and operations with directives of their own are left to them.
_HARMLESS = (DirectivesExtension, DirectivesExtensionSync)
_wrapping: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


class BreadthExtension(SchemaExtension):
    """For `Schema.execute`. Has to stand behind extensions that set a result of their own."""

    async def on_execute(self) -> AsyncIterator[None]:
        found = _attempted(self.execution_context)
        if found is not None:
            self.execution_context.result = await found if isawaitable(found) else found
        yield


class BreadthExtensionSync(SchemaExtension):
    """For `Schema.execute_sync`."""

    def on_execute(self) -> Iterator[None]:
        asked = self.execution_context
        found = _attempted(asked, is_async_iterable=assume_not_async_iterable)
        if isawaitable(found):
            found.close()  # type: ignore[attr-defined]
            raise RuntimeError("GraphQL execution failed to complete synchronously.")
        if found is not None:
            asked.result = found
            if found.errors:  # Strawberry sees to the errors of its own results alone
                asked.pre_execution_errors = found.errors
                asked.schema._process_errors(found.errors, asked)  # noqa: SLF001 - as Strawberry does
        yield


def _attempted(asked: ExecutionContext, **options: Any) -> Any:
    """What `breadth.attempt` gives; None for an operation that is left to Strawberry, or has its result."""
    schema, document = asked.schema, asked.graphql_document
    if asked.result is not None or document is None or _wraps_resolvers(schema):
        return None
    try:
        return attempt(
            schema._schema,  # noqa: SLF001 - as Strawberry's own extensions
            document,
            asked.root_value,
            asked.context,
            asked.variables,
            asked.operation_name,
            is_awaitable=optimized_is_awaitable,
            executor_class=schema.execution_context_class,
            operation_extensions=asked.operation_extensions,
            **options,
        )
    except StepAside:
        return None


def _wraps_resolvers(schema: Any) -> bool:
    """Whether an extension wraps resolvers. Looked at once: which extensions there are is the schema's."""
    found = _wrapping.get(schema)
    if found is None:
        found = _wrapping[schema] = any(
            each._implements_resolve() and not isinstance(each, _HARMLESS)  # noqa: SLF001 - as Strawberry does
            for each in schema.get_extensions()
        )
    return found
