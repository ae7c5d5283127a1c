"""`subscribe`, a drop-in replacement for graphql-core's function of the same name, and the events of a subscription."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable, Mapping
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor, create_source_event_stream
from graphql.execution.execute import execute_subscription_event
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue
from graphql.pyutils.is_awaitable import is_async_iterable, is_awaitable

from breadth.awaitability import class_facts_for
from breadth.execute import is_ordinary
from breadth.plan import Plan
from breadth.preflight import Unsupported
from breadth.request import Around, Request
from breadth.run import Run

ContextOfEvent = Callable[[Any], Any]


class Events:
    """A subscription with its variables. Its plan and its variables are prepared once, and each event is run by itself.

    Raises `Unsupported` if breadth does not run the operation. The options are those of `execute_plan`.
    """

    def __init__(
        self,
        plan: Plan,
        variables: VariableValues,
        *,
        type_resolver: Callable[..., Any] | None = None,
        executor_class: type[Executor[Any]] | None = None,
        is_awaitable: Callable[[Any], bool] = is_awaitable,
        hide_suggestions: bool = False,
    ) -> None:
        class_facts = class_facts_for(is_awaitable)
        executor_class = executor_class or IncrementalExecutor
        if class_facts is None or not is_ordinary(cast("Hashable", executor_class)):
            raise Unsupported("a custom is_awaitable or executor class")
        self._plan = plan
        self._variables = variables
        self._class_facts = class_facts
        self._type_resolver = type_resolver or default_type_resolver
        self._executor_class = executor_class
        self._hide_suggestions = hide_suggestions
        try:
            self._root = plan.root(variables)
        except RecursionError:
            raise Unsupported("selections that are nested too deeply") from None

    def run(
        self, payload: Any, context_value: Any, *, around: Around | None = None
    ) -> AwaitableOrValue[ExecutionResult]:
        """Run the operation for one event, whose payload is the root. Events share no values."""
        request = Request(
            self._plan,
            self._variables,
            payload,
            context_value,
            self._class_facts,
            is_async_iterable,
            self._type_resolver,
            self._executor_class,
            self._hide_suggestions,
            {},
            around,
        )
        return Run(request, self._root).start()


def events_of(
    plan: Plan, variable_values: Mapping[str, Any] | None = None, **options: Any
) -> Events | list[GraphQLError]:
    """Return the events of a planned subscription, or the errors of its variables. Raise `Unsupported`."""
    variables = plan.variables.coerced(variable_values or {}, 50, hide_suggestions=False)
    return variables if isinstance(variables, list) else Events(plan, variables, **options)


def subscribe(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    context_of_event: ContextOfEvent | None = None,
    executor_class: type[Executor[Any]] | None = None,
    **options: Any,
) -> AwaitableOrValue[AsyncGenerator[ExecutionResult, None] | ExecutionResult]:
    """Return a stream of results, or a result with errors, or an awaitable of either, like graphql-core's `subscribe`.

    graphql-core creates the stream of events, and breadth runs each event. `context_of_event` takes the payload of an
    event and returns the event's own context; by default, all events share `context_value`. `options` are those of
    graphql-core's function.
    """
    build: Any = (executor_class or ExecutorThrowingOnIncremental).build
    executor = build(schema, document, root_value, context_value, variable_values, operation_name, **options)
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    if executor.operation.operation is not OperationType.SUBSCRIPTION:
        raise GraphQLError("Expected subscription operation.")
    respond = _Responding(executor, _events(executor, document, operation_name, options), context_of_event)
    found: Any = create_source_event_stream(executor)
    if isawaitable(found):
        return respond.later(found)
    return respond.stream(found) if is_async_iterable(found) else found


def _events(
    executor: Any, document: DocumentNode, operation_name: str | None, options: Mapping[str, Any]
) -> Events | None:
    """Return the events of a subscription; None if graphql-core runs them."""
    if set(options) - {"field_resolver", "type_resolver", "subscribe_field_resolver", "hide_suggestions"}:
        return None
    try:
        plan = Plan(
            executor.schema,
            document,
            operation_name,
            options.get("field_resolver") or default_field_resolver,
            of_events=True,
        )
        return Events(
            plan,
            executor.variable_values,
            type_resolver=options.get("type_resolver"),
            executor_class=None if type(executor) is ExecutorThrowingOnIncremental else type(executor),
            hide_suggestions=options.get("hide_suggestions", False),
        )
    except Unsupported:
        return None


class _Responding:
    """The stream of responses to a stream of events."""

    def __init__(self, executor: Any, events: Events | None, context_of_event: ContextOfEvent | None) -> None:
        self._executor = executor
        self._events = events
        self._context_of_event = context_of_event

    async def later(self, awaitable: Any) -> Any:
        found = await awaitable
        return self.stream(found) if is_async_iterable(found) else found

    async def stream(self, source: AsyncIterable[Any]) -> AsyncGenerator[ExecutionResult, None]:
        """Yield a result per event. The source is closed at the end of the stream, however the stream ends."""
        iterator = aiter(source)
        try:
            async for payload in iterator:
                result = self._result(payload)
                yield await result if isawaitable(result) else result
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    def _result(self, payload: Any) -> Any:
        shared = self._executor.context_value
        context = shared if self._context_of_event is None else self._context_of_event(payload)
        if self._events is not None:
            return self._events.run(payload, context)
        executor = self._executor.build_per_event_executor(payload)
        executor.context_value = context
        return execute_subscription_event(executor)
