"""The state of the data that figures are computed from, read from the owners' rows in a snapshot."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import NamedTuple

from db.models import User
from db.models.base import table_of
from loaders.counts import CounterSum
from loaders.dataloader import DataLoaders
from loaders.rows import RowById

STATE_COLUMNS = (
    "data_version",
    "recomputations",
    *(column.name for column in table_of(User).columns if column.name.endswith("_count")),
)
"""The columns of users that every change of their figures changes."""
NO_SUCH_USER = -1


class OwnerState(NamedTuple):
    """The data version, and the generation: a number that identifies the state of the owner's data.

    Figures of the same generation were computed from the same data, even if their snapshots differ.
    """

    data_version: int
    generation: int


async def owner_states(loaders: DataLoaders, owners: Collection[int | None]) -> dict[int | None, OwnerState]:
    """Return the states in the loaders' snapshot. The owner None stands for all visible users."""
    ids = [user_id for user_id in owners if user_id is not None]
    rows = await loaders.load(RowById(User), ids)
    states: dict[int | None, OwnerState] = {
        user_id: _state([NO_SUCH_USER]) if row is None else state_of_row(row)
        for user_id, row in zip(ids, rows, strict=True)
    }
    if None in owners:
        sums = await asyncio.gather(*(loaders.load(CounterSum(User, name), [None]) for name in STATE_COLUMNS))
        states[None] = _state([number for (number,) in sums])
    return states


def state_of_row(row: User) -> OwnerState:
    """Return the state of a user's data. The row must have the `STATE_COLUMNS`."""
    return _state(_numbers(row))


_numbers = attrgetter(*STATE_COLUMNS)


def _state(numbers: Sequence[int]) -> OwnerState:
    digest = hashlib.blake2b(repr(list(numbers)).encode(), digest_size=8).digest()
    return OwnerState(numbers[0], int.from_bytes(digest))
