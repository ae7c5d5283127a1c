"""Deleting what very much hangs on, without keeping its user's other writers waiting for long."""

from db.engine.writer import Work

MOST_AT_ONCE = 20_000
"""Rows that go in one transaction: a second or a few, for which others wait. Statements may take thirty."""


class TooMuchError(Exception):
    """More hangs on a thing than is deleted at once. `piece` takes some of it away, in a transaction of its own, and
    says whether there may be more; when there is not, the thing can be deleted.
    """

    def __init__(self, piece: Work[bool]) -> None:
        super().__init__()
        self.piece = piece
