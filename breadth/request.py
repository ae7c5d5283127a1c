"""One request: a plan with variables, root value and context value, and the arguments of its fields."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import GraphQLResolveInfo, get_argument_values
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from breadth import strawberry_field
from breadth.awaitability import ClassFacts
from breadth.fragments import Fragments
from breadth.plan import Field, Plan

Arguments = dict[str, Any]

CONSTANT = (str, int, float, bool, Enum)


Around = Callable[[Field, int, Awaitable[Any]], Awaitable[Any]]
"""A function that wraps each awaitable of a resolver. It takes the field and the number of the field's parents."""


@dataclass(slots=True, eq=False)
class Request:
    """The values that one execution of a plan depends on."""

    plan: Plan
    variables: VariableValues
    root_value: Any
    context_value: Any
    class_facts: ClassFacts
    is_async_iterable: Callable[[Any], bool]
    type_resolver: Callable[..., Any]
    executor_class: type[Executor[Any]]
    hide_suggestions: bool
    custom: Mapping[str, Any]
    around: "Around | None" = None
    fragments: Fragments | None = None
    _executor: Executor[Any] | None = None
    _arguments: dict[Field, Arguments | Exception] = field(default_factory=dict)

    @property
    def executor(self) -> Executor[Any]:
        """A graphql-core executor of the same request, for the steps that breadth leaves to it."""
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
            is_awaitable=self.class_facts.is_awaitable,  # type: ignore[arg-type]
            is_async_iterable=self.is_async_iterable,  # type: ignore[arg-type]
            hide_suggestions=self.hide_suggestions,
            **self.custom,
        )
        return self._executor

    def info(self, selected: Field, path: Path) -> GraphQLResolveInfo[Any]:
        return self.executor.build_resolve_info(
            selected.definition, list(selected.nodes), selected.parent, path
        )

    def arguments(self, selected: Field) -> Arguments:
        """Return the field's arguments, coerced once. Raise the same error on each call if they are invalid."""
        found: Arguments | Exception | None = selected.kept_arguments or self._arguments.get(selected)
        if found is None:
            try:
                found = self.new_arguments(selected)
                if selected.has_pure_arguments and are_constant(found):
                    selected.kept_arguments = found
            except Exception as invalid:  # noqa: BLE001 - it is raised below
                found = invalid
            self._arguments[selected] = found
        if isinstance(found, Exception):
            raise found
        return found

    def new_arguments(self, selected: Field) -> Arguments:
        """Return new coerced arguments, for a resolver that could modify those that it gets."""
        if not selected.has_arguments:
            return {}
        found = self._of_variables(selected)
        if found is not None:
            return found
        return get_argument_values(
            selected.definition, selected.nodes[0], self.variables, None, self.hide_suggestions
        )

    def _of_variables(self, selected: Field) -> Arguments | None:
        """Return arguments that are variables, which are coerced already. Return None if graphql-core must look at one:
        at an argument that is no variable, or at a variable that is absent or null.
        """
        if selected.argument_variables is None:
            return None
        coerced, found = self.variables.coerced, Arguments()
        for name, variable in selected.argument_variables:
            value = coerced.get(variable)
            if value is None:
                return None
            found[name] = value
        return found

    def converted(self, selected: Field, info: Callable[[], GraphQLResolveInfo[Any]]) -> Arguments:
        """Return the field's arguments for its set resolver, converted as its schema's library converts them."""
        arguments = self.arguments(selected)
        converted: Arguments = {}
        for name, value in arguments.items():
            conversion = selected.conversion(name)
            if conversion is None:
                return strawberry_field.converted(selected.definition, arguments, info)
            python_name, convert = conversion
            converted[python_name] = convert(value)
        return converted


def are_constant(arguments: Arguments) -> bool:
    return all(value is None or isinstance(value, CONSTANT) for value in arguments.values())
