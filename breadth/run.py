"""A run of a request: level after level as far as it gets without waiting, then on with what has come."""

from collections import deque
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from graphql import ExecutionResult, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path

from breadth.complete import complete
from breadth.errors import Failures
from breadth.places import Frame, Places, Row, Some, Whole, field_path, is_attached, row_of
from breadth.plan import Field, Scope
from breadth.request import Request
from breadth.resolve import call_if_callable, resolve
from breadth.rows import Odd, Oddities
from breadth.source import Access, Read
from breadth.waiting import Batch, Then, Waiting


class Run:
    """`start` gives the result, or, where something has to be waited for, a coroutine that returns it."""

    def __init__(self, request: Request, root: Scope) -> None:
        self.request = request
        self.kinds = request.kinds
        self.failures = Failures()
        self._waiting = Waiting()
        self._frames: deque[Frame] = deque()
        self._series: deque[Field] = deque()
        self._pruned_after = 0  # so many cuts
        self._root = Frame(root, [request.root_value], [], None)

    def start(self) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        try:
            self._begin()
            self._advance()
        except BaseException:
            self._waiting.drop()
            raise
        return self._wait() if self._waiting else self._result()

    def _begin(self) -> None:
        scope = self._root.scope
        if self.request.plan.serial:
            self._root.rows = [scope.empty.copy()]
            self._series += scope.fields
        else:
            self._fill(self._root)

    def _advance(self) -> None:
        """Goes as far as it gets. The fields of a mutation come one after the other, each with all below it."""
        while True:
            while self._frames:
                self._resolve_others(self._frames.popleft())
            self._give_up()
            if self._waiting or not self._series:
                return
            resolve(self, self._root, self._series.popleft())

    def _resolve_others(self, frame: Frame) -> None:
        asked = frame
        for field in frame.scope.others:
            asked = self._without_pointless(asked, field)
            if asked.rows:
                resolve(self, asked, field)
        frame.sources = asked.sources = ()  # nobody asks again: rows can be given up early

    def _without_pointless(self, frame: Frame, field: Field) -> Frame:
        """The frame without the rows whose field a failure has made pointless: nobody is asked for them."""
        failures = self.failures
        if not failures.cuts:
            return frame
        rows = range(len(frame.rows))
        picks = [row for row in rows if not failures.make_pointless(frame, row, field)]
        return frame if len(picks) == len(rows) else frame.some(picks)

    def _give_up(self) -> None:
        """Stops what failures have made pointless."""
        if self.failures.root_is_null:
            self._series.clear()
            self._waiting.drop()
        elif self._pruned_after != self.failures.cuts:
            self._pruned_after = self.failures.cuts
            self._waiting.prune()

    async def _wait(self) -> ExecutionResult:
        try:
            while self._waiting and not self.failures.root_is_null:
                results = await self._waiting.results()
                self.failures.turn += 1
                for batch, numbers, values in results:
                    batch.then(numbers, values)
                self._advance()
        finally:
            await self._waiting.stop()
        return self._result()

    def _result(self) -> ExecutionResult:
        data = None if self.failures.root_is_null else self._root.rows[0]
        return ExecutionResult(data, self.failures.report())

    # What completion and resolution ask for

    def enter(self, places: Places, sources: Sequence[Any], object_type: GraphQLObjectType) -> None:
        """Writes rows of the sources, puts them in their places, and sees to their fields."""
        try:
            scope = places.field.scope(object_type)
        except RecursionError as error:  # fragments in fragments, thousands of them
            for index in range(len(sources)):
                self.failures.add(places, index, error)
        else:
            self._fill(Frame(scope, sources, [], places))

    def wait(self, places: Places, awaitables: Iterable[tuple[int, Awaitable[Any]]], then: Then) -> None:
        """Hands results to `then`, with the indices of their places."""
        self._waiting.add(Batch(then, partial(is_attached, places)), awaitables)

    def wait_for_all(self, places: Whole, awaitable: Awaitable[Any], then: Then) -> None:
        """Hands the one result of all places to `then`."""
        rows = range(len(places.frame.rows))
        batch = Batch(then, lambda _: any(is_attached(places, row) for row in rows))
        self._waiting.add(batch, [(0, awaitable)])

    def info_at(self, places: Places, index: int) -> GraphQLResolveInfo[Any]:
        """What the resolver of the field that a place is of was told."""
        return self.info(places.frame, places.field, row_of(places, index))

    def info(self, frame: Frame, field: Field, row: int) -> GraphQLResolveInfo[Any]:
        found = frame.infos.get((field.order, row))
        if found is None:
            found = self.request.info(field, field_path(frame, field, row))
            frame.infos[field.order, row] = found
        return found

    def set_info(self, frame: Frame, field: Field) -> GraphQLResolveInfo[Any]:
        """Its path has no list indices, since it is of all rows."""
        above = [field]
        places = frame.places
        while places is not None:
            above.append(places.field)
            places = places.frame.places
        path: Path | None = None
        for each in reversed(above):
            path = Path(path, each.key, each.parent.name)
        assert path is not None  # noqa: S101 - the field itself is above
        return self.request.info(field, path)

    # Rows

    def _fill(self, frame: Frame) -> None:
        scope = frame.scope
        oddities = Oddities()
        rows = self._built(frame, oddities)
        frame.rows = [scope.empty.copy() for _ in frame.sources] if rows is None else rows
        if frame.places is not None:
            frame.places.put(frame.rows)
        if rows is None:
            for field in scope.columns:
                resolve(self, frame, field)
        else:
            for order in oddities.found:
                self._complete_odd(frame, scope.fields[order])
        if scope.others:
            self._frames.append(frame)

    def _built(self, frame: Frame, oddities: Oddities) -> list[Row] | None:
        """The rows by the scope's compiled builder; None if it has none or cannot read some parent."""
        build = frame.scope.builders.builder(frame.sources)
        if build is None:
            return None
        try:
            return build(frame.sources, oddities.note)
        except Exception:  # noqa: BLE001 - read one by one, the error will be found where it belongs
            oddities.drop()
            return None

    def _complete_odd(self, frame: Frame, field: Field) -> None:
        picks: list[int] = []
        values: list[Any] = []
        default = isinstance(field.source, Read) and field.source.access is Access.DEFAULT
        for index, row in enumerate(frame.rows):
            odd = row[field.key]
            if type(odd) is Odd:
                row[field.key] = None
                picks.append(index)
                value = odd.value
                values.append(call_if_callable(self, frame, field, index, value) if default else value)
        complete(self, Some(Whole(frame, field), picks), values)
