"""The observation of a finished request, for metrics, logs and traces.

An endpoint fills the observation of its request, and gives it to each observer when the response is ready, or when
the stream has ended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Literal, TypeAlias

from graphql import OperationType

from db.engine.activity import Activity, recording
from resolvers.framework.errors import INTERNAL, TIMEOUT, UNAVAILABLE
from schema.prepared.cost import Cost
from schema.prepared.cost_by_field import FieldCost
from schema.prepared.statement_bound import Excess
from server.runtime.trace_context import TraceContext

Route: TypeAlias = Literal["graphql", "ingest", "download"]
Outcome: TypeAlias = Literal["answered", "errors", "refused", "failed", "unavailable"]
"""Answered; errors in some fields; refused before execution; failed by the server; without a database."""

MOST_RUNS: Final = 500
"""The most runs of statements that a stream or download lists."""

_OURS: Final[Mapping[str, Outcome]] = {INTERNAL: "failed", TIMEOUT: "failed", UNAVAILABLE: "unavailable"}
"""Outcomes caused by the server or the database, by error code, the worst first."""


@dataclass(slots=True, eq=False)
class Observation:
    """One request. `document` and names are the caller's words; no observer may show them to other users."""

    route: Route
    method: str = "POST"
    request_id: str = ""
    parent: TraceContext | None = None
    """The trace of the caller."""
    trace_id: str | None = None
    """The trace of the request. Tracing makes one for a request without a parent."""
    span_id: str | None = None
    """The span of the request, if it is traced."""
    user_id: int | None = None
    operation: str | None = None
    """The name of the executed operation, empty if anonymous, and None if nothing was executed."""
    operation_type: OperationType | None = None
    document: str | None = None
    cost: Cost | None = None
    cost_by_field: Sequence[FieldCost] = ()
    """The objects by field, if the request asks for its cost."""
    activity: Activity = field(default_factory=Activity)
    excess: Excess | None = None
    """The statements beyond the bound, which are an error of the server."""
    explanations: frozenset[str] = frozenset()
    """The explanations that the request asks for (`server.runtime.explanation`)."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of the answer that the work on the request has made."""
    outcome: Outcome = "answered"
    code: str | None = None
    """The error code that decided the outcome."""
    status: int = 200
    began: float = field(default_factory=perf_counter)
    """The `perf_counter` value at the request."""
    seconds: float = 0.0

    def begin(self, method: str, request_id: str, parent: TraceContext | None) -> None:
        """Take the identity of the request. Lines that its task logs contain it."""
        self.method, self.request_id, self.parent = method, request_id, parent
        self.trace_id = None if parent is None else parent.trace_id
        observed.set(self)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Record the activity of a part of a stream or download, such as a batch."""
        with recording() as activity:
            try:
                yield
            finally:
                self.activity.add(activity, most_runs=MOST_RUNS)

    def note_code(self, code: str) -> None:
        """Take the outcome of a request that ended with one error."""
        self.code, self.outcome = code, _OURS.get(code, "refused")

    def note_content(self, content: Mapping[str, Any]) -> None:
        """Take the outcome of a GraphQL response."""
        errors = content.get("errors")
        if not errors:
            return
        codes = [error["extensions"]["code"] for error in errors]
        self.code = next((code for code in _OURS if code in codes), codes[0])
        self.outcome = _OURS.get(self.code, "errors" if "data" in content else "refused")

    def fail(self, code: str, observers: "Iterable[Observer]") -> None:
        """Finish a request that ended with an exception."""
        self.note_code(code)
        self.finish(500, observers)

    def finish(self, status: int, observers: "Iterable[Observer]") -> None:
        """Take the status and the duration, and tell the observers."""
        self.end(status)
        self.tell(observers)

    def end(self, status: int) -> None:
        """Take the status and the duration."""
        self.status, self.seconds = status, perf_counter() - self.began

    def tell(self, observers: "Iterable[Observer]") -> None:
        """Tell the observers of a request that has ended."""
        for observe in observers:
            observe(self)


Observer: TypeAlias = Callable[[Observation], None]

observed: ContextVar[Observation | None] = ContextVar("observed", default=None)
"""The request of the current task."""
