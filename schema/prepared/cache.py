"""The prepared operations of the most recent documents."""

from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
)
from graphql.execution import Executor
from strawberry.schema.schema import validate_document

from schema.prepared.document import parse
from schema.prepared.literals import LocatedValuesRule, number_errors, with_hints
from schema.prepared.operation import InvalidDocument, PreparedOperation

ExecutorName = Literal["breadth", "reference"]
Prepared: TypeAlias = PreparedOperation | InvalidDocument

OPERATIONS_KEPT: Final = 1000
LONGEST_TEXT_KEPT: Final = 20_000  # characters; the documents of programs are shorter

_RULES: Final = tuple(
    LocatedValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
)


class UnknownOperationError(Exception):
    """The document has no operation of the requested name."""


class PreparedOperations:
    """The operations of a schema, by document text and operation name. Each is prepared once, invalid ones too."""

    def __init__(
        self, schema: GraphQLSchema, executor_class: type[Executor[Any]], executor: ExecutorName
    ) -> None:
        self._schema = schema
        self._executor_class = executor_class
        self._planned = executor == "breadth"
        self._kept = lru_cache(OPERATIONS_KEPT)(self._prepare)

    def get(self, text: str, name: str | None) -> Prepared:
        """Return the operation. Raise `UnknownOperationError` if the document lacks an operation of the name."""
        return (self._kept if len(text) <= LONGEST_TEXT_KEPT else self._prepare)(text, name)

    def _prepare(self, text: str, name: str | None) -> Prepared:
        try:
            document = parse(text)
            node = _operation(document, name)
        except GraphQLError as error:
            return InvalidDocument([error.with_traceback(None)])
        errors = list(number_errors(document)) or validate_document(self._schema, document, _RULES)
        if errors:
            return InvalidDocument(with_hints(errors, self._schema), node.operation)
        return PreparedOperation(self._schema, self._executor_class, document, node, planned=self._planned)


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
