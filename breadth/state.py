"""The state of a running operation, which resolution and completion read and add to."""

from collections.abc import Awaitable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path

from breadth.errors import Failures
from breadth.fragments import Selection
from breadth.plan import Field
from breadth.request import Request
from breadth.response_slots import FieldSlots, RowBlock, Slots, field_path, is_attached, row_of
from breadth.scheduler import PendingBatch, Scheduler, Then


class Unkept(NamedTuple):
    """A marked field that no fragment has answered, the rows of its block, and their parents."""

    selection: Selection
    slots: FieldSlots
    parents: Sequence[Any]


class ExecutionState:
    """The failures, pending awaitables and new objects of one request."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.class_facts = request.class_facts
        self.failures = Failures()
        self.scheduler = Scheduler()
        self.new_blocks: list[RowBlock] = []
        self.unkept: list[Unkept] = []

    def add_objects(self, slots: Slots, sources: Sequence[Any], object_type: GraphQLObjectType) -> None:
        """Add objects of a type, whose rows belong into the slots. The run writes the rows next."""
        try:
            field_set = slots.field.subfields(object_type)
        except RecursionError as error:  # fragments in fragments, thousands deep
            for index in range(len(sources)):
                self.failures.add(slots, index, error)
        else:
            self.new_blocks.append(RowBlock(field_set, sources, [], slots))

    def wait(self, slots: Slots, awaitables: Iterable[tuple[int, Awaitable[Any]]], then: Then) -> None:
        """Await one value per slot. Pass results to `then` with the indices of their slots."""
        self.scheduler.add(PendingBatch(then, partial(is_attached, slots)), awaitables)

    def wait_for_all(self, slots: FieldSlots, awaitable: Awaitable[Any], then: Then) -> None:
        """Await one result for all slots, and pass it to `then`."""
        rows = range(len(slots.block.rows))
        batch = PendingBatch(then, lambda _: any(is_attached(slots, row) for row in rows))
        self.scheduler.add(batch, [(0, awaitable)])

    def info_at(self, slots: Slots, index: int) -> GraphQLResolveInfo[Any]:
        return self.info(slots.block, slots.field, row_of(slots, index))

    def info(self, block: RowBlock, field: Field, row: int) -> GraphQLResolveInfo[Any]:
        """Return the `info` for an ordinary resolver of a field in a row."""
        found = block.infos.get((field.order, row))
        if found is None:
            found = self.request.info(field, field_path(block, field, row))
            block.infos[field.order, row] = found
        return found

    def set_info(self, block: RowBlock, field: Field) -> GraphQLResolveInfo[Any]:
        """Return the `info` for a set resolver. It is for all rows, so its path lacks list indices."""
        above = [field]
        slots = block.slots
        while slots is not None:
            above.append(slots.field)
            slots = slots.block.slots
        path: Path | None = None
        for each in reversed(above):
            path = Path(path, each.key, each.parent.name)
        assert path is not None  # noqa: S101 - it ends with the field itself
        return self.request.info(field, path)
