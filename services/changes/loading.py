"""Data loaders of the change feed. The feed belongs to its users: the entities of changes have permissions of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from db.statements import change as stored
from loaders.dataloader import DataLoader
from services.changes import feed
from services.changes.feed import ChangeFilter, Event, Page
from services.changes.position import NOTHING, Position


@dataclass(frozen=True, slots=True)
class ChangesAfter(DataLoader[None, Page]):
    """A page of the changes in the viewer's scope. The only key is None."""

    model = User
    after: Position | None
    limit: int
    wanted: ChangeFilter

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[None]) -> Sequence[Page]:
        page = await feed.page(reader, scope, self.after, limit=self.limit, wanted=self.wanted)
        return [page] * len(keys)


@dataclass(frozen=True, slots=True)
class PositionOfSnapshot(DataLoader[None, Position]):
    """The position after everything that the operation's snapshot sees. The only key is None."""

    model = User

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[None]) -> Sequence[Position]:
        return [await feed.now(reader, scope)] * len(keys)


@dataclass(frozen=True, slots=True)
class ChangesByRow(DataLoader[int, Sequence[Event]]):
    """The newest changes of a row of the entity, the newest first."""

    model = User
    entity: str
    limit: int

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[Sequence[Event]]:
        found = await stored.newest_of_rows(reader, scope, self.entity, keys, most=self.limit)
        events: dict[int, list[Event]] = {key: [] for key in keys}
        for row in found:
            events[row["row_id"]].append(feed.event_of(row, Position("", row["user_id"], NOTHING)))
        return [events[key] for key in keys]
