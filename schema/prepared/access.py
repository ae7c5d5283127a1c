"""The scopes that an operation requires, known from the document and the variables before the operation runs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_object_type,
)

from breadth.strawberry_field import definition_of
from resolvers.entities import ENTITIES, OF_TYPENAME
from resolvers.framework.errors import ForbiddenError, UnauthenticatedError
from resolvers.framework.mutation import NEEDS_NO_VIEWER, SCOPE
from resolvers.framework.names import public
from resolvers.framework.permission import permission_to_read
from resolvers.framework.requires import requirements_of
from schema.fields import SET_RESOLVER
from services.accounts.viewer import Viewer

MOST_SHOWN: Final = 10
"""The most fields that an error lists for one scope."""

Required = dict[str, dict[str, None]]
"""The coordinates that require a scope, by scope, in the order of the document."""


class MissingScopesError(ForbiddenError):
    """The operation selects fields that the credential may not read."""

    def __init__(self, missing: Mapping[str, Iterable[str]]) -> None:
        self._required_by = {scope: list(fields)[:MOST_SHOWN] for scope, fields in sorted(missing.items())}
        needed = [f"`{scope}` (required by {_listed(by)})" for scope, by in self._required_by.items()]
        scopes = "the scope" if len(needed) == 1 else "the scopes"
        super().__init__(f"This API key lacks {scopes} {_joined(needed)}.", list(self._required_by))

    @property
    def extensions(self) -> dict[str, object]:
        return super().extensions | {"requiredBy": self._required_by}


class Access:
    """The scopes that an operation requires.

    Conditions and filters can depend on variables. A viewer with all scopes that any variables could require needs no
    further check.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        self._schema, self._operation, self._fragments = schema, operation, fragments
        walk = self._walked(None, None)
        self._most = frozenset(walk.required)
        self._is_open = not walk.reads_data
        self.reads_schema_alone = operation.operation is OperationType.QUERY and not walk.has_own_fields
        """Whether the operation is a query for introspection and nothing else, whatever its variables are."""

    def refusal(self, variables: Mapping[str, Any], viewer: Viewer | None) -> GraphQLError | None:
        """Return the error for a viewer without a required scope. Raise `UnauthenticatedError` without a viewer.

        Introspection requires no viewer.
        """
        if viewer is None:
            if self._is_open or not self._walked(variables, frozenset()).reads_data:
                return None
            raise UnauthenticatedError
        if self._most.issubset(viewer.scopes):
            return None
        scopes = frozenset(viewer.scopes)
        required = self._walked(variables, scopes).required
        missing = {scope: fields for scope, fields in required.items() if scope not in scopes}
        if not missing:
            return None
        error = MissingScopesError(missing)
        return GraphQLError(str(error), original_error=error)

    def _walked(self, variables: Mapping[str, Any] | None, scopes: frozenset[str] | None) -> "_Walk":
        walk = _Walk(self._schema, self._fragments, self._operation, variables, scopes)
        root = self._schema.get_root_type(self._operation.operation)
        walk.selection_set(self._operation.selection_set, root)
        return walk


class _Walk:
    """One walk over an operation. Without `variables` and `scopes`, all that could be required is required."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        scopes: frozenset[str] | None,
    ) -> None:
        self.required: Required = {}
        self.reads_data = self.has_own_fields = False
        self._schema, self._fragments, self._scopes = schema, fragments, scopes
        self._variables = variables
        self._defaults = {
            each.variable.name.value: each.default_value for each in operation.variable_definitions or ()
        }
        self._visited: set[tuple[str, str]] = set()

    def selection_set(self, selected: SelectionSetNode, type_: Any) -> None:
        for node in selected.selections:
            if self._is_included(node):
                self._selection(node, type_)

    def _selection(self, node: SelectionNode, type_: Any) -> None:
        match node:
            case FieldNode():
                self._field(node, type_)
            case FragmentSpreadNode():
                fragment = self._fragments[node.name.value]
                inner = self._narrowed(type_, fragment.type_condition.name.value)
                if inner is not None and (node.name.value, inner.name) not in self._visited:
                    self._visited.add((node.name.value, inner.name))
                    self.selection_set(fragment.selection_set, inner)
            case InlineFragmentNode():
                condition = node.type_condition
                inner = self._narrowed(type_, condition.name.value) if condition else type_
                if inner is not None:
                    self.selection_set(node.selection_set, inner)

    def _narrowed(self, type_: Any, name: str) -> Any:
        """Return the type of the objects below a type condition; None if no object that may be read has it."""
        condition = self._schema.get_type(name)
        if is_object_type(type_):
            return type_ if condition is type_ or not is_object_type(condition) else None
        entity = OF_TYPENAME.get(name)
        if self._scopes is None or entity is None or entity.permission is None:
            return condition
        return condition if entity.permission in self._scopes else None

    def _field(self, node: FieldNode, parent: Any) -> None:
        name = node.name.value
        known: GraphQLField | None = None if name.startswith("__") else parent.fields.get(name)
        if known is None or parent.name.startswith("__"):
            return
        self.has_own_fields = True
        if _needs_no_viewer(known):
            return
        self.reads_data = True
        for scope in self._scopes_of(known, {each.name.value: each.value for each in node.arguments or ()}):
            self.required.setdefault(scope, {})[f"{parent.name}.{name}"] = None
        if node.selection_set is not None:
            self.selection_set(node.selection_set, get_named_type(known.type))

    def _scopes_of(self, known: GraphQLField, arguments: Mapping[str, ValueNode]) -> Iterator[str]:
        definition = definition_of(known)
        resolver = None if definition is None else definition.metadata.get(SET_RESOLVER)
        if resolver is None:
            return
        written = getattr(resolver, SCOPE, None)
        if written is not None:
            yield written
        requirements = requirements_of(resolver)
        if requirements is not None and self._applies(requirements.bound.only_for, arguments):
            yield from filter(None, map(permission_to_read, requirements.models))
        for name, argument in arguments.items():
            scopes = _FILTERS.get(get_named_type(known.args[name].type).name)
            if scopes:
                names = self._names(argument, scopes)
                yield from (scope for field, scope in scopes.items() if field in names)

    def _applies(self, only_for: tuple[str, str] | None, arguments: Mapping[str, ValueNode]) -> bool:
        """Return whether an argument of an enum has the value for which the resolver loads rows."""
        if only_for is None:
            return True
        name, expected = only_for
        value = self._value(arguments.get(name))
        return value is _ANY or (value.value if isinstance(value, EnumValueNode) else value) == expected

    def _names(self, filter_: Any, all_names: Iterable[str]) -> set[str]:
        """Return the names of all fields of a filter that are not null. A filter that is not known has all names."""
        names: set[str] = set()
        remaining = [filter_]
        while remaining:
            value = self._value(remaining.pop())
            if value is _ANY:
                return set(all_names)
            if isinstance(value, ObjectValueNode):
                value = {each.name.value: each.value for each in value.fields}
            if isinstance(value, dict):
                given = {name: inner for name, inner in value.items() if self._is_given(inner)}
                names |= given.keys()
                remaining += given.values()
            elif isinstance(value, (ListValueNode, list)):
                remaining += value if isinstance(value, list) else value.values
        return names

    def _is_given(self, node: Any) -> bool:
        value = self._value(node)
        return value is not None and value is not Undefined and not isinstance(value, NullValueNode)

    def _value(self, node: Any) -> Any:
        """Return the value of a variable, its default, the literal itself, or `_ANY` if the variables are not known."""
        if not isinstance(node, VariableNode):
            return node
        if self._variables is None:
            return _ANY
        return self._variables.get(node.name.value, self._defaults.get(node.name.value, Undefined))

    def _is_included(self, node: SelectionNode) -> bool:
        """Return whether the conditions of a selection hold. One that is not known holds."""
        for directive in node.directives or ():
            excluding = _EXCLUDING.get(directive.name.value)
            for argument in directive.arguments or ():
                value = self._value(argument.value)
                if excluding is not None and getattr(value, "value", value) is excluding:
                    return False
        return True


_ANY: Final = object()
_EXCLUDING: Final = {"skip": True, "include": False}


def _scopes_of_filters() -> Mapping[str, Mapping[str, str]]:
    """Return the scopes that conditions on other entities require, by filter type and field."""
    found: dict[str, dict[str, str]] = {}
    for entity in ENTITIES:
        scopes = {
            public(name): permission_to_read(declared.reads)
            for name, declared in entity.filters.items()
            if declared.reads is not None
        }
        found[f"{entity.typename}Filter"] = {name: scope for name, scope in scopes.items() if scope}
    return found


_FILTERS: Final = _scopes_of_filters()


def _listed(fields: list[str]) -> str:
    return _joined([f"`{field}`" for field in fields])


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _needs_no_viewer(known: GraphQLField) -> bool:
    """Return whether the field runs without a credential. The fields of its payload then have the viewer that it finds."""
    definition = definition_of(known)
    resolver = None if definition is None else definition.metadata.get(SET_RESOLVER)
    return bool(getattr(resolver, NEEDS_NO_VIEWER, False))
