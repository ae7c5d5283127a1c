"""The layout of the tables: as the revisions create it, or distributed by user (`db.sharding`).

A distributed database finds the place of a row by its user. Its unique keys contain the user, and the condition of a
member is a plain comparison, from which the planner tells the place.
"""

from typing import Final


class _Layout:
    """The layout of the database of this process. Set it before the first statement is built."""

    is_distributed = False


LAYOUT: Final = _Layout()


def unique_key(*columns: str) -> list[str]:
    """Return the columns of a unique key of a table with a column `user_id`, for ON CONFLICT."""
    return ["user_id", *columns] if LAYOUT.is_distributed else list(columns)
