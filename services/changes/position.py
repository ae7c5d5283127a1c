"""Positions in the change feed: opaque to clients; to the server, the changes that a reader has seen."""

import binascii
import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

_LARGEST: Final = 2**63 - 1
_FORM: Final = re.compile(
    r"2;(?P<feed>[0-9a-f]{8});(?P<owner>\d{0,19});(?P<seen>[\d:,]{4,9000});(?P<last>\d{1,19});(?P<skip>\d{1,19});"
    r"(?P<until>[\d:,]{0,9000})",
    re.ASCII,
)
_SNAPSHOT: Final = re.compile(r"(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?):(\d{1,19})", re.ASCII)
LONGEST: Final = 25_000
"""The most characters of a position. A snapshot names all transactions that run."""


class BadPositionError(Exception):
    """The text is no position of this reader."""


class Snapshot(NamedTuple):
    """The changes that a snapshot of PostgreSQL sees: of transactions before `xmax` without those that were `running`.

    `newest` is the highest ID among these changes. After a crash, PostgreSQL gives the ID of a transaction that was rolled
    back shortly before to a new transaction. The snapshot does not see that one: its changes have higher IDs.
    """

    xmin: int
    xmax: int
    running: tuple[int, ...]
    newest: int = 0

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Read the text of a snapshot: PostgreSQL's, and `newest`. Raise `BadPositionError` for any other text."""
        form = _SNAPSHOT.fullmatch(text)
        if form is None:
            raise BadPositionError
        xmin, xmax = int(form[1]), int(form[2])
        running = tuple(map(int, form[3].split(","))) if form[3] else ()
        within = all(xmin <= xid < xmax for xid in running)
        newest = int(form[4])
        if not 1 <= xmin <= xmax <= _LARGEST or not within or list(running) != sorted(set(running)):
            raise BadPositionError
        if newest > _LARGEST:
            raise BadPositionError
        return cls(xmin, xmax, running, newest)

    def sees(self, xid: int, change: int) -> bool:
        """Return whether the snapshot sees the change of the transaction, if it was committed."""
        return xid < self.xmax and xid not in self.running and change <= self.newest

    @property
    def stored(self) -> str:
        """PostgreSQL's text of the snapshot."""
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.running))}"

    def __str__(self) -> str:
        return f"{self.stored}:{self.newest}"


NOTHING: Final = Snapshot(1, 1, ())
"""The snapshot that sees nothing."""


@dataclass(frozen=True)
class Position:
    """The changes that a reader has seen.

    `owner` is the user whose changes the reader reads, and None for a reader of all owners. All changes of the
    transactions in `seen` are seen. A reader of one owner has also seen the changes up to the ID `last`. A reader of all
    owners who stopped in the changes until the snapshot `until` has seen those of them up to the ID `last`. If `skip` is
    not 0, of the change `last` only so many rows are seen.
    """

    feed: str
    owner: int | None
    seen: Snapshot
    last: int = 0
    skip: int = 0
    until: Snapshot | None = None

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        owner, until = "" if self.owner is None else self.owner, self.until or ""
        text = f"2;{self.feed};{owner};{self.seen};{self.last};{self.skip};{until}"
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read the text of a position. Raise `BadPositionError` for any other text."""
        try:
            if len(text) > LONGEST:
                raise BadPositionError
            form = _FORM.fullmatch(b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode())
        except (binascii.Error, ValueError) as damaged:
            raise BadPositionError from damaged
        if form is None or max(int(form["owner"] or 0), int(form["last"]) + 1, int(form["skip"])) > _LARGEST:
            raise BadPositionError  # the next ID must be a bigint, too
        owner = int(form["owner"]) if form["owner"] else None
        until = Snapshot.parse(form["until"]) if form["until"] else None
        if owner is not None and until is not None:
            raise BadPositionError
        seen = Snapshot.parse(form["seen"])
        return cls(form["feed"], owner, seen, int(form["last"]), int(form["skip"]), until)
