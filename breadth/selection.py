"""The selection that breadth passes to a set resolver that asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields that are selected of the objects that a set resolver returns.

    `names` are the fields' names in the schema, not their aliases. `@skip` and `@include` are applied already.
    """

    names: frozenset[str]
