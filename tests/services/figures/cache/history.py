"""What was true when: the judge of figures that tasks and processes got while others wrote."""

from dataclasses import dataclass, field

TOLERANCE_SECONDS = 0.002
"""Between two clocks: as a figure's age is computed from the monotonic one."""


@dataclass(frozen=True, slots=True)
class State:
    """A user's row as a transaction left it, and a moment at which that was certainly visible."""

    version: int
    mentions: int
    visible_at: float


@dataclass(frozen=True, slots=True)
class Got:
    """A figure that somebody got, and what they could know: when they began, what their snapshot shows."""

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
    """All that happened to a user; the first state is the empty one."""

    bound: float
    states: list[State] = field(default_factory=lambda: [State(0, 0, 0)])

    def faults(self, got: Got) -> list[str]:
        """What is wrong about a figure; nothing if all promises are kept."""
        found = []
        if got.version != got.seen_version:
            found.append("of another version of the data than the caller sees")
        if got.max_age == 0 and got.mentions != got.seen_mentions:
            found.append("exact, and not what the caller's snapshot shows")
        allowed = self.bound if got.max_age is None else min(self.bound, got.max_age)
        if got.as_of < got.began_at - allowed - TOLERANCE_SECONDS:
            found.append(f"older by {got.began_at - allowed - got.as_of:.3f} s than allowed")
        if got.as_of > got.ended_at + TOLERANCE_SECONDS:
            found.append("of the future")
        if got.mentions < self._mentions_at(got.as_of - TOLERANCE_SECONDS):
            found.append("older than it says")
        if (got.version, got.mentions) not in {(state.version, state.mentions) for state in self.states}:
            found.append("what never was")
        return found

    def _mentions_at(self, moment: float) -> int:
        """The mentions that certainly were there at a moment; ingest only adds."""
        return max(state.mentions for state in self.states if state.visible_at <= moment)
