"""One request: a variant of a plan with variables, root value and context, and what resolvers may ask of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import GraphQLResolveInfo, get_argument_values
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from breadth import strawberry_field
from breadth.kinds import Kinds
from breadth.plan import Field, Plan

Arguments = dict[str, Any]

CONSTANT = (str, int, float, bool, Enum)


@dataclass(slots=True, eq=False)
class Request:
    plan: Plan
    variables: VariableValues
    root_value: Any
    context_value: Any
    kinds: Kinds
    is_async_iterable: Callable[[Any], bool]
    type_resolver: Callable[..., Any]
    executor_class: type[Executor[Any]]
    hide_suggestions: bool
    custom: Mapping[str, Any]
    _executor: Executor[Any] | None = None
    _arguments: dict[Field, Arguments | Exception] = field(default_factory=dict)

    @property
    def executor(self) -> Executor[Any]:
        """A graphql-core executor of the same request, for the parts that are taken from it."""
        return self._executor or self.make_executor()

    def make_executor(self) -> Executor[Any]:
        plan = self.plan
        self._executor = self.executor_class(
            plan.schema,
            dict(plan.fragment_definitions),
            plan.fragments,
            self.root_value,
            self.context_value,
            plan.operation,
            self.variables,
            plan.field_resolver,
            self.type_resolver,
            plan.field_resolver,
            is_awaitable=self.kinds.is_awaitable,  # type: ignore[arg-type]
            is_async_iterable=self.is_async_iterable,  # type: ignore[arg-type]
            hide_suggestions=self.hide_suggestions,
            **self.custom,
        )
        return self._executor

    def info(self, asked: Field, path: Path) -> GraphQLResolveInfo[Any]:
        return self.executor.build_resolve_info(asked.definition, list(asked.nodes), asked.parent, path)

    def arguments(self, asked: Field) -> Arguments:
        """The field's arguments, worked out once. Raises what is wrong with them."""
        found = self._arguments.get(asked)
        if found is None:
            try:
                found = self.new_arguments(asked)
            except Exception as wrong:  # noqa: BLE001 - whoever asks is told, every time
                found = wrong
            self._arguments[asked] = found
        if isinstance(found, Exception):
            raise found
        return found

    def new_arguments(self, asked: Field) -> Arguments:
        """The field's arguments, worked out anew: for a resolver that could change those that it is given."""
        if not asked.definition.args:
            return {}
        return get_argument_values(
            asked.definition, asked.nodes[0], self.variables, None, self.hide_suggestions
        )

    def converted(self, asked: Field, info: Callable[[], GraphQLResolveInfo[Any]]) -> Arguments:
        """The field's arguments for its set resolver, converted as its schema's library does."""
        arguments = self.arguments(asked)
        names = asked.plain_arguments
        if arguments.keys() <= names.keys():
            return {names[name]: value for name, value in arguments.items()}
        conversions = asked.conversions
        if arguments.keys() <= conversions.keys():
            known = ((*conversions[name], value) for name, value in arguments.items())
            return {name: convert(value) for name, convert, value in known}
        return strawberry_field.converted(asked.definition, arguments, info())


def are_constant(arguments: Arguments) -> bool:
    """Whether the arguments are of classes whose values cannot be changed."""
    return all(value is None or isinstance(value, CONSTANT) for value in arguments.values())
