"""A checker of figures that were read during concurrent writes."""

from dataclasses import dataclass, field

TOLERANCE_SECONDS = 0.002
"""The allowed difference between the wall clock and the monotonic clock."""


@dataclass(frozen=True, slots=True)
class State:
    """A user's row after a transaction, and a time at which it was certainly visible."""

    version: int
    mentions: int
    visible_at: float


@dataclass(frozen=True, slots=True)
class Got:
    """A figure that a caller got, with the times of the call and the state of its snapshot."""

    began_at: float
    ended_at: float
    max_age: float | None
    version: int
    mentions: int
    as_of: float
    seen_version: int
    seen_mentions: int


@dataclass
class History:
    """All states of a user's row, starting with the empty one."""

    bound: float
    states: list[State] = field(default_factory=lambda: [State(0, 0, 0)])

    def faults(self, got: Got) -> list[str]:
        """Return the violated guarantees of a figure."""
        found = []
        if got.version != got.seen_version:
            found.append("has another data version than the caller's snapshot")
        if got.max_age == 0 and got.mentions != got.seen_mentions:
            found.append("is exact, but differs from the caller's snapshot")
        allowed = self.bound if got.max_age is None else min(self.bound, got.max_age)
        if got.as_of < got.began_at - allowed - TOLERANCE_SECONDS:
            found.append(f"is older by {got.began_at - allowed - got.as_of:.3f} s than allowed")
        if got.as_of > got.ended_at + TOLERANCE_SECONDS:
            found.append("is from the future")
        if got.mentions < self._mentions_at(got.as_of - TOLERANCE_SECONDS):
            found.append("is older than its timestamp")
        if (got.version, got.mentions) not in {(state.version, state.mentions) for state in self.states}:
            found.append("matches no state")
        return found

    def _mentions_at(self, moment: float) -> int:
        """Return the mentions that certainly existed at a time. Ingest only adds mentions."""
        return max(state.mentions for state in self.states if state.visible_at <= moment)
