"""What was acknowledged, and hence what has to be there, what may be, and what cannot.

Writers act at the same time, so nobody knows in which order their writes took effect: only that each did at some
moment between its first being sent and its being acknowledged. All that follows from that is demanded, and nothing
else. Times are of `time.monotonic`.
"""

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, field
from math import inf
from random import Random

Identity = tuple[str, str, str]
"""The keyword, the platform and the platform's id: what tells one mention from another."""


@dataclass(slots=True)
class Row:
    """A row that was acknowledged. `gone_from` is when its deletion was first tried, `gone_by` when it was sure."""

    id: str
    owner: str
    parent: "Row | None" = None
    gone_from: float = inf
    gone_by: float = inf
    tries_to_delete: int = 0
    deletions: int = 0

    def may_be_gone(self, at: float) -> bool:
        """Whether somebody had begun by then to delete it, or what it belongs to."""
        return self.gone_from <= at or (self.parent is not None and self.parent.may_be_gone(at))

    @property
    def is_known_gone(self) -> bool:
        return self.gone_by < inf or (self.parent is not None and self.parent.is_known_gone)

    def is_gone(self, since: float) -> bool:
        """Whether its deletion had been acknowledged before."""
        return self.gone_by <= since or (self.parent is not None and self.parent.is_gone(since))


@dataclass(frozen=True, slots=True)
class Write:
    """A value that was written between two moments; perhaps, where it is not `sure`."""

    value: Hashable
    began: float
    ended: float
    sure: bool = True


@dataclass(slots=True)
class Register:
    """A column of a row that writers overwrite: what it can say in the end."""

    initial: Hashable
    writes: list[Write] = field(default_factory=list)

    def note(self, write: Write) -> None:
        self.writes.append(write)
        self.writes = list(self._last())

    def possible(self) -> set[Hashable]:
        """The values of the writes that may have been the last."""
        values = {write.value for write in self._last()}
        return values if any(write.sure for write in self.writes) else values | {self.initial}

    def _last(self) -> Iterator[Write]:
        """A write was not the last if another one, which is sure, began after its end."""
        latest = max((write.began for write in self.writes if write.sure), default=-inf)
        return (write for write in self.writes if write.ended >= latest)


@dataclass(slots=True)
class Model:
    """Everything that writers were told. `wrong` has what cannot be true, in sentences."""

    keywords: dict[str, Row] = field(default_factory=dict)
    mentions: dict[Identity, Row] = field(default_factory=dict)
    claimed: set[Hashable] = field(default_factory=set)
    """Mentions and leads of which somebody was told that they had created them."""
    leads: dict[str, Row] = field(default_factory=dict)
    integrations: dict[str, Row] = field(default_factory=dict)
    logs: dict[str, Row] = field(default_factory=dict)
    """By their messages, which occur once. What a log belongs to is its integration."""
    tokens: dict[str, tuple[Row, int]] = field(default_factory=dict)
    """Texts that one write each put into a lead, and how often it was sent."""
    perhaps: set[tuple[str, str, str]] = field(default_factory=set)
    """Owner, platform and id of posts that were sent, and of which nobody was told what became of them."""
    registers: dict[tuple[str, str], Register] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _alive: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def say(self, sentence: str) -> None:
        self.wrong.append(sentence)

    def add(self, kind: str, row: Row) -> Row:
        """A row that is there, and may be picked by everybody. One that is known already stays as it is."""
        known: dict[str, Row] = getattr(self, kind)
        if row.id not in known:
            known[row.id] = row
            self._alive.setdefault((kind, row.owner), []).append(row)
        return known[row.id]

    def claim(self, what: Hashable) -> None:
        """Somebody was told to have created it, which only one can be."""
        if what in self.claimed:
            self.say(f"{what} was created twice.")
        self.claimed.add(what)

    def add_mention(self, identity: Identity, row: Row) -> None:
        known = self.mentions.get(identity)
        if known is None:
            self.mentions[identity] = row
            self._alive.setdefault(("mentions", row.owner), []).append(row)
        elif known.id != row.id:
            self.say(f"The mention {identity} has two ids: {known.id} and {row.id}.")

    def check_lost_lead(self, mention: Row, at: float) -> None:
        """A lead was created before, it is said, and is no more: then somebody has deleted it."""
        leads = [lead for lead in self.leads.values() if lead.parent is mention]
        if not mention.may_be_gone(at) and not any(lead.may_be_gone(at) for lead in leads):
            self.say(f"A lead of {mention.id} is lost, and nobody had deleted it.")

    def pick(self, choose: Random, kind: str, owner: str) -> Row | None:
        """One of the owner's rows that are not known to be gone; None where there is none."""
        alive = self._alive.get((kind, owner), [])
        while alive:
            place = choose.randrange(len(alive))
            if not alive[place].is_known_gone:
                return alive[place]
            alive[place] = alive[-1]
            alive.pop()
        return None

    def number(self, kind: str, owner: str) -> int:
        """How many there are to pick from, about."""
        return len(self._alive.get((kind, owner), []))

    def acknowledged(self) -> dict[str, int]:
        """How many things of each kind writers were told of, which the proof looks for."""
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
