"""Errors of fields: kept as they come, located and sorted when the answer is complete."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from graphql import GraphQLError, located_error

from breadth.places import Address, Frame, Places, address_of, cut_off, path_of

if TYPE_CHECKING:
    from breadth.plan import Field


class Failure(NamedTuple):
    """`turn` is how often had been waited before; `nulled` the place that became null."""

    turn: int
    address: Address
    nulled: Address
    error: Exception
    places: Places
    place: int


@dataclass(slots=True, eq=False)
class Failures:
    """The failures of one request. `cuts` is how many have taken more with them than their own places."""

    turn: int = 0
    cuts: int = 0
    root_is_null: bool = False
    _found: list[Failure] = field(default_factory=list)
    _first_cuts: dict[Address, tuple[int, Address]] = field(default_factory=dict)

    def add(self, places: Places, index: int, error: Exception, *, behind: int | None = None) -> None:
        """Makes the failed place null, or what is around it. A list that failed after some of its items stands
        `behind` them.
        """
        address = address_of(places, index)
        nulled = cut_off(places, index)
        self.root_is_null = self.root_is_null or nulled == ()
        if behind is not None:
            address = (*address, behind)
        self._found.append(Failure(self.turn, address, nulled, error, places, index))
        if nulled != address:
            self.cuts += 1
            when = (self.turn, address)
            self._first_cuts[nulled] = min(when, self._first_cuts.get(nulled, when))

    def make_pointless(self, frame: Frame, row: int, field: "Field") -> bool:
        """Whether a field of a row has been cut off by a failure that a depth-first execution would have come
        by before the field: then it has no part in the answer, and none of its errors can be reported.
        """
        if frame.is_attached(row) and not self.root_is_null:
            return False
        address = (*address_of(frame.places, row), field.order)
        now = (self.turn, address)
        return any(self._first_cuts.get(address[:length], now) < now for length in range(len(address)))

    def report(self) -> list[GraphQLError] | None:
        """The errors of the answer: of each null, the first that a depth-first execution would have come by,
        and none below it that would have come later.
        """
        nulled: set[Address] = set()
        reported: list[GraphQLError] = []
        for failure in sorted(self._found, key=lambda each: (each.turn, each.address)):
            if any(failure.nulled[:length] in nulled for length in range(len(failure.nulled) + 1)):
                continue
            nulled.add(failure.nulled)
            reported.append(_located(failure))
        return reported or None


def _located(failure: Failure) -> GraphQLError:
    path = path_of(failure.places, failure.place)
    return located_error(failure.error, failure.places.field.nodes, path)
