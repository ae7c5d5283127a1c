"""The run of a request: level after level while nothing has to be awaited, then on with each result."""

from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from operator import is_
from typing import Any

from graphql import ExecutionResult

from breadth.completion import complete
from breadth.field_source import AccessKind, ReadAttribute
from breadth.fragment_slots import keep_fragments, resolve_marked
from breadth.layout_codegen import Writer
from breadth.object_codegen import Exceptional, ExceptionalValues, Row
from breadth.plan import Field, FieldSet
from breadth.request import Request
from breadth.resolve import call_if_callable, complete_results, resolve
from breadth.response_slots import FieldSlots, PickedSlots, RowBlock
from breadth.state import ExecutionState


class Run:
    """Runs a request. `start` returns the result, or a coroutine of it if something has to be awaited."""

    def __init__(self, request: Request, root: FieldSet, *, copies: bool = True) -> None:
        self._request = request
        self._field_set = root
        self._copies = copies and not request.plan.is_serial
        self._copied: list[tuple[Sequence[Row], Mapping[Field, Field]]] = []
        self._state = ExecutionState(request)
        self._failures = self._state.failures
        self._scheduler = self._state.scheduler
        self._blocks: deque[RowBlock] = deque()
        self._serial_fields: deque[Field] = deque()
        self._written: dict[tuple[str | None, int, int], tuple[Sequence[Any], list[Row]]] = {}
        """Complete rows that may be needed at another place, by the shape, the first parent and the number of parents."""
        self._pruned_at = 0  # the number of propagated failures at the last pruning
        self._root = RowBlock(root, [request.root_value], [], None)

    def start(self) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        return self._started(self._begin)

    def resume(
        self, field: Field, results: Any, *, awaited: bool = False
    ) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        """Start a query with the results of its only field, which has been resolved before."""
        return self._started(partial(self._begin_with, field, results, awaited=awaited))

    def _started(self, begin: Callable[[], None]) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        try:
            begin()
            self._advance()
        except BaseException:
            self._scheduler.drop()
            raise
        if self._scheduler.has_wanted or self._serial_fields:
            return self._wait()
        self._scheduler.drop()
        return self._again() or self._result()

    def _begin(self) -> None:
        root = self._root
        if self._state.request.plan.is_serial:
            root.rows = [root.field_set.empty_row.copy()]
            self._serial_fields += root.field_set.fields
        else:
            self._write(root)

    def _begin_with(self, field: Field, results: Any, *, awaited: bool) -> None:
        self._begin()
        block = self._blocks.popleft()
        slots = FieldSlots(block, field)
        slots.awaited = awaited
        self._failures.turn += awaited
        complete_results(self._state, slots, results)
        self._write_new_blocks()

    def _advance(self) -> None:
        """Go on until something has to be awaited. Run a mutation's fields one after the other, each in full."""
        while True:
            while self._blocks:
                self._resolve_others(self._blocks.popleft())
            self._discard_unneeded()
            if self._scheduler or not self._serial_fields:
                return
            self._resolve(self._root, self._serial_fields.popleft())

    def _resolve_others(self, block: RowBlock) -> None:
        remaining = block
        copies = block.field_set.copies if self._copies else {}
        if copies:
            self._copied.append((block.rows, copies))
        for field in block.others:
            if field in copies:
                continue
            remaining = self._without_discarded(remaining, field)
            if remaining.rows:
                self._resolve(remaining, field)
        block.sources = remaining.sources = ()  # no longer needed: parents can be freed early

    def _resolve(self, block: RowBlock, field: Field) -> None:
        if field.fragment_marker is None or self._state.request.fragments is None:
            resolve(self._state, block, field)
        else:
            resolve_marked(self._state, self._state.request.fragments, block, field)
        self._write_new_blocks()

    def _without_discarded(self, block: RowBlock, field: Field) -> RowBlock:
        """Return the block without the rows whose field a failure has discarded: it is not resolved for them."""
        failures = self._failures
        if not failures.propagated:
            return block
        rows = range(len(block.rows))
        picks = [row for row in rows if not failures.is_discarded(block, row, field)]
        return block if len(picks) == len(rows) else block.pick(picks)

    def _discard_unneeded(self) -> None:
        if self._failures.root_is_null:
            self._serial_fields.clear()
            self._scheduler.drop()
        elif self._pruned_at != self._failures.propagated:
            self._pruned_at = self._failures.propagated
            self._scheduler.prune()

    async def _wait(self) -> ExecutionResult:
        try:
            while self._scheduler and not self._failures.root_is_null:
                results = await self._scheduler.results()
                self._failures.turn += 1
                for batch, numbers, values in results:
                    batch.then(numbers, values)
                    self._write_new_blocks()
                self._advance()
        finally:
            if not self._scheduler.is_idle:
                await self._scheduler.stop()
        again = self._again()
        if again is None:
            return self._result()
        return again if isinstance(again, ExecutionResult) else await again

    def _again(self) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult] | None:
        """Run a query with errors again without copies, if it has some: each copy has errors of its own."""
        if not self._copied or not self._failures:
            return None
        return Run(self._request, self._field_set, copies=False).start()

    def _result(self) -> ExecutionResult:
        for rows, copies in self._copied:
            for field, original in copies.items():
                for row in rows:
                    row[field.key] = row[original.key]
        if self._state.unkept and not self._failures.root_is_null:
            keep_fragments(self._state)
        data = None if self._failures.root_is_null else self._root.rows[0]
        return ExecutionResult(data, self._failures.report())

    # Rows

    def _write_new_blocks(self) -> None:
        new, self._state.new_blocks = self._state.new_blocks, []
        for block in new:
            self._write(block)

    def _write(self, block: RowBlock) -> None:
        """Create the block's rows, put them into their slots, and complete the columns."""
        if not _write_by_layout(block, self._state.request.context_value):
            self._write_columns(block)
        if block.others:
            self._blocks.append(block)

    def _write_columns(self, block: RowBlock) -> None:
        state, field_set = self._state, block.field_set
        if self._is_written_before(block):
            return
        exceptional = ExceptionalValues()
        rows = _generated(block, exceptional)
        block.rows = [field_set.empty_row.copy() for _ in block.sources] if rows is None else rows
        if block.slots is not None:
            block.slots.put(block.rows)
        if rows is None:
            for field in field_set.columns:
                resolve(state, block, field)
        else:
            for order in exceptional.found:
                _complete_exceptional(state, block, field_set.fields[order])
            if not exceptional.found and not block.others and field_set.has_twin and block.sources:
                self._written[_identity(block)] = block.sources, rows

    def _is_written_before(self, block: RowBlock) -> bool:
        """Take the rows that were written from the same parents at another place, if there are some."""
        if not self._written or not block.sources or not block.field_set.has_twin:
            return False
        sources, rows = self._written.get(_identity(block), ((), None))
        if rows is None or not all(map(is_, sources, block.sources)):
            return False
        block.rows, block.others = rows, []
        if block.slots is not None:
            block.slots.put(rows)
        return True


def _identity(block: RowBlock) -> tuple[str | None, int, int]:
    return block.field_set.shape, id(block.sources[0]), len(block.sources)


def _write_by_layout(block: RowBlock, context_value: Any) -> bool:
    """Write the rows and the joined objects in them, if the layout of the parents allows it. Return whether it did."""
    writers = block.field_set.layout_writers
    writer = None if writers is None else writers.writer(block.sources)
    if writer is None:
        return False
    rows = joined_rows(writer, block.sources, context_value)
    if rows is None:
        return False
    block.rows = rows
    if block.slots is not None:
        block.slots.put(block.rows)
    block.others = [field for field in block.others if field.order not in writer.written]
    return True


def joined_rows(writer: Writer, sources: Sequence[Any], context_value: Any) -> list[Row] | None:
    """Return the rows that a function for a layout writes. Return None if it may not, or fails."""
    try:
        for may_join in writer.conditions:
            if not may_join(context_value):
                return None
        return writer.write(sources)
    except Exception:  # noqa: BLE001 - the error is found again in the ordinary way
        return None


def _generated(block: RowBlock, exceptional: ExceptionalValues) -> list[Row] | None:
    """Return rows that generated code has written; None without generated code, or if a parent is unreadable."""
    builders = block.field_set.builders
    while (built := builders.builder(block.sources)) is not None:
        try:
            rows = built.build(block.sources, exceptional.add)
        except Exception:  # noqa: BLE001 - the error is found again when parents are read one by one
            exceptional.drop()
            if not built.nested:
                return None
            builders.stop_nesting()
        else:
            if built.nested:
                block.others = [field for field in block.others if field.order not in built.nested]
            return rows
    return None


def _complete_exceptional(state: ExecutionState, block: RowBlock, field: Field) -> None:
    picks: list[int] = []
    values: list[Any] = []
    default = isinstance(field.source, ReadAttribute) and field.source.access is AccessKind.DEFAULT
    for index, row in enumerate(block.rows):
        exceptional = row[field.key]
        if type(exceptional) is Exceptional:
            row[field.key] = None
            picks.append(index)
            value = exceptional.value
            values.append(call_if_callable(state, block, field, index, value) if default else value)
    complete(state, PickedSlots(FieldSlots(block, field), picks), values)
