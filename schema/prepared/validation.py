"""Validation that leaves nothing of the document behind.

The visitors of graphql-core's rules refer to themselves, and so to the document, until a garbage collection.
"""

from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
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


class _NoIntrospectionRule(ASTValidationRule):
    """Refuses the fields that read the schema."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        if node.name.value in {"__schema", "__type"}:
            self.report_error(
                GraphQLError(
                    "Introspection is not allowed here. Send an API key, or ask the operator of the server for the schema.",
                    node,
                )
            )


def validation_errors(
    schema: GraphQLSchema, document: DocumentNode, *, introspection: bool = True
) -> list[GraphQLError]:
    """Return the errors of the document by all rules. Afterwards, only the errors refer to the document."""
    visitors: list[Any] = []

    def recorded(rule: Any) -> Any:
        def visitor(context: Any) -> Any:
            visitors.append(rule(context))
            return visitors[-1]

        return visitor

    rules: Any = tuple(
        recorded(rule) for rule in (_RULES if introspection else (*_RULES, _NoIntrospectionRule))
    )
    try:
        return validate_document(schema, document, rules)
    finally:
        if visitors:
            vars(visitors[0].context).clear()
        for visitor in visitors:
            vars(visitor).clear()
