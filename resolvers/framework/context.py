"""The state of one operation: the viewer, the data loaders, and the transactions that write."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

from db.engine.activity import Activity
from db.engine.author import Author
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Work, in_transaction
from db.language.scope import EVERYBODY, Scope
from db.language.snapshots import is_snapshot
from db.models import Base, User
from loaders.dataloader import DataLoader, DataLoaders, Key, Value
from loaders.rows import RowById
from resolvers.framework.errors import UnauthenticatedError
from resolvers.framework.exchange import Exchange
from resolvers.framework.permission import (
    may_read,
    permission_to_read,
    require_loadable,
    require_permission,
    rows_to_read,
)
from resolvers.framework.reads_by_place import ReadsByPlace
from resolvers.framework.requires import EVERY_READ, OperationReads
from services.accounts.rate_limit import RateLimit
from services.accounts.vault import Vault
from services.accounts.viewer import Viewer
from services.browsers.sign_in import SignIns
from services.doctor.senders import Senders
from services.export.download_link import LinkSigner
from services.figures.cache import Answer, Cached, CachedFigure, Figure, FigureByQuestion, Question
from services.figures.cache import Value as Figured
from services.figures.windows import EARLIEST, QUARTER
from services.replicas import ReplicaRead, Replicas
from services.webhooks.tools import WebhookTools

__all__ = ["Activity", "Context", "Viewer"]

Result = TypeVar("Result")
Source = TypeVar("Source")
Row = TypeVar("Row", bound=Base)


class Context:
    """The state of one operation. A new context for each keeps the rows of one viewer from another.

    Values that most operations leave as they are stand in the class.
    """

    reads_clock = False
    """True if a resolver has read the current time."""
    is_inexact = False
    """True if an answer to the same request can differ although no data of the viewer has changed.

    It never is for windows whose ends are full quarters of an hour, within one quarter of an hour.
    """
    has_old_figures = False
    """True if a figure of the answer shows another state of the data than the snapshot of the operation."""
    takes_fragments = False
    """True if the response is encoded by an encoder that knows fragments (`schema.prepared.fragments`)."""
    reads_by_place: ReadsByPlace | None = None
    """The reads of an operation with fragments."""
    rate_limit: RateLimit | None = None
    """The state of the rate limit after the operation was charged. None without a limit."""
    replicas: Replicas | None = None
    """The replicas that may answer a query. None sends all reads to the primary."""
    shows_everything = False
    """True if the operation must show all commits before its start, whatever SQL made them."""
    _replica_read: ReplicaRead | None = None
    _exchange: Exchange | None = None
    _dataloaders: DataLoaders | None = None
    _answer: Answer | None = None
    _exact = _closed = False

    def __init__(
        self,
        pool: Pool,
        viewer: Viewer | None,
        request_id: str,
        *,
        reads: OperationReads = EVERY_READ,
        cached: Cached | None = None,
        vault: Vault | None = None,
        links: LinkSigner | None = None,
        senders: Senders | None = None,
        sign_ins: SignIns | None = None,
        webhooks: WebhookTools | None = None,
        exchange: Callable[[], Exchange] = Exchange,
        now: datetime | None = None,
        activity: Activity | None = None,
        replicas: Replicas | None = None,
    ) -> None:
        if replicas is not None:
            self.replicas = replicas
        self.request_id = request_id
        self.cached = Cached(pool) if cached is None else cached
        self.vault = Vault() if vault is None else vault
        self.links = LinkSigner() if links is None else links
        self.senders = Senders() if senders is None else senders
        self.webhooks = WebhookTools() if webhooks is None else webhooks
        self._sign_ins = sign_ins
        self._new_exchange = exchange
        self._now = now or datetime.now(UTC)
        self._pool = pool
        self._viewer = viewer
        self.activity = Activity() if activity is None else activity
        self._reads = reads
        self._copies: dict[type[Base], dict[int, Any]] = {}
        self._made: dict[tuple[int, Callable[..., Any]], tuple[Any, Any]] = {}
        """The results of `once`, each with its source, so that no other object gets the id of the source."""

    @property
    def viewer(self) -> Viewer:
        """Return the viewer. Raise `UnauthenticatedError` if the request carries no credential."""
        if self._viewer is None:
            raise UnauthenticatedError
        return self._viewer

    @property
    def is_authenticated(self) -> bool:
        return self._viewer is not None

    def become(self, viewer: Viewer) -> None:
        """Run the rest of the operation in the name of a viewer who has just signed in."""
        self._viewer = viewer

    @property
    def sign_ins(self) -> SignIns:
        """The service that verifies passwords."""
        if self._sign_ins is None:
            self._sign_ins = SignIns()
        return self._sign_ins

    @property
    def exchange(self) -> Exchange:
        """The client of the request, and the cookies of the response."""
        if self._exchange is None:
            self._exchange = self._new_exchange()
        return self._exchange

    @property
    def now(self) -> datetime:
        """The current time, the same for the whole operation. Resolvers do not read the clock."""
        self.reads_clock = True
        return self._now

    def note_ends(self, *ends: datetime | None) -> None:
        """Note the ends of a window. The answer changes when the time reaches an end."""
        self.is_inexact |= any(end is not None and (end - EARLIEST) % QUARTER for end in ends)

    @property
    def dataloaders(self) -> DataLoaders:
        """Return the operation's data loaders, for services only. They check no permission of the viewer's key.

        Resolvers load through `load`, `dataloader` and `figures`.

        Raise `UnauthenticatedError` if the request carries no credential.
        """
        self._note_read()
        return self._session

    def _note_read(self, loader: DataLoader[Any, Any] | None = None, keys: Sequence[Any] = ()) -> None:
        if self.reads_by_place is not None:
            self.reads_by_place.note(loader, keys)

    @property
    def _session(self) -> DataLoaders:
        if self._dataloaders is None:
            if self._closed:
                raise asyncio.CancelledError
            reads = self._reads
            scope = self.viewer.scope
            reader = self._of_replica(scope) or Reader(
                self._pool,
                self.activity,
                projection=reads.projection,
                single=reads.single,
                most=reads.most,
                fence=scope,
            )
            self._dataloaders = DataLoaders(reader, scope, partial(rows_to_read, self.viewer))
        return self._dataloaders

    def _of_replica(self, scope: Scope) -> Reader | None:
        """Return a reader of the replica, if the operation reads from one."""
        read = self._replica_read
        if read is None:
            return None
        return read.open(self.activity, self._reads.projection, scope)

    async def read_from(self, read: ReplicaRead | None) -> None:
        """Let the operation begin anew, on a replica or on the primary (None). Nothing of an earlier attempt remains."""
        await self._release()
        self.forget_figures(exact=False)
        self._replica_read = read

    @property
    def statements(self) -> Sequence[str]:
        """The names of the statements that the operation has sent, in order."""
        return self.activity.statements

    def expect_fewer(self, statements: int) -> None:
        """Note that a read needs so many statements fewer than its bound."""
        self._session.expect_fewer(statements)

    def require(self, model: type[Base]) -> None:
        """Raise `ForbiddenError` if the viewer's key must not read the model's rows."""
        require_permission(self.viewer, permission_to_read(model))

    def may_read(self, models: Collection[type[Base]]) -> bool:
        """Return whether the viewer's key may read the rows of all the models."""
        return all(may_read(self.viewer, model) for model in models)

    async def load(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """Return one value per key. All keys that an operation loads in one turn of the event loop share a statement.

        Raise `ForbiddenError` if the viewer's key must not read the rows of one of the loader's models.
        """
        require_loadable(self.viewer, loader)
        self._note_read(loader, keys)
        return await self._session.load(loader, keys)

    async def load_granted(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """Return one value per key, like `load`, of rows that the viewer's key may see without the scope to read them:
        rows that it has written, and rows that need the same scope as a row that it has.
        """
        self._note_read(loader, keys)
        return await self._session.load(loader, keys)

    async def load_one(self, loader: DataLoader[Key, Value], key: Key) -> Value:
        """Return the value of one key, like `load`."""
        (value,) = await self.load(loader, [key])
        return value

    def dataloader(self, loader: DataLoader[Key, Value]) -> "BoundDataLoader[Key, Value]":
        """Return the loader, bound to this operation, for resolvers of one object."""
        return BoundDataLoader(self, loader)

    async def figures(
        self,
        cached_figure: CachedFigure[Question, Figured],
        questions: Sequence[Question],
        max_age: int | None = None,
    ) -> Sequence[Figure[Figured]]:
        """Return one figure per question. No figure is older than `max_age` seconds.

        The figures of an operation agree with each other, unless `figures_disagree` is true at its end.

        Raise `ForbiddenError` if the viewer's key must not read the rows of one of the figure's models.
        """
        if self.reads_by_place is not None:
            self.reads_by_place.note_figures(cached_figure, questions, max_age)
        loader = FigureByQuestion(cached_figure, max_age, self.answer)
        require_loadable(self.viewer, loader)
        return await self.answer.load(loader, questions)

    @property
    def answer(self) -> Answer:
        """The figures of the operation."""
        if self._answer is None:
            self._answer = self.cached.answer(self._session, exact=self._exact)
        return self._answer

    async def own_row(self, *, alone: bool) -> User | None:
        """Return the viewer's row. If the operation is likely to read nothing else (`alone`), open no snapshot for it.

        The row of a read without a snapshot is not kept: later reads come from a snapshot, together with the row.
        """
        load = self._session.load_alone if alone else self._session.load
        (row,) = await load(RowById(User), [self.viewer.user_id])
        return row

    def known_row(self) -> User | None:
        """Return the viewer's row of the snapshot, if the operation has loaded it."""
        return self._session.loaded(RowById(User), self.viewer.user_id)

    @property
    def figures_disagree(self) -> bool:
        """Return whether figures of different states of the data were served. Writing operations serve one state."""
        return self._answer is not None and self._answer.is_torn

    def forget_figures(self, *, exact: bool) -> None:
        """Let the operation run again in the same snapshot. Exact figures all show the data of the snapshot."""
        self._copies.clear()
        self._made.clear()
        self._answer, self._exact = None, exact
        self.takes_fragments, self.reads_by_place = False, None

    def remember_snapshot_rows(self, copies: Sequence[Any], model: type[Base]) -> None:
        """Remember rows stored with a cached figure, so that references from it resolve to the same snapshot."""
        known = self._copies.setdefault(model, {})
        for copy in copies:
            known.setdefault(copy.id, copy)

    def once(self, source: Source, make: Callable[[Source], Result]) -> Result:
        """Return the value that a function makes of an object. It is made once for each object.

        Places of a response that show the same objects are written once.
        """
        made = self._made.get((id(source), make))
        if made is None:
            made = self._made[id(source), make] = (source, make(source))
        result: Result = made[1]
        return result

    async def row_by_reference(
        self, parents: Sequence[Any], model: type[Row], ids: Sequence[int], *, granted: bool = False
    ) -> Sequence[Row | None]:
        """Return the row of each parent's id. Parents from a snapshot get the remembered row of their snapshot.

        A `granted` row needs no scope (see `load_granted`).
        """
        load = self.load_granted if granted else self.load
        copies = self._copies.get(model)
        if not copies:
            return await load(RowById(model), ids)
        if not granted:
            self.require(model)
        known = [copies.get(id_) if is_snapshot(one) else None for one, id_ in zip(parents, ids, strict=True)]
        missing = [id_ for one, id_ in zip(known, ids, strict=True) if one is None]
        found = iter(await load(RowById(model), missing) if missing else [])
        return [next(found) if one is None else one for one in known]

    async def write(self, work: Work[Result]) -> Result:
        """Run the work in one transaction, and return its result. Later loads read a new snapshot."""
        # An operation that waited for a second connection while it holds one could block others, and itself.
        # It cannot run a second time, so its figures come from its own snapshot.
        self.forget_figures(exact=True)
        if self._viewer is not None:
            self.cached.fragments.note_write(self._viewer.user_id)
        await self._release()
        self._replica_read = None
        fence = EVERYBODY if self._viewer is None else self._viewer.scope  # signing in has no viewer yet
        return await in_transaction(self._pool, work, self.activity, fence=fence, author=self.author)

    @property
    def author(self) -> Author:
        """The author of the operation's writes."""
        if self._viewer is None:
            return Author(request_id=self.request_id)
        return Author(self._viewer.user_id, self._viewer.key_id, self.request_id)

    async def inspect(self, work: Callable[[Pool], Awaitable[Result]]) -> Result:
        """Run work that reads in its own transactions, on a connection of its own, and return its result.

        An operation that waited for a second connection of the pool while it holds one could block others, and itself.
        """
        self.is_inexact = True
        async with await self._pool.beside() as own:
            return await work(own)

    async def close(self) -> None:
        """Release the connection. A later load belongs to a discarded part of the response, and is cancelled."""
        self._closed = True
        await self._release()

    async def _release(self) -> None:
        self.has_old_figures |= self._answer is not None and self._answer.is_old
        self.is_inexact |= self.has_old_figures
        loaders, self._dataloaders, self._answer = self._dataloaders, None, None
        if loaders is not None:
            await loaders.close()


class BoundDataLoader(Generic[Key, Value]):
    """A data loader of one operation, for resolvers of one object:

        lead = await info.context.dataloader(LeadByMention()).load(mention.id)

    It shares batches and values with equal loaders, and checks the same permissions as `Context.load`.
    """

    __slots__ = ("_context", "_loader")

    def __init__(self, context: Context, loader: DataLoader[Key, Value]) -> None:
        self._context = context
        self._loader = loader

    async def load(self, key: Key) -> Value:
        """Return the value of the key."""
        return await self._context.load_one(self._loader, key)

    async def load_many(self, keys: Sequence[Key]) -> Sequence[Value]:
        """Return the values of the keys, in their order."""
        return await self._context.load(self._loader, keys)
