"""The place of each table on a database that is distributed by user.

A distributed table has one part on each server, by the hash of its distribution column. Parts of the same users are
together, so that joins and foreign keys between them stay on one server. A reference table has a copy on each server.
A local table stays on the server to which the product connects.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from db.models import Backfill, BackgroundTask, Base, ChangeFeed, SchemaSupport, User
from db.models.base import models


class Placement(StrEnum):
    DISTRIBUTED = "distributed"
    REFERENCE = "reference"
    LOCAL = "local"


class Place(NamedTuple):
    """The placement of a table that has no rows of users, and the reason."""

    placement: Placement
    reason: str


OF_ALL: Final[dict[type[Base], Place]] = {
    ChangeFeed: Place(
        Placement.REFERENCE, "One row, which reads of the feed join with the changes of a user."
    ),
    Backfill: Place(Placement.LOCAL, "The progress of commands."),
    BackgroundTask: Place(Placement.LOCAL, "The leases of workers."),
    SchemaSupport: Place(Placement.LOCAL, "Read when a server starts."),
}
"""The tables without rows of users."""

UNLIMITED_KEYS: Final = {
    "uq_users_email": "An e-mail address belongs to one user of all. No server sees all users, so that the key becomes a "
    "plain index. Create users one after the other.",
}
"""The unique keys that a distributed database cannot have, by name, with the reason and what follows."""

FOREIGN_USERS: Final = {
    "fk_leads_assignee_user_id": "The assignee may be an operator, whose row is on another server. A deletion of the "
    "assignee leaves the column, until the task that deletes users clears it.",
}
"""The foreign keys that a distributed database cannot have, by name, with the reason and what follows."""


class UnplacedTableError(Exception):
    """A table has no placement."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"The table {table} has no column `user_id` and no place. Add the column, or a place to db/sharding/tables.py."
        )


def distribution_column(model: type[Base]) -> str | None:
    """Return the column by which the table is distributed, or None. Raise `UnplacedTableError` without a place."""
    if model is User:
        return "id"
    if model in OF_ALL:
        return None
    if "user_id" not in model.__table__.c:
        raise UnplacedTableError(model.__tablename__)
    return "user_id"


def distributed() -> dict[str, str]:
    """Return the distribution columns by table: users first, then the other tables by name."""
    found = {model.__tablename__: distribution_column(model) for model in models()}
    first = {User.__tablename__: "id"}
    return first | {table: column for table, column in found.items() if column is not None}


def placed(placement: Placement) -> list[str]:
    """Return the tables of the placement, by name."""
    if placement is Placement.DISTRIBUTED:
        return list(distributed())
    return sorted(model.__tablename__ for model, place in OF_ALL.items() if place.placement is placement)
