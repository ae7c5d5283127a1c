"""An operation of a document, prepared once for any number of requests."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import iscoroutine
from types import CoroutineType
from typing import Any, Final, NamedTuple, TypeAlias

import graphql
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    get_named_type,
)
from graphql.execution import Executor
from strawberry.execution import optimized_is_awaitable

from breadth import Events, Plan, Unsupported, events_of, execute_plan
from breadth.awaitability import register_is_awaitable
from breadth.plan import LARGEST_VARIANTS, Field
from breadth.request import Around
from db.engine.activity import Activity, AtPlace, Place, WatchedAtPlace
from resolvers.framework.context import Context, Viewer
from resolvers.framework.replica_reads import answered
from resolvers.framework.requires import OperationReads
from schema.prepared.access import Access
from schema.prepared.cost import Cost
from schema.prepared.cost_by_field import MOST_FIELDS, FieldCost, cost_by_field
from schema.prepared.dependencies import depends_on_viewer_alone
from schema.prepared.fragments import fragments_of, has_marked_fields
from schema.prepared.guard import GuardMode
from schema.prepared.limits import DEFAULT_LIMITS, Limits
from schema.prepared.literals import with_hints
from schema.prepared.live import LiveReads, Source, is_live, live_reads_of, source_of, without_live
from schema.prepared.lookahead import Lookahead, look_ahead, values_in
from schema.prepared.response_lists import Lists, response_lists
from services.replicas import Wants

COSTS_KEPT: Final = 100
FIRST_EXAMINED: Final = 10
EXAMINED_EVERY: Final = 20
"""A guard that warns examines the first executions of an operation, and then one of this many."""

Start: TypeAlias = Callable[[Mapping[str, Any], Context], Any]
RunEvent: TypeAlias = Callable[[Any, Context], Awaitable[ExecutionResult]]
"""Runs a subscription for the root value of one event."""

register_is_awaitable(optimized_is_awaitable)


@dataclass(frozen=True, slots=True)
class InvalidDocument:
    """A document that never runs. `type` is the operation's, if the document tells it."""

    errors: Sequence[GraphQLError]
    type: OperationType | None = None

    def refusal(self, _variables: Mapping[str, Any], _viewer: Viewer | None) -> Sequence[GraphQLError]:
        """Return the errors of the document."""
        return self.errors


class _Measured(NamedTuple):
    """The cost and the reads of an operation with some variables, and the error if it exceeds a limit."""

    cost: Cost
    reads: OperationReads
    refusal: GraphQLError | None


class PreparedOperation:
    """An operation of a valid document: its plan, its reads, and its cost.

    Without a plan, graphql-core's executor runs the operation.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        executor_class: type[Executor[Any]],
        document: DocumentNode,
        node: OperationDefinitionNode,
        *,
        planned: bool,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self.type = node.operation
        self.name = node.name.value if node.name else ""
        self.is_live = is_live(node)
        """Whether the query is sent again when its answer changes."""
        self._schema = schema
        self._executor_class = executor_class
        self._document = without_live(document)
        self._node = node
        self._plan = self._new_plan() if planned else None
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        first = self._look_ahead({})
        self._sizes = first.sizes
        self._first = self._limited(first)
        self._costs: dict[Hashable, _Measured] = {}
        self._turns = 0
        self._wants = Wants()

    @cached_property
    def depends_on_viewer_alone(self) -> bool:
        """Whether the answer depends only on the request, the data of a member, and the time."""
        return depends_on_viewer_alone(self._schema, self._document, self._node)

    def refusal(self, variables: Mapping[str, Any], viewer: Viewer | None) -> Sequence[GraphQLError]:
        """Return the errors for which the operation does not run with these variables for this viewer, if any.

        Raise `UnauthenticatedError` for an operation that requires a viewer.
        """
        error = self._measured(variables).refusal or self._access.refusal(variables, viewer)
        return () if error is None else (error,)

    def measured(self, variables: Mapping[str, Any]) -> tuple[Cost, OperationReads]:
        """Return the cost and the reads with these variables, like `cost` and `reads`."""
        found = self._measured(variables)
        return found.cost, found.reads

    def cost(self, variables: Mapping[str, Any]) -> Cost:
        """Return the cost with these variables, measured once for each combination of sizes."""
        return self._measured(variables).cost

    def cost_by_field(self, variables: Mapping[str, Any]) -> Sequence[FieldCost]:
        """Return the objects by field, or nothing for an operation with very many fields. Its cost must be within the limits."""
        if self.cost(variables).fields > MOST_FIELDS:
            return ()
        return cost_by_field(self._schema, self._node, self._fragments, variables)

    def reads(self, variables: Mapping[str, Any]) -> OperationReads:
        """Return the reads with these variables. A cursor or a list of IDs in a variable can add statements."""
        return self._measured(variables).reads

    def _measured(self, variables: Mapping[str, Any]) -> "_Measured":
        if not self._sizes:
            return self._first
        key = tuple(
            _size(variables.get(name, Undefined), counted=counted) for name, counted in self._sizes.items()
        )
        measured = self._costs.get(key)
        if measured is None:
            if len(self._costs) >= COSTS_KEPT:
                self._costs.clear()
            measured = self._costs[key] = self._limited(self._look_ahead(variables))
        return measured

    def _limited(self, found: Lookahead) -> "_Measured":
        return _Measured(found.cost, found.reads, found.cost.refusal(self._limits))

    @property
    def reads_schema_alone(self) -> bool:
        """Whether the operation reads the schema and no data. The cost must be within the limits."""
        return self._access.reads_schema_alone

    @cached_property
    def _access(self) -> Access:
        """The required scopes. An operation that exceeds a limit may be too deep for a walk."""
        return Access(self._schema, self._node, self._fragments)

    @property
    def variables(self) -> Mapping[str, str]:
        """The declared variables, each with its type as text."""
        declared = self._node.variable_definitions or ()
        return {each.variable.name.value: graphql.print_ast(each.type) for each in declared}

    def is_examined(self, guard: GuardMode) -> bool:
        """Return whether the guard examines the next execution. To warn, a sample of executions is enough."""
        self._turns += 1
        if guard == "warn":
            return self._turns <= FIRST_EXAMINED or self._turns % EXAMINED_EVERY == 0
        return guard == "fail"

    @cached_property
    def _has_fragments(self) -> bool:
        """Whether a field of the operation is marked. Other operations note no reads."""
        return has_marked_fields(self._schema, self._node, self._fragments)

    @cached_property
    def lists(self) -> Lists:
        """The lists of the response's data. The cost must be within the limits."""
        return response_lists(self._schema, self._node, self._fragments)

    @property
    def most_fields_kept(self) -> int:
        """The most fields that the variants of the plan can hold."""
        conditions = 0 if self._plan is None else len(self._plan.conditions)
        return min(self._first.cost.fields, self._limits.fields) * min(1 << conditions, LARGEST_VARIANTS)

    async def execute(self, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        """Run the operation. Its cost must be within the limits.

        A query whose figures would disagree runs again, at last with all figures from its snapshot. Replicas may answer
        queries that read rows.
        """
        if (
            context.replicas is None
            or self.type is not OperationType.QUERY
            or self.reads(variables).most == 0
        ):
            return await self._execute(variables, context)
        return await answered(context, partial(self._execute, variables, context), self._wants)

    async def _execute(self, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        result = await self._run(self._started, variables, context)
        for exact in (False, True):
            if not context.figures_disagree:
                break
            context.forget_figures(exact=exact)
            result = await self._run(self._started, variables, context)
        return result

    async def _run(self, start: Start, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        started = start(variables, context)
        result: ExecutionResult = started if isinstance(started, ExecutionResult) else await started
        if result.errors:
            return ExecutionResult(result.data, with_hints(result.errors, self._schema))
        return result

    @cached_property
    def live_reads(self) -> LiveReads:
        """The entities whose changes can change the answer of the query, and the types of whose changes nothing tells."""
        return live_reads_of(self._schema, self._node, self._fragments)

    def source(self, variables: Mapping[str, Any]) -> Source | list[GraphQLError]:
        """Return the source of the events of a subscription, or the errors of its variables."""
        return source_of(self._schema, self._node, self._fragments, variables)

    def events(self, variables: Mapping[str, Any]) -> "RunEvent":
        """Return the function that runs the subscription for one event. Plan and variables are prepared once."""
        prepared = self._prepared_events(variables)

        def start(payload: Any, _: Mapping[str, Any], context: Context) -> Any:
            if prepared is not None:
                return prepared.run(payload, context, around=_around(context.activity))
            return self._run_by_graphql_core(variables, context, payload)

        async def run(payload: Any, context: Context) -> ExecutionResult:
            ran = partial(self._run, partial(start, payload), variables, context)
            return await ran() if context.replicas is None else await answered(context, ran, self._wants)

        return run

    def _prepared_events(self, variables: Mapping[str, Any]) -> Events | None:
        if self._plan is None:
            return None
        try:
            made = events_of(
                self._plan,
                variables,
                executor_class=self._executor_class,
                is_awaitable=optimized_is_awaitable,
            )
        except Unsupported:
            return None
        return made if isinstance(made, Events) else None

    def _started(self, variables: Mapping[str, Any], context: Context) -> Any:
        if self._plan is not None:
            try:
                return execute_plan(
                    self._plan,
                    None,
                    context,
                    variables,
                    executor_class=self._executor_class,
                    is_awaitable=optimized_is_awaitable,
                    around=_around(context.activity),
                    fragments=fragments_of(context) if self._has_fragments else None,
                )
            except Unsupported:
                pass
        return self._run_by_graphql_core(variables, context)

    def _run_by_graphql_core(
        self, variables: Mapping[str, Any], context: Context, root_value: Any = None
    ) -> Any:
        return graphql.execute(
            self._schema,
            self._document,
            root_value,
            context_value=context,
            variable_values=dict(variables),
            operation_name=self.name or None,
            executor_class=self._executor_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        )

    def _new_plan(self) -> Plan | None:
        try:
            of_events = self.type is OperationType.SUBSCRIPTION
            return Plan(self._schema, self._document, self.name or None, of_events=of_events)
        except Unsupported:
            return None

    def _look_ahead(self, variables: Mapping[str, Any]) -> Lookahead:
        return look_ahead(self._schema, self._node, self._fragments, variables, copies=self._plan is not None)


def _around(activity: Activity) -> Around:
    return _at_place if activity.watched_rows is None else partial(_watched, activity)


def _at_place(field: Field, parents: int, awaitable: Awaitable[Any]) -> Awaitable[Any]:
    """Let the awaitable of a resolver work for the place of its field."""
    if type(awaitable) is not CoroutineType:
        return awaitable
    return AtPlace(awaitable, Place(field.path, field.coordinate, parents))


def _watched(activity: Activity, field: Field, parents: int, awaitable: Awaitable[Any]) -> Awaitable[Any]:
    """Let the awaitable of a resolver work for the place of its field, and record its result."""
    if not iscoroutine(awaitable):
        return awaitable
    place, typename = Place(field.path, field.coordinate, parents), get_named_type(field.definition.type).name
    return WatchedAtPlace(awaitable, place, activity, typename, field.selected)


def _size(value: Any, *, counted: bool) -> Hashable:
    """Return the part of a variable's value that the cost depends on. If all values in it count, their number, too."""
    if counted and isinstance(value, (dict, list)):
        return (len(value), values_in(value))
    if isinstance(value, list):
        return (len(value),)
    if value is None or value is Undefined or isinstance(value, (int, float)):
        return value
    return "given"
