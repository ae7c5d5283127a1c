"""The prepared operations of the most recent documents."""

import asyncio
from collections import OrderedDict
from typing import Any, Final, Literal, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution import Executor

from schema.prepared.document import parse
from schema.prepared.document_size import too_large
from schema.prepared.limits import DEFAULT_LIMITS, Limits
from schema.prepared.literals import with_hints
from schema.prepared.operation import InvalidDocument, PreparedOperation
from schema.prepared.validation import validation_errors

ExecutorName = Literal["breadth", "reference"]
Prepared: TypeAlias = PreparedOperation | InvalidDocument

BYTES_KEPT: Final = 64_000_000
BYTES_OF_ENTRY: Final = 4_000
"""The memory of a kept operation without its text, tokens and fields."""
BYTES_PER_TOKEN: Final = 500
BYTES_PER_FIELD: Final = 2_000
LONGEST_TEXT_AT_ONCE: Final = 4_000  # characters
MOST_THREADS: Final = 2


class UnknownOperationError(Exception):
    """The document has no operation of the requested name."""


class PreparedOperations:
    """The operations of a schema, by document text and operation name. Each is prepared once, invalid ones too.

    The most recently used operations are kept while their estimated memory is at most `bytes_kept`. No
    operation may exceed the `limits`. Without `introspection`, documents must not read the schema.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        executor_class: type[Executor[Any]],
        executor: ExecutorName,
        *,
        bytes_kept: int = BYTES_KEPT,
        limits: Limits = DEFAULT_LIMITS,
        introspection: bool = True,
    ) -> None:
        self._introspection = introspection
        self._schema = schema
        self._executor_class = executor_class
        self._executor: ExecutorName = executor
        self.limits = limits
        self._bytes_kept = bytes_kept
        self._kept: OrderedDict[tuple[str, str | None], tuple[Prepared, int]] = OrderedDict()
        self._threads = asyncio.Semaphore(MOST_THREADS)
        self.bytes_held = 0
        """The estimated memory of the kept operations."""
        self.hits = self.misses = 0
        """The numbers of operations that were found, and of those that were prepared."""

    def limited(
        self, *, limits: Limits, bytes_kept: int = BYTES_KEPT, introspection: bool = True
    ) -> "PreparedOperations":
        """Return an empty cache for the same schema with other limits."""
        return PreparedOperations(
            self._schema,
            self._executor_class,
            self._executor,
            bytes_kept=bytes_kept,
            limits=limits,
            introspection=introspection,
        )

    async def prepared(self, text: str, name: str | None) -> Prepared:
        """Return the operation like `get`. A thread prepares a long document, so that other requests are answered."""
        found = self._find(text, name)
        if found is not None or len(text) <= LONGEST_TEXT_AT_ONCE:
            return found or self.get(text, name)
        async with self._threads:
            made, size = await asyncio.to_thread(self._prepare, text, name)
        return self._keep(text, name, made, size)

    def get(self, text: str, name: str | None) -> Prepared:
        """Return the operation. Raise `UnknownOperationError` if the document lacks an operation of the name."""
        return self._find(text, name) or self._keep(text, name, *self._prepare(text, name))

    def __len__(self) -> int:
        """Return the number of kept operations."""
        return len(self._kept)

    def _find(self, text: str, name: str | None) -> Prepared | None:
        found = self._kept.get((text, name))
        if found is None:
            return None
        self._kept.move_to_end((text, name))
        self.hits += 1
        return found[0]

    def _keep(self, text: str, name: str | None, made: Prepared, size: int) -> Prepared:
        """Keep the operation, and drop the least recently used ones. A very large one is not kept."""
        self.misses += 1
        if size > self._bytes_kept // 8 or (text, name) in self._kept:
            return made
        self._kept[text, name] = made, size
        self.bytes_held += size
        while self.bytes_held > self._bytes_kept:
            _, (_, freed) = self._kept.popitem(last=False)
            self.bytes_held -= freed
        return made

    def _prepare(self, text: str, name: str | None) -> tuple[Prepared, int]:
        """Return the operation and its estimated memory in bytes. Several threads may call this at a time."""
        base = BYTES_OF_ENTRY + 4 * len(text)
        try:
            document, errors = parse(text, self.limits.tokens)
            node = _operation(document, name)
        except GraphQLError as error:
            return InvalidDocument([_without_nodes(error)]), base
        refusal = too_large(document, self.limits)
        errors = errors or ([] if refusal is None else [refusal])
        errors = errors or validation_errors(self._schema, document, introspection=self._introspection)
        if errors:
            own = [_without_nodes(error) for error in with_hints(errors, self._schema)]
            return InvalidDocument(own, node.operation), base + sum(500 + len(error.message) for error in own)
        planned = self._executor == "breadth"
        made = PreparedOperation(
            self._schema, self._executor_class, document, node, planned=planned, limits=self.limits
        )
        return made, base + BYTES_PER_TOKEN * document.token_count + BYTES_PER_FIELD * made.most_fields_kept


def _without_nodes(error: GraphQLError) -> GraphQLError:
    """Drop the nodes of the document and the traceback, which would stay in memory as long as the error."""
    error.nodes = None
    return error.with_traceback(None)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        operations = [each for each in operations if each.name and each.name.value == name]
    elif len(operations) > 1:
        raise GraphQLError("The document has several operations. Choose one with `operationName`.")
    if not operations:
        missing = "has no operation" if name is None else f"lacks the operation {name[:100]!r}"
        raise UnknownOperationError(f"The document {missing}.")
    return operations[0]
