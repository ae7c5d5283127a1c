"""The model of acknowledged writes: the rows that must exist, may exist, or must not exist.

The order of concurrent writes is unknown. Each write took effect between its first request and its response. The
model demands everything that follows from this, and nothing else. Times are of `time.monotonic`.
"""

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, field
from math import inf
from random import Random

Identity = tuple[str, str, str]
"""The identity of a mention: keyword, platform and external ID."""


@dataclass(slots=True)
class Row:
    """An acknowledged row. Its deletion was first requested at `gone_from`, and acknowledged at `gone_by`."""

    id: str
    owner: str
    parent: "Row | None" = None
    gone_from: float = inf
    gone_by: float = inf
    tries_to_delete: int = 0
    deletions: int = 0

    def may_be_gone(self, at: float) -> bool:
        """Return whether a deletion of the row or its parent was requested before."""
        return self.gone_from <= at or (self.parent is not None and self.parent.may_be_gone(at))

    @property
    def is_known_gone(self) -> bool:
        return self.gone_by < inf or (self.parent is not None and self.parent.is_known_gone)

    def is_gone(self, since: float) -> bool:
        """Return whether a deletion of the row or its parent was acknowledged before."""
        return self.gone_by <= since or (self.parent is not None and self.parent.is_gone(since))


@dataclass(frozen=True, slots=True)
class Write:
    """A value written between two times. If not `sure`, the write may not have happened."""

    value: Hashable
    began: float
    ended: float
    sure: bool = True


@dataclass(slots=True)
class Register:
    """A column that writers overwrite, and its possible values."""

    initial: Hashable
    writes: list[Write] = field(default_factory=list)

    def note(self, write: Write) -> None:
        self.writes.append(write)
        self.writes = list(self._last())

    def possible(self) -> set[Hashable]:
        """Return the values of the writes that may be the last."""
        values = {write.value for write in self._last()}
        return values if any(write.sure for write in self.writes) else values | {self.initial}

    def _last(self) -> Iterator[Write]:
        """Yield the writes that may be the last: no sure write began after their end."""
        latest = max((write.began for write in self.writes if write.sure), default=-inf)
        return (write for write in self.writes if write.ended >= latest)


@dataclass(slots=True)
class Model:
    """All acknowledged writes. `wrong` lists contradictions as sentences."""

    keywords: dict[str, Row] = field(default_factory=dict)
    mentions: dict[Identity, Row] = field(default_factory=dict)
    claimed: set[Hashable] = field(default_factory=set)
    """Mentions and leads whose creation was acknowledged."""
    leads: dict[str, Row] = field(default_factory=dict)
    integrations: dict[str, Row] = field(default_factory=dict)
    logs: dict[str, Row] = field(default_factory=dict)
    """Runs by message. Each message is unique. The parent is the integration."""
    tokens: dict[str, tuple[Row, int]] = field(default_factory=dict)
    """Unique texts written into leads, with the number of requests."""
    perhaps: set[tuple[str, str, str]] = field(default_factory=set)
    """Owner, platform and external ID of sent posts with an unknown outcome."""
    registers: dict[tuple[str, str], Register] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _alive: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def say(self, sentence: str) -> None:
        self.wrong.append(sentence)

    def add(self, kind: str, row: Row) -> Row:
        """Add a row that any writer may pick. Return the known row if the model contains it already."""
        known: dict[str, Row] = getattr(self, kind)
        if row.id not in known:
            known[row.id] = row
            self._alive.setdefault((kind, row.owner), []).append(row)
        return known[row.id]

    def claim(self, what: Hashable) -> None:
        """Record an acknowledged creation. A second creation of the same thing is wrong."""
        if what in self.claimed:
            self.say(f"{what} was created twice.")
        self.claimed.add(what)

    def add_mention(self, identity: Identity, row: Row) -> None:
        known = self.mentions.get(identity)
        if known is None:
            self.mentions[identity] = row
            self._alive.setdefault(("mentions", row.owner), []).append(row)
        elif known.id != row.id:
            self.say(f"The mention {identity} has two IDs: {known.id} and {row.id}.")

    def check_lost_lead(self, mention: Row, at: float) -> None:
        """Check that a lead reported as created and missing was deleted by a writer."""
        leads = [lead for lead in self.leads.values() if lead.parent is mention]
        if not mention.may_be_gone(at) and not any(lead.may_be_gone(at) for lead in leads):
            self.say(f"A lead of {mention.id} is lost without a deletion.")

    def pick(self, choose: Random, kind: str, owner: str) -> Row | None:
        """Return a random row of the owner that may exist, or None."""
        alive = self._alive.get((kind, owner), [])
        while alive:
            place = choose.randrange(len(alive))
            if not alive[place].is_known_gone:
                return alive[place]
            alive[place] = alive[-1]
            alive.pop()
        return None

    def number(self, kind: str, owner: str) -> int:
        """Return the approximate number of rows to pick from."""
        return len(self._alive.get((kind, owner), []))

    def acknowledged(self) -> dict[str, int]:
        """Return the number of acknowledged facts per kind that the proof checks."""
        kinds: dict[str, Collection[Row]] = {
            "keywords": self.keywords.values(),
            "mentions": self.mentions.values(),
            "leads": self.leads.values(),
            "integrations": self.integrations.values(),
            "runs": self.logs.values(),
        }
        alive = {kind: [row for row in rows if not row.is_known_gone] for kind, rows in kinds.items()}
        ids = {row.id for rows in alive.values() for row in rows}
        return {kind: len(rows) for kind, rows in alive.items()} | {
            "deleted rows": sum(row.is_known_gone for rows in kinds.values() for row in rows),
            "last values": sum(row_id in ids for row_id, _ in self.registers),
            "changes of leads": sum(not lead.is_known_gone for lead, _ in self.tokens.values()),
        }

    def note(self, row_id: str, column: str, initial: Hashable, write: Write) -> None:
        self.registers.setdefault((row_id, column), Register(initial)).note(write)
