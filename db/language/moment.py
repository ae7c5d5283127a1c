"""The moment of a write: the time that a transaction stores in the rows of the users whom it locks.

The statement that locks users also takes the moment from the database's clock, and keeps it in
`users.last_write_at`. The moment is later than all earlier moments of these users. Of one user's rows, the
order in time is therefore the order of commit. The rows of a transaction share its moment, and the ID breaks
the tie.

`moment()` is a parameter that the `Writer` fills in. A transaction that has locked no user cannot use it.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, DateTime, bindparam
from sqlalchemy.types import TypeEngine

PARAMETER = "moment"
TIMESTAMPS = ("created_at", "updated_at")
"""The columns that an insert of a user's row sets to the moment."""


def moment() -> ColumnElement[datetime]:
    """Return the parameter for the moment of the transaction."""
    return bindparam(PARAMETER, type_=cast("TypeEngine[Any]", DateTime(timezone=True)))
