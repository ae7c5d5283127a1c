"""What one operation has at hand: who asks, and the loads that answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from db.models import UserRole
from db.pool import Pool, Reader
from db.scope import EVERYBODY, Scope
from loaders.loader import Key, Loader, Loads, Value
from resolvers.errors import UnauthenticatedError

__all__ = ["Context", "Viewer"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user in whose name an operation runs. `bulk` allows large pages of root lists."""

    user_id: int
    role: UserRole
    bulk: bool = False

    @property
    def scope(self) -> Scope:
        """A member sees their own rows, an operator everybody's."""
        return EVERYBODY if self.role == UserRole.OPERATOR else Scope(self.user_id)


class Context:
    """Made anew for each operation, so that nothing read for one viewer can reach another."""

    def __init__(self, pool: Pool, viewer: Viewer | None, request_id: str) -> None:
        self.request_id = request_id
        self._viewer = viewer
        self._reader = Reader(pool)
        self._loads = Loads(self._reader, viewer.scope) if viewer else None

    @property
    def viewer(self) -> Viewer:
        """Raises `UnauthenticatedError` where nobody has said who they are."""
        if self._viewer is None:
            raise UnauthenticatedError
        return self._viewer

    @property
    def statements(self) -> Sequence[str]:
        """The names of the statements sent so far."""
        return self._reader.statements

    async def load(self, loader: Loader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """One value per key. The keys of a turn of the event loop, from everywhere, become one statement."""
        if self._loads is None:
            raise UnauthenticatedError
        return await self._loads.load(loader, keys)

    async def load_one(self, loader: Loader[Key, Value], key: Key) -> Value:
        (value,) = await self.load(loader, [key])
        return value

    async def close(self) -> None:
        """Gives the connection back. The answer has been computed, but need not be encoded yet."""
        if self._loads is not None:
            await self._loads.close()
