"""Field errors: collected while the operation runs, then sorted and located when the response is complete."""

from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import GraphQLError, located_error

from breadth.plan import Field
from breadth.response_slots import Address, RowBlock, Slots, address_of, path_of, propagate_null


class When(NamedTuple):
    """The order of failures, which is that of graphql-core as far as breadth can know it.

    `turn` counts how often the operation had waited before. A null that passes awaited slots is `late`: while it
    is on its way, graphql-core still finds the other errors of the turn. The rest is in depth-first order.
    """

    turn: int
    late: bool
    address: Address


class Failure(NamedTuple):
    """An error of a slot, which is the one at `position` in `slots`, and the address of the slot made null."""

    when: When
    null_boundary: Address
    error: Exception
    slots: Slots
    position: int


@dataclass(slots=True, eq=False)
class Failures:
    """The failures of one request. `propagated` counts those whose null reached beyond the failed slot."""

    turn: int = 0
    propagated: int = 0
    root_is_null: bool = False
    _found: list[Failure] = field(default_factory=list)
    _first_propagations: dict[Address, When] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, slots: Slots, index: int, error: Exception, *, after_items: int | None = None) -> None:
        """Record an error and make the slot's null boundary null.

        `after_items` is given for an iterable that failed: the number of items that it returned before.
        """
        address = address_of(slots, index)
        null_boundary, passed_awaited = propagate_null(slots, index)
        self.root_is_null = self.root_is_null or null_boundary == ()
        if after_items is not None:
            address = (*address, after_items)
        when = When(self.turn, passed_awaited, address)
        self._found.append(Failure(when, null_boundary, error, slots, index))
        if null_boundary != address:
            self.propagated += 1
            self._first_propagations[null_boundary] = min(
                when, self._first_propagations.get(null_boundary, when)
            )

    def is_discarded(self, block: RowBlock, row: int, field: Field) -> bool:
        """Return whether an earlier failure has removed a field of a row from the response.

        A discarded field cannot contribute data or errors.
        """
        if block.is_attached(row) and not self.root_is_null:
            return False
        address = (*address_of(block.slots, row), field.order)
        now = When(self.turn, late=False, address=address)
        return any(
            self._first_propagations.get(address[:length], now) < now for length in range(len(address))
        )

    def has_below(self, address: Address) -> bool:
        """Return whether a slot, or one below it, has failed."""
        length = len(address)
        return any(each.when.address[:length] == address for each in self._found)

    def report(self) -> list[GraphQLError] | None:
        """Return the errors of the response in their order.

        Of several errors with the same null boundary, only the first is reported. Errors below a null are
        reported only if they come before the error that caused the null.
        """
        boundaries: set[Address] = set()
        reported: list[GraphQLError] = []
        for failure in sorted(self._found, key=lambda each: each.when):
            boundary = failure.null_boundary
            if any(boundary[:length] in boundaries for length in range(len(boundary) + 1)):
                continue
            boundaries.add(boundary)
            path = path_of(failure.slots, failure.position)
            reported.append(located_error(failure.error, failure.slots.field.nodes, path))
        return reported or None
