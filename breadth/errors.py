"""Errors of fields: kept as they come, located and sorted when the answer is complete."""

from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import GraphQLError, located_error

from breadth.places import Address, Places, address_of, cut_off, path_of


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
    """The failures of one request."""

    turn: int = 0
    spread: bool = False  # whether a failure has taken more with it than its own place
    root_is_null: bool = False
    _found: list[Failure] = field(default_factory=list)

    def add(self, places: Places, index: int, error: Exception, *, behind: int | None = None) -> None:
        """Makes the failed place null, or what is around it. A list that failed after some of its items stands
        `behind` them.
        """
        address = address_of(places, index)
        nulled = cut_off(places, index)
        self.spread = self.spread or nulled != address
        self.root_is_null = self.root_is_null or nulled == ()
        if behind is not None:
            address = (*address, behind)
        self._found.append(Failure(self.turn, address, nulled, error, places, index))

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
