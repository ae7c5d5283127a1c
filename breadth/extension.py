"""Strawberry extensions that run operations with breadth. Strawberry runs the operations that breadth does not."""

from collections.abc import AsyncIterator, Iterator
from inspect import isawaitable
from typing import Any
from weakref import WeakKeyDictionary

from graphql.execution.execute import assume_not_async_iterable
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.extensions.directives import DirectivesExtension, DirectivesExtensionSync
from strawberry.types import ExecutionContext

from breadth.awaitability import register_is_awaitable
from breadth.execute import attempt
from breadth.preflight import Unsupported

register_is_awaitable(optimized_is_awaitable)

# These act on the schema's own directives only, and breadth does not run operations with such directives.
_HARMLESS = (DirectivesExtension, DirectivesExtensionSync)
_wrapping: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


class BreadthExtension(SchemaExtension):
    """The extension for `Schema.execute`. It must follow extensions that set a result themselves."""

    async def on_execute(self) -> AsyncIterator[None]:
        found = _attempted(self.execution_context)
        if found is not None:
            self.execution_context.result = await found if isawaitable(found) else found
        yield


class BreadthExtensionSync(SchemaExtension):
    """The extension for `Schema.execute_sync`."""

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        found = _attempted(context, is_async_iterable=assume_not_async_iterable)
        if isawaitable(found):
            found.close()  # type: ignore[attr-defined]
            raise RuntimeError("GraphQL execution failed to complete synchronously.")
        if found is not None:
            context.result = found
            if found.errors:  # Strawberry processes the errors of its own results only
                context.pre_execution_errors = found.errors
                context.schema._process_errors(found.errors, context)  # noqa: SLF001 - as Strawberry does
        yield


def _attempted(context: ExecutionContext, **options: Any) -> Any:
    """Return the result of `breadth.attempt`; None for an operation that Strawberry runs or that has a result."""
    schema, document = context.schema, context.graphql_document
    if context.result is not None or document is None or _wraps_resolvers(schema):
        return None
    try:
        return attempt(
            schema._schema,  # noqa: SLF001 - as Strawberry's own extensions
            document,
            context.root_value,
            context.context,
            context.variables,
            context.operation_name,
            is_awaitable=optimized_is_awaitable,
            executor_class=schema.execution_context_class,
            operation_extensions=context.operation_extensions,
            **options,
        )
    except Unsupported:
        return None


def _wraps_resolvers(schema: Any) -> bool:
    """Return whether an extension of the schema wraps resolvers. Checked once per schema."""
    found = _wrapping.get(schema)
    if found is None:
        found = _wrapping[schema] = any(
            each._implements_resolve() and not isinstance(each, _HARMLESS)  # noqa: SLF001 - as Strawberry does
            for each in schema.get_extensions()
        )
    return found
