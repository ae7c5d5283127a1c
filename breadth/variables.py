"""The variables of an operation: what can be known of them before a request brings their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_variable_values,
)

from breadth.coercion import Coerce, RecursiveTypeError, coercion


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable whose signature is right. `coerce` returns `Undefined` for a value that is not."""

    signature: GraphQLVariableSignature
    coerce: Coerce
    required: bool
    has_default: bool


class Variables:
    """Coerces values as graphql-core does. Values that are right raise no question and are answered for here;
    defaults, and every error, are graphql-core's.
    """

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._known = [_variable(schema, each) for each in definitions]

    def coerced(
        self, given: Mapping[str, Any], max_errors: int | None, *, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        right = self._coerced(given)
        if right is not None:
            return right
        return get_variable_values(
            self._schema,
            self._definitions,
            dict(given),
            max_errors=max_errors,
            hide_suggestions=hide_suggestions,
        )

    def _coerced(self, given: Mapping[str, Any]) -> VariableValues | None:
        """None where graphql-core has to look at the values."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self._known:
            if variable is None:
                return None
            name = variable.signature.name
            value = given.get(name, Undefined)
            if value is Undefined and (variable.required or variable.has_default):
                return None
            sources[name] = VariableValueSource(variable.signature, value)
            if value is not Undefined:
                coerced[name] = _coerced_value(variable, value)
                if coerced[name] is Undefined:
                    return None
        return VariableValues(sources, coerced)


def _coerced_value(variable: Variable, value: Any) -> Any:
    try:
        return variable.coerce(value)
    except Exception:  # noqa: BLE001 - graphql-core says what is wrong
        return Undefined


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> Variable | None:
    """None for a variable whose values graphql-core has to look at, or of which it will say what is wrong."""
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        return None
    has_default = definition.default_value is not None
    required = is_non_null_type(signature.type) and not has_default
    try:
        return Variable(signature, coercion(signature.type), required, has_default)
    except RecursiveTypeError:
        return None
