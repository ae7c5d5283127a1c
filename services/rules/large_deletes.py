"""Deletes of large object trees in batches, so that other writers of the same user are not blocked."""

from db.engine.writer import Work

MOST_AT_ONCE = 20_000
"""Rows per transaction: a few seconds at most, while the timeout of a statement is thirty."""


class TooManyRowsError(Exception):
    """An object has more dependent rows than one transaction deletes.

    `delete_batch` deletes some of them in a transaction of its own and returns whether more may be left. When it
    returns False, the object itself can be deleted.
    """

    def __init__(self, delete_batch: Work[bool]) -> None:
        super().__init__()
        self.delete_batch = delete_batch
