"""The variables of an operation, prepared before a request brings their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
    is_non_null_type,
    is_required_argument,
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
    """A variable with a valid signature. `coerce` returns `Undefined` for an invalid value.

    `may_be_absent` is false for a variable that is required or has a default.
    """

    signature: GraphQLVariableSignature
    coerce: Coerce
    may_be_absent: bool


class Variables:
    """Coerces the values of variables. graphql-core coerces them again if one is invalid or needs its default."""

    def __init__(self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._known = [_variable(schema, each) for each in definitions]

    @property
    def names(self) -> set[str]:
        return {each.variable.name.value for each in self._definitions}

    def coercion_of(self, name: str) -> Coerce | None:
        """Return the function that coerces a variable; None if graphql-core must coerce it."""
        known = (each for each in self._known if each is not None and each.signature.name == name)
        return next((each.coerce for each in known), None)

    def coerced(
        self, values: Mapping[str, Any], max_errors: int | None, *, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        """Return the coerced values, or graphql-core's errors."""
        coerced = self._coerced(values)
        if coerced is not None:
            return coerced
        return get_variable_values(
            self._schema,
            self._definitions,
            dict(values),
            max_errors=max_errors,
            hide_suggestions=hide_suggestions,
        )

    def _coerced(self, values: Mapping[str, Any]) -> VariableValues | None:
        """Return the coerced values; None if graphql-core must coerce them."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self._known:
            if variable is None:
                return None
            name = variable.signature.name
            value = values.get(name, Undefined)
            if value is Undefined and not variable.may_be_absent:
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
    except Exception:  # noqa: BLE001 - graphql-core reports the error
        return Undefined


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> Variable | None:
    """Return a prepared variable; None if graphql-core must coerce its values or report its error."""
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        return None
    may_be_absent = definition.default_value is None and not is_non_null_type(signature.type)
    try:
        return Variable(signature, coercion(signature.type), may_be_absent)
    except RecursiveTypeError:
        return None


class ArgumentVariable(NamedTuple):
    """A variable that is a whole argument of a field. `name` is the argument's name for the resolver."""

    name: str
    variable: str


def argument_variables(field: GraphQLField, node: FieldNode) -> tuple[ArgumentVariable, ...] | None:
    """Return the variables that are a field's arguments; None if it has other arguments, or defaults."""
    given = {each.name.value: each.value for each in node.arguments or ()}
    found: list[ArgumentVariable] = []
    for name, argument in field.args.items():
        value = given.get(name)
        if isinstance(value, VariableNode):
            found.append(ArgumentVariable(argument.out_name or name, value.name.value))
        elif value is not None or is_required_argument(argument) or _has_default(argument):
            return None
    return tuple(found)


def _has_default(argument: GraphQLArgument) -> bool:
    return argument.default_value is not Undefined or getattr(argument, "default", None) is not None
