"""`execute`, a drop-in replacement for graphql-core's function of the same name."""

from collections.abc import Callable, Hashable, Mapping
from functools import cache, lru_cache, partial
from inspect import signature
from typing import Any, Final, ParamSpec, TypeVar, cast

import graphql
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    MiddlewareManager,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import AwaitableOrValue
from graphql.pyutils.is_awaitable import is_async_iterable as default_is_async_iterable
from graphql.pyutils.is_awaitable import is_awaitable as default_is_awaitable

from breadth.awaitability import KNOWN_ASYNC_ITERABLE, ClassFacts, class_facts_for
from breadth.direct import DirectQuery, direct_query
from breadth.fragments import Fragments
from breadth.plan import FieldResolver, Plan
from breadth.preflight import Unsupported
from breadth.request import Around, Request
from breadth.run import Run

P = ParamSpec("P")
Result = TypeVar("Result")

PLANS_KEPT: Final = 1000


class _Same:
    """An object as the key of a cache. Keys are equal if their objects are the same, and keep their objects alive."""

    __slots__ = ("kept",)

    def __init__(self, kept: Any) -> None:
        self.kept = kept

    def __hash__(self) -> int:
        return id(self.kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.kept is self.kept


class Plans:
    """The plans of the most recent documents, by document object. A document that is parsed again is new."""

    def __init__(self, kept: int = PLANS_KEPT) -> None:
        self._kept = lru_cache(kept)(_plan_or_reason)

    def plan(
        self, schema: GraphQLSchema, document: DocumentNode, name: str | None, resolver: FieldResolver
    ) -> Plan:
        """Return the plan of an operation, made once.

        Raise `Unsupported` if breadth does not run it, or graphql-core's error if the schema is invalid.
        """
        found = self._kept(_Same(schema), _Same(document), name, _Same(resolver))
        if isinstance(found, Unsupported):
            raise found.with_traceback(None)
        return found


def _plan_or_reason(schema: _Same, document: _Same, name: str | None, resolver: _Same) -> Plan | Unsupported:
    try:
        return Plan(schema.kept, document.kept, name, resolver.kept)
    except Unsupported as reason:
        return reason


plans: Final = Plans()


def _with_arguments_of(function: Callable[P, Result]) -> Callable[[Callable[..., Any]], Callable[P, Result]]:
    def mark(other: Callable[..., Any]) -> Callable[P, Result]:
        other.__signature__ = signature(function)  # type: ignore[attr-defined]
        return other

    return mark


@_with_arguments_of(graphql.execute)
def execute(schema: GraphQLSchema, document: DocumentNode, *arguments: Any, **options: Any) -> Any:
    """Return the result of an operation, or an awaitable of it if a resolver has to be awaited.

    The arguments and results are those of graphql-core's `execute`, which also runs what breadth does not run.
    """
    try:
        return attempt(schema, document, *arguments, **options)
    except Unsupported:
        return graphql.execute(schema, document, *arguments, **options)


def attempt(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: FieldResolver | None = None,
    type_resolver: Callable[..., Any] | None = None,
    subscribe_field_resolver: Callable[..., Any] | None = None,  # noqa: ARG001 - breadth does not run subscriptions
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,  # noqa: ARG001 - breadth does not defer
    middleware: Any = None,
    executor_class: type[Executor[Any]] | None = None,
    is_awaitable: Callable[[Any], bool] | None = None,
    is_async_iterable: Callable[[Any], bool] | None = None,
    hide_suggestions: bool = False,
    abort_signal: Any = None,
    hooks: Any = None,
    **custom_context_args: Any,
) -> AwaitableOrValue[ExecutionResult]:
    """Run an operation as `execute` does. Raise `Unsupported`, before any resolver runs, if breadth does not run it."""
    if abort_signal is not None or hooks is not None:
        raise Unsupported("an abort signal or hooks")
    if _has_middleware(middleware):
        raise Unsupported("middleware")
    return execute_plan(
        plans.plan(schema, document, operation_name, field_resolver or default_field_resolver),
        root_value,
        context_value,
        variable_values,
        type_resolver=type_resolver,
        max_coercion_errors=max_coercion_errors,
        executor_class=executor_class,
        is_awaitable=is_awaitable,
        is_async_iterable=is_async_iterable,
        hide_suggestions=hide_suggestions,
        **custom_context_args,
    )


def execute_plan(
    plan: Plan,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: Mapping[str, Any] | None = None,
    *,
    type_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    executor_class: type[Executor[Any]] | None = None,
    is_awaitable: Callable[[Any], bool] | None = None,
    is_async_iterable: Callable[[Any], bool] | None = None,
    hide_suggestions: bool = False,
    around: Around | None = None,
    fragments: Fragments | None = None,
    **custom_context_args: Any,
) -> AwaitableOrValue[ExecutionResult]:
    """Run a planned operation. Raise `Unsupported`, before any resolver runs, if breadth does not run it.

    The arguments are those of `execute`. `around` wraps the awaitables of resolvers. `fragments` answer marked
    fields of a query; the result's data then contain the values that they return.
    """
    class_facts = class_facts_for(is_awaitable or default_is_awaitable)
    is_async_iterable = is_async_iterable or default_is_async_iterable
    executor_class = executor_class or IncrementalExecutor
    if class_facts is None or is_async_iterable not in KNOWN_ASYNC_ITERABLE:
        raise Unsupported("a custom is_awaitable or is_async_iterable")
    if not is_ordinary(cast("Hashable", executor_class)):
        raise Unsupported("a custom executor class")
    values = variable_values or {}
    new_run = partial(
        _run,
        plan,
        values,
        max_coercion_errors,
        root_value,
        context_value,
        class_facts,
        is_async_iterable,
        type_resolver or default_type_resolver,
        executor_class,
        hide_suggestions,
        custom_context_args,
        around,
        None if plan.is_serial else fragments,
    )
    direct = None if custom_context_args else _direct_query(plan)
    arguments = None if direct is None else direct.arguments(values)
    if direct is not None and arguments is not None:
        return direct.start(arguments, root_value, context_value, class_facts, around, new_run)
    run = new_run()
    return run if isinstance(run, ExecutionResult) else run.start()


def _direct_query(plan: Plan) -> DirectQuery | None:
    """Return the direct way of a plan, made once."""
    if plan.direct is None:
        try:
            plan.direct = (direct_query(plan),)
        except RecursionError:  # the ordinary way reports it
            plan.direct = (None,)
    found: DirectQuery | None = plan.direct[0]
    return found


def _run(
    plan: Plan,
    values: Mapping[str, Any],
    max_coercion_errors: int,
    root_value: Any,
    context_value: Any,
    class_facts: ClassFacts,
    is_async_iterable: Callable[[Any], bool],
    type_resolver: Callable[..., Any],
    executor_class: type[Executor[Any]],
    hide_suggestions: bool,
    custom: Mapping[str, Any],
    around: Around | None,
    fragments: Fragments | None,
) -> Run | ExecutionResult:
    """Return the ordinary run, or the result with the errors of the variables."""
    variables = plan.variables.coerced(values, max_coercion_errors, hide_suggestions=hide_suggestions)
    if isinstance(variables, list):
        return ExecutionResult(None, variables)
    try:
        root = plan.root(variables)
    except RecursionError:
        raise Unsupported("selections that are nested too deeply") from None
    request = Request(
        plan,
        variables,
        root_value,
        context_value,
        class_facts,
        is_async_iterable,
        type_resolver,
        executor_class,
        hide_suggestions,
        custom,
        around,
        fragments,
    )
    if custom:  # unknown arguments must fail here, not in a resolver
        request.make_executor()
    return Run(request, root)


def _has_middleware(middleware: Any) -> bool:
    if isinstance(middleware, MiddlewareManager):
        return bool(middleware.middlewares)
    return middleware is not None and middleware not in ([], ())


@cache
def is_ordinary(executor_class: Any) -> bool:
    """Return whether an executor class differs from graphql-core's in `build_resolve_info` at most."""
    own = [
        each
        for each in executor_class.__mro__
        if issubclass(each, Executor) and not each.__module__.startswith("graphql.execution.")
    ]
    return issubclass(executor_class, Executor) and all(
        name.startswith("__") or name == "build_resolve_info" for each in own for name in vars(each)
    )
