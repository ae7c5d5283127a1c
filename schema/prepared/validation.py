"""Validation that leaves nothing of the document behind.

The visitors of graphql-core's rules refer to themselves, and so to the document, until a garbage collection.
"""

from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ValuesOfCorrectTypeRule,
    specified_rules,
)
from strawberry.schema.schema import validate_document

from schema.prepared.literals import LocatedValuesRule

_RULES: Final = tuple(
    LocatedValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
)


def validation_errors(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return the errors of the document by all rules. Afterwards, only the errors refer to the document."""
    visitors: list[Any] = []

    def recorded(rule: Any) -> Any:
        def visitor(context: Any) -> Any:
            visitors.append(rule(context))
            return visitors[-1]

        return visitor

    rules: Any = tuple(recorded(rule) for rule in _RULES)
    try:
        return validate_document(schema, document, rules)
    finally:
        if visitors:
            vars(visitors[0].context).clear()
        for visitor in visitors:
            vars(visitor).clear()
