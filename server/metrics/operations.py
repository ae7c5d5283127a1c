"""GraphQL operations by name: duration, statements, database time and cost."""

from prometheus_client import CollectorRegistry, Counter

from schema.prepared.statement_bound import UNKNOWN
from server.metrics.distribution import SECONDS, Distribution, Distributions
from server.metrics.names import Names
from server.runtime.observation import Observation

NO_NAME, NOT_RUN = "(anonymous)", "(none)"
DATABASE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
STATEMENTS = (0, 1, 2, 3, 5, 8, 13, 21, 50, 100)
OBJECTS = (1, 10, 100, 1_000, 10_000, 50_000, 100_000, 200_000)


class _Operation:
    """The distributions of one operation name."""

    __slots__ = ("database", "label", "objects", "seconds", "statements")

    def __init__(
        self, label: str, database: Distribution, objects: Distribution, statements: Distribution
    ) -> None:
        self.label = label
        self.seconds: dict[str, Distribution] = {}
        self.database = database
        self.objects = objects
        self.statements = statements


class OperationMetrics:
    """The metrics of operations. Callers choose the names, so only the first hundred have their own series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = Names()
        self._known: dict[str, _Operation] = {}
        self._seconds = Distributions(
            "leadgraph_operation_seconds",
            "Duration of GraphQL operations by name, from the request to the encoded response. Outcomes: answered; "
            "errors (in some fields); refused (not executed); failed (server error); unavailable (no database).",
            bounds=SECONDS,
            labels=("operation", "outcome"),
        )
        self._statements = Distributions(
            "leadgraph_operation_statements",
            "SQL statements of GraphQL operations that ran.",
            bounds=STATEMENTS,
            labels=("operation",),
        )
        self._database = Distributions(
            "leadgraph_operation_database_seconds",
            "Time of all statements of GraphQL operations that ran.",
            bounds=DATABASE_SECONDS,
            labels=("operation",),
        )
        self._objects = Distributions(
            "leadgraph_operation_objects",
            "Cost of GraphQL operations that ran: the most objects that the response could hold.",
            bounds=OBJECTS,
            labels=("operation",),
        )
        self._bound_exceeded = Counter(
            "leadgraph_statement_bound_exceeded",
            "Operations that sent more SQL statements than their bound, by the field that repeated a statement. Any "
            "value but 0 is a bug.",
            ["field"],
            registry=registry,
        )
        self._bound_exceeded.labels(UNKNOWN)  # a series from the start, so that rules have a value
        for each in (self._seconds, self._statements, self._database, self._objects):
            registry.register(each)

    def observe(self, request: Observation, database_seconds: float) -> None:
        if request.operation is None:
            self._seconds.of(NOT_RUN, request.outcome).observe(request.seconds)
            return
        if request.excess is not None:
            self._bound_exceeded.labels(request.excess.coordinate).inc()
        name = request.operation or NO_NAME
        known = self._known.get(name) or self._operation(name)
        seconds = known.seconds.get(request.outcome) or self._outcome(known, request.outcome)
        seconds.observe(request.seconds)
        known.statements.observe(len(request.activity.runs))
        known.database.observe(database_seconds)
        if request.cost is not None:
            known.objects.observe(request.cost.objects)

    def _operation(self, name: str) -> _Operation:
        label = self._names.kept(name)
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = _Operation(
                label, self._database.of(label), self._objects.of(label), self._statements.of(label)
            )
        return found

    def _outcome(self, known: _Operation, outcome: str) -> Distribution:
        found = known.seconds[outcome] = self._seconds.of(known.label, outcome)
        return found
