"""The variables of an operation: what can be known of them before a request brings their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_non_null_type,
    is_scalar_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_variable_values,
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A variable of a scalar type without a default value."""

    signature: GraphQLVariableSignature
    type: GraphQLScalarType
    required: bool


class Variables:
    """Coerces values as graphql-core does. Where all variables are scalars that raises no question is answered
    here; everything else, and every error, is graphql-core's.
    """

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._scalars = [_scalar(schema, each) for each in definitions]

    def coerced(
        self, given: Mapping[str, Any], max_errors: int | None, *, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        simple = self._coerced_scalars(given)
        if simple is not None:
            return simple
        return get_variable_values(
            self._schema,
            self._definitions,
            dict(given),
            max_errors=max_errors,
            hide_suggestions=hide_suggestions,
        )

    def _coerced_scalars(self, given: Mapping[str, Any]) -> VariableValues | None:
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for scalar in self._scalars:
            if scalar is None:
                return None
            name = scalar.signature.name
            value = given.get(name, Undefined)
            if value is Undefined or value is None:
                if scalar.required:
                    return None
                sources[name] = VariableValueSource(scalar.signature, value)
                if value is None:
                    coerced[name] = None
                continue
            try:
                coerced[name] = scalar.type.coerce_input_value(value)
            except Exception:  # noqa: BLE001 - graphql-core says what is wrong
                return None
            if coerced[name] is Undefined:
                return None
            sources[name] = VariableValueSource(scalar.signature, value)
        return VariableValues(sources, coerced)


def _scalar(schema: GraphQLSchema, definition: VariableDefinitionNode) -> Scalar | None:
    """None for a variable that is not as simple."""
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError) or definition.default_value is not None:
        return None
    required = is_non_null_type(signature.type)
    inner: Any = signature.type.of_type if required else signature.type  # type: ignore[union-attr]
    return Scalar(signature, inner, required) if is_scalar_type(inner) else None
