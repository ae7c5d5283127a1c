"""What an operation reads, known from its document before it runs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from breadth.fields import KEY, Column
from breadth.strawberry_field import definition_of
from db.language.projection import EVERY_COLUMN, Projection, Selected
from db.language.shape import ToOne
from db.models import AnalysisResult, Base
from resolvers.framework.global_id import MODELS
from resolvers.framework.requires import Requirements, requirements_of
from schema.fields import SET_RESOLVER

ROWS: Mapping[str, type[Base]] = {**MODELS, "Analysis": AnalysisResult}
"""The model whose rows a GraphQL type shows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`projection` says which columns are needed. `single` says that there is one load at most."""

    projection: Projection
    single: bool


class _UnknownNeedsError(Exception):
    """A field whose needs nobody has stated."""


Path: TypeAlias = tuple[type[Base], ...]


class _Survey:
    """Goes through a document, each fragment once for each type that it is spread on.

    The path of a selection are the models of the rows that one statement brings, the last one's at hand.
    """

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.columns: defaultdict[type[Base], set[str]] = defaultdict(set)
        self.relations: defaultdict[type[Base], set[ToOne]] = defaultdict(set)
        self.loads = 0
        self._schema = schema
        self._fragments = fragments
        self._seen: set[tuple[str, str]] = set()

    def selected(self, selection: SelectionSetNode, type_: Any, path: Path = ()) -> None:
        """Conditions are taken to hold: what a request leaves out is read in vain, but no request reads too little."""
        for node in selection.selections:
            match node:
                case FieldNode():
                    self._field(node, type_, path)
                case InlineFragmentNode():
                    named = node.type_condition
                    inner = self._schema.get_type(named.name.value) if named else type_
                    self.selected(node.selection_set, inner, path)
                case FragmentSpreadNode():
                    self._fragment(self._fragments[node.name.value], type_, path)

    def _fragment(self, fragment: FragmentDefinitionNode, type_: Any, path: Path) -> None:
        key = (fragment.name.value, type_.name)
        if key in self._seen:
            # What it selects is known; what it loads, it loads here as well.
            self.loads = max(self.loads, 1) * 2
            return
        self._seen.add(key)
        inner = self._schema.get_type(fragment.type_condition.name.value)
        self.selected(fragment.selection_set, inner, path)

    def _field(self, node: FieldNode, type_: Any, path: Path) -> None:
        name = node.name.value
        if name.startswith("__"):
            return
        field: GraphQLField = type_.fields[name]
        rows = ROWS.get(type_.name)
        if rows is not None:
            self.columns[rows]
            path = path if path[-1:] == (rows,) else (*path, rows)
        path = self._needs(field, node, rows, path)
        if node.selection_set is not None:
            self.selected(node.selection_set, get_named_type(field.type), path)

    def _needs(self, field: GraphQLField, node: FieldNode, rows: type[Base] | None, path: Path) -> Path:
        """The path of what the field returns."""
        definition = definition_of(field)
        marks = definition.metadata if definition else {}
        column = marks.get(KEY)
        if isinstance(column, Column):
            if column.whole and rows is not None:
                raise _UnknownNeedsError
            self._add(rows, (column.name or definition.python_name,))  # type: ignore[union-attr]
            return path
        stated = requirements_of(marks[SET_RESOLVER]) if SET_RESOLVER in marks else None
        if stated is None:
            raise _UnknownNeedsError
        self._add(rows, stated.own)
        for model, columns in stated.others.items():
            self._add(model, columns)
        if stated.loads_for and stated.loads_for.isdisjoint(self._names(node)):
            return ()
        return self._load(stated, rows, path)

    def _names(self, node: FieldNode) -> set[str]:
        """The names of the fields that may be selected of the field's objects."""
        names: set[str] = set()
        waiting: list[Any] = [node]
        spread: set[str] = set()
        while waiting:
            for inner in waiting.pop().selection_set.selections:
                if isinstance(inner, FieldNode):
                    names.add(inner.name.value)
                elif isinstance(inner, InlineFragmentNode):
                    waiting.append(inner)
                elif inner.name.value not in spread:
                    spread.add(inner.name.value)
                    waiting.append(self._fragments[inner.name.value])
        return names

    def _load(self, stated: Requirements, rows: type[Base] | None, path: Path) -> Path:
        relation = stated.relation
        if relation is not None and rows is not None:
            self.relations[rows].add(relation)
            if relation.model not in path:
                return path  # it rides along
        self.loads += stated.loads
        return ()

    def _add(self, rows: type[Base] | None, columns: tuple[str, ...]) -> None:
        if rows is not None:
            self.columns[rows].update(columns)


def reading(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Reading:
    """For a valid document. An operation with a field whose needs are not known reads all columns."""
    survey = _Survey(schema, fragments)
    try:
        survey.selected(operation.selection_set, schema.get_root_type(operation.operation))
    except _UnknownNeedsError:
        return Reading(EVERY_COLUMN, single=False)
    taken = {
        model: Selected(frozenset(names), frozenset(survey.relations[model]))
        for model, names in survey.columns.items()
    }
    return Reading(Projection(taken), single=survey.loads <= 1)
