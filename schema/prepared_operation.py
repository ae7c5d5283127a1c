"""Operations that are known: parsed, validated and looked over once, and run at once when they come again."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
)
from strawberry.types.graphql import OperationType

from schema.query_cost import Cost, Costs, refusal
from schema.query_lookahead import Reading, reading

COSTS_KEPT = 100


class Operation:
    """An operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, name: str | None) -> None:
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.document = document
        self.name = name
        self.node = next(
            each for each in operations if name is None or (each.name and each.name.value == name)
        )
        self.type = OperationType(self.node.operation.value)
        self.label = self.node.name.value if self.node.name else ""
        self._schema = schema
        self._costs: OrderedDict[tuple[tuple[str, int], ...], Cost] = OrderedDict()

    @cached_property
    def reading(self) -> Reading:
        fragments = {
            each.name.value: each
            for each in self.document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        return reading(self._schema, self.node, fragments)

    def refusal(self, variables: Mapping[str, Any]) -> GraphQLError | None:
        """Why it is not run with these variables; None where it is."""
        return refusal(self._cost(variables))

    def _cost(self, variables: Mapping[str, Any]) -> Cost:
        """With the same sizes it is measured once."""
        sizes = tuple(
            (name, value if isinstance(value, int) else len(value))
            for name, value in variables.items()
            if isinstance(value, (int, list))
        )
        cost = self._costs.get(sizes)
        if cost is None:
            cost = self._costs[sizes] = Costs(self._schema, self.document, variables).of_operation(self.node)
            if len(self._costs) > COSTS_KEPT:
                self._costs.popitem(last=False)
        return cost


class Operations:
    """The operations of a schema that were asked last, by their text and name."""

    def __init__(self, kept: int, longest_text: int) -> None:
        self._kept = kept
        self._longest_text = longest_text
        self._known: OrderedDict[tuple[str, str | None], Operation] = OrderedDict()

    def get(self, text: str | None, name: str | None) -> Operation | None:
        key = (text or "", name)
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def keep(self, text: str, operation: Operation) -> None:
        if len(text) > self._longest_text:
            return
        self._known[text, operation.name] = operation
        if len(self._known) > self._kept:
            self._known.popitem(last=False)
