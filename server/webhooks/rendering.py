"""Render payloads by the executor of the API, in the name of a webhook's owner with the scopes of the webhook."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any, Final

from graphql import OperationType

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from resolvers.framework.context import Context
from resolvers.framework.global_id import encode
from schema.change import changed_fields
from schema.graph import Graph
from schema.prepared.cache import UnknownOperationError
from schema.prepared.operation import InvalidDocument, PreparedOperation
from server.http.errors import presented
from server.webhooks.default_payload import default_document
from services.accounts.viewer import Viewer
from services.figures.cache import Cached
from services.webhooks.rendering import Rendered, Subject

VARIABLE: Final = "id"
"""The only variable of a stored document: the global ID of the row."""
PAGE: Final = 20
"""The most rows that one operation renders."""

NewContext = Callable[..., Context]
_SAMPLE: Final = {VARIABLE: encode("Lead", 1)}
_WRONG_VARIABLES: Final = (
    "Must declare no other variable than `$id: ID!`, the global ID of the object of the event."
)


class ExecutedRendering:
    """Renders payloads with the prepared operations of a graph, which `graph` returns."""

    def __init__(self, graph: Callable[[], Graph], pool: Pool, new_context: NewContext | None = None) -> None:
        self._graph_of = graph
        self._new_context = new_context or _context_of(pool)

    @cached_property
    def _graph(self) -> Graph:
        return self._graph_of()

    async def problem_of(self, document: str, viewer: Viewer) -> str | None:
        """Return the reason why the document cannot be the payload of a webhook of the viewer, or None."""
        try:
            operation = await self._graph.prepared.prepared(document, None)
        except UnknownOperationError as unknown:
            return f"Must have exactly one operation. {unknown}"
        if isinstance(operation, InvalidDocument):
            if "`operationName`" in operation.errors[0].message:
                return "Must have exactly one operation."
            return "; ".join(error.message for error in operation.errors[:3])
        if operation.type is not OperationType.QUERY:
            return "Must be a query."
        if operation.variables != {VARIABLE: "ID!"}:
            return _WRONG_VARIABLES
        refusal = operation.refusal(_SAMPLE, viewer)
        return refusal[0].message if refusal else None

    def global_id(self, subject: Subject) -> str:
        """Return the global ID of the row."""
        return encode(subject.entity, subject.row_id)

    def changed_fields(self, entity: str, columns: Iterable[str]) -> list[str]:
        """Return the names of the fields that changed with the columns, as the change feed names them."""
        return changed_fields(entity, columns)

    async def objects(self, viewer: Viewer, subjects: Sequence[Subject]) -> Sequence[Rendered]:
        """Return the main fields of each row."""
        found: dict[Subject, Rendered] = {}
        for entity in dict.fromkeys(each.entity for each in subjects):
            own = list(dict.fromkeys(each for each in subjects if each.entity == entity))
            for start in range(0, len(own), PAGE):
                page = own[start : start + PAGE]
                variables = {"ids": [self.global_id(each) for each in page]}
                document = default_document(self._graph.schema, entity, viewer.scopes)
                data, errors = await self._run(viewer, document, variables)
                nodes = (data or {}).get("nodes") or [None] * len(page)
                found |= {each: Rendered(node, errors) for each, node in zip(page, nodes, strict=True)}
        return [found[each] for each in subjects]

    async def result(self, viewer: Viewer, document: str, subject: Subject) -> Rendered:
        """Return the result of a stored document for the row."""
        data, errors = await self._run(viewer, document, {VARIABLE: self.global_id(subject)})
        return Rendered(data, errors)

    async def _run(
        self, viewer: Viewer, document: str, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, list[str]]:
        """Return the data and the errors of an operation. Raise the driver's error if the database is lost."""
        try:
            operation = await self._graph.prepared.prepared(document, None)
        except UnknownOperationError as unknown:
            return None, [str(unknown)]
        refusal = operation.refusal(variables, viewer)
        if refusal or not isinstance(operation, PreparedOperation):
            return None, [error.message for error in refusal]
        context = self._new_context(viewer, "webhook", reads=operation.reads(variables))
        try:
            result = await operation.execute(variables, context)
        finally:
            await context.close()
        errors = result.errors or ()
        for error in errors:
            if error.original_error is not None and is_unavailable(error.original_error):
                raise error.original_error
        shown = presented(errors, "of a webhook", before_execution=False)
        return result.data, [error["message"] for error in shown]


def _context_of(pool: Pool) -> NewContext:
    """Return a function that makes contexts over the pool, with one cache of figures."""
    return partial(Context, pool, cached=Cached(pool))
