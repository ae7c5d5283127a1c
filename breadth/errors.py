"""Field errors: collected while the operation runs, then sorted and located when the response is complete."""

from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import GraphQLError, located_error

from breadth.plan import Field
from breadth.response_slots import Address, RowBlock, Slots, address_of, path_of, propagate_null


class Failure(NamedTuple):
    """An error of a slot.

    `turn` counts how often the operation had waited before. `null_boundary` is the address of the slot that became
    null. `slots` and `position` name the failed slot.
    """

    turn: int
    address: Address
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
    _first_propagations: dict[Address, tuple[int, Address]] = field(default_factory=dict)

    def add(self, slots: Slots, index: int, error: Exception, *, after_items: int | None = None) -> None:
        """Record an error and make the slot's null boundary null.

        `after_items` is given for an iterable that failed: the number of items that it returned before.
        """
        address = address_of(slots, index)
        null_boundary = propagate_null(slots, index)
        self.root_is_null = self.root_is_null or null_boundary == ()
        if after_items is not None:
            address = (*address, after_items)
        self._found.append(Failure(self.turn, address, null_boundary, error, slots, index))
        if null_boundary != address:
            self.propagated += 1
            when = (self.turn, address)
            self._first_propagations[null_boundary] = min(
                when, self._first_propagations.get(null_boundary, when)
            )

    def is_discarded(self, block: RowBlock, row: int, field: Field) -> bool:
        """Return whether an earlier failure has removed a field of a row from the response.

        A failure is earlier if a depth-first execution meets it before the field. A discarded field cannot
        contribute data or errors.
        """
        if block.is_attached(row) and not self.root_is_null:
            return False
        address = (*address_of(block.slots, row), field.order)
        now = (self.turn, address)
        return any(
            self._first_propagations.get(address[:length], now) < now for length in range(len(address))
        )

    def report(self) -> list[GraphQLError] | None:
        """Return the response's errors, in order of turn and then of a depth-first execution.

        Of several errors with the same null boundary, only the first is reported. Errors below a null are
        reported only if they come before the error that caused the null.
        """
        boundaries: set[Address] = set()
        reported: list[GraphQLError] = []
        for failure in sorted(self._found, key=lambda each: (each.turn, each.address)):
            boundary = failure.null_boundary
            if any(boundary[:length] in boundaries for length in range(len(boundary) + 1)):
                continue
            boundaries.add(boundary)
            reported.append(_located(failure))
        return reported or None


def _located(failure: Failure) -> GraphQLError:
    path = path_of(failure.slots, failure.position)
    return located_error(failure.error, failure.slots.field.nodes, path)
