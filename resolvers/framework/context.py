"""What one operation has at hand: who asks, the loads that answer, and the transactions that write."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Work, in_transaction
from db.language.snapshots import is_snapshot
from db.models import Base
from loaders.dataloader import DataLoader, DataLoaders, Key, Value
from loaders.rows import RowByColumn
from resolvers.framework.errors import UnauthenticatedError
from resolvers.framework.permission import require_loadable, require_scope, rows_to_read, scope_to_read
from resolvers.framework.requires import EVERY_READ, OperationReads
from services.accounts.vault import Vault
from services.accounts.viewer import Viewer
from services.figures.cache import Cached, CachedFigure, Figure, FigureByQuestion, Question
from services.figures.cache import Value as Figured

__all__ = ["Context", "Viewer"]

Result = TypeVar("Result")
Row = TypeVar("Row", bound=Base)


class Context:
    """Made anew for each operation, so that nothing read for one viewer can reach another."""

    def __init__(
        self,
        pool: Pool,
        viewer: Viewer | None,
        request_id: str,
        *,
        reads: OperationReads = EVERY_READ,
        cached: Cached | None = None,
        vault: Vault | None = None,
        now: datetime | None = None,
    ) -> None:
        self.request_id = request_id
        self.cached = Cached(pool) if cached is None else cached
        self.vault = Vault() if vault is None else vault
        self.now = now or datetime.now(UTC)
        """The moment that windows are of, the same for the whole operation."""
        self._pool = pool
        self._viewer = viewer
        self._statements: list[str] = []
        self._reads = reads
        self._loads: DataLoaders | None = None
        self._copies: dict[type[Base], dict[int, Any]] = {}
        self._closed = False

    @property
    def viewer(self) -> Viewer:
        """Raises `UnauthenticatedError` where nobody has said who they are."""
        if self._viewer is None:
            raise UnauthenticatedError
        return self._viewer

    @property
    def loads(self) -> DataLoaders:
        """The operation's loads, for services: nothing here asks whether the viewer's key may read the rows.

        Raises `UnauthenticatedError` where there is no viewer.
        """
        if self._loads is None:
            if self._closed:
                raise asyncio.CancelledError
            self._loads = self._new_loads()
        return self._loads

    @property
    def statements(self) -> Sequence[str]:
        """The names of the statements sent so far."""
        return self._statements

    def require(self, model: type[Base]) -> None:
        """Raise `ForbiddenError` if the viewer's key must not read the model's rows."""
        require_scope(self.viewer, scope_to_read(model))

    async def load(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """One value per key. The keys of a turn of the event loop, from everywhere, become one statement."""
        require_loadable(self.viewer, loader)
        return await self.loads.load(loader, keys)

    async def load_one(self, loader: DataLoader[Key, Value], key: Key) -> Value:
        (value,) = await self.load(loader, [key])
        return value

    async def figures(
        self,
        cached_figure: CachedFigure[Question, Figured],
        questions: Sequence[Question],
        max_age: int | None = None,
    ) -> Sequence[Figure[Figured]]:
        """One figure per question, not older than so many seconds: of the operation's snapshot, or with the moment
        that it is of.
        """
        loads = self.loads
        return await loads.load(FigureByQuestion(cached_figure, max_age, self.cached, loads), questions)

    def remember_snapshot_rows(self, copies: Mapping[int, Row], model: type[Row]) -> None:
        """Makes rows known that came with a figure, by their ids: copies find them, which are as old as they are,
        and need not read them again.
        """
        known = self._copies.setdefault(model, {})
        for id_, copy in copies.items():
            known.setdefault(id_, copy)

    async def row_by_reference(
        self, parents: Sequence[Any], model: type[Row], ids: Sequence[int]
    ) -> Sequence[Row | None]:
        """The row of each parent's id. Rows that were read refer to rows as they are now, copies to those that
        came with them.
        """
        copies = self._copies.get(model)
        if not copies:
            return await self.load(RowByColumn(model), ids)
        known = [copies.get(id_) if is_snapshot(one) else None for one, id_ in zip(parents, ids, strict=True)]
        missing = [id_ for one, id_ in zip(known, ids, strict=True) if one is None]
        found = iter(await self.load(RowByColumn(model), missing) if missing else [])
        return [next(found) if one is None else one for one in known]

    async def write(self, work: Work[Result]) -> Result:
        """What the work returns, from one transaction. What is loaded afterwards is read anew, with all that
        was written.
        """
        # Nobody holds one connection while waiting for another, nor sees older rows than were just written.
        self._copies.clear()
        await self._let_go()
        return await in_transaction(self._pool, work, self._statements)

    def _new_loads(self) -> DataLoaders:
        reads = self._reads
        reader = Reader(self._pool, self._statements, projection=reads.projection, single=reads.single)
        return DataLoaders(reader, self.viewer.scope, partial(rows_to_read, self.viewer))

    async def close(self) -> None:
        """Gives the connection back. The answer has been computed, but need not be encoded yet. Whoever loads
        later, for a part that is not in the answer, is cancelled.
        """
        self._closed = True
        await self._let_go()

    async def _let_go(self) -> None:
        loads, self._loads = self._loads, None
        if loads is not None:
            await loads.close()
