"""The changes that a field of the subscription's root follows, and the root value of each of its events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from db.models import Base, ChangeKind
from resolvers.entities import entity_of
from services.changes.feed import Event

Resolver = TypeVar("Resolver", bound=Callable[..., Any])

FOLLOWS: Final = "follows"
MOST_ROWS: Final = 100
"""The most rows of one event. Further rows of the same transaction come in the next event."""


@dataclass(frozen=True, slots=True)
class Follows:
    """The entities and the kinds of change that a field follows.

    `personal` rows are told to their own user alone. A field that `merges` tells of all changes since its last event at
    once.
    """

    entities: frozenset[str]
    kinds: frozenset[ChangeKind] | None = None
    personal: bool = False
    merges: bool = False

    def tells(self, event: Event, user_id: int) -> bool:
        """Return whether the field may tell a viewer of the change."""
        return (
            event.entity in self.entities
            and (self.kinds is None or event.kind in self.kinds)
            and (not self.personal or event.user_id == user_id)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The changes of one event, at most `MOST_ROWS`, and the cursor after them."""

    events: Sequence[Event]
    cursor: str


def follows(
    *models: type[Base], kinds: Sequence[ChangeKind] | None = None, merges: bool = False
) -> Callable[[Resolver], Resolver]:
    """Return a decorator that states the changes which a subscription's resolver follows."""
    entities = [entity_of(each) for each in models]
    stated = Follows(
        frozenset(each.typename for each in entities),
        None if kinds is None else frozenset(kinds),
        any(each.personal for each in entities),
        merges,
    )

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, FOLLOWS, stated)
        return resolver

    return mark


def follows_of(resolver: Callable[..., Any]) -> Follows:
    """Return the changes that a subscription's resolver follows."""
    found: Follows = getattr(resolver, FOLLOWS)
    return found
