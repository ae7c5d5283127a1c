"""Row scopes: the users whose rows a statement may touch. Each read takes a scope, without a default."""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import BigInteger, ColumnElement, FromClause, bindparam, false, func, true

from db.language.layout import LAYOUT
from db.models import Base, User


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of one user, or all rows (`user_id` None), which only operators and the system may use."""

    user_id: int | None

    @property
    def everybody(self) -> bool:
        """Whether the scope covers all users."""
        return self.user_id is None

    def shows_user(self, user_id: int) -> bool:
        """Return whether the scope contains the user: members see only themselves."""
        return self.everybody or self.user_id == user_id


EVERYBODY = Scope(None)
PARAMETER = "scope_user_id"
USERS_KEPT = 10_000


@lru_cache(USERS_KEPT)
def scope_of_user(user_id: int) -> Scope:
    """Return the scope of one user, which several places of a request ask for."""
    return Scope(user_id)


def visible(model: type[Base], *, everybody: bool, table: FromClause | None = None) -> ColumnElement[bool]:
    """Return the condition that limits the model's table, or an alias of it, to the scope's user."""
    if everybody:
        return true()
    columns = (model.__table__ if table is None else table).c
    owner = columns["id" if model is User else "user_id"]
    return owner == bindparam(PARAMETER, type_=BigInteger)


def visible_among(
    model: type[Base], *, by: str = "id", everybody: bool, table: FromClause | None = None
) -> ColumnElement[bool]:
    """Return the condition of `visible` for rows that are found by keys in the column `by`.

    The planner cannot use the wrapped comparison for an index, and cannot estimate it. So it checks the
    condition on the found rows. With the plain comparison, it may scan all rows of the user, or assume that
    few found rows match.

    If the keys are users, the plain comparison is better. It tells the planner how many rows this user has,
    instead of the average. On a distributed database, the planner tells the server of the rows from the plain comparison.
    """
    condition = visible(model, everybody=everybody, table=table)
    is_plain = everybody or by == "user_id" or LAYOUT.is_distributed
    return condition if is_plain else func.coalesce(condition, false())


def placed(model: type[Base], *, everybody: bool, table: FromClause | None = None) -> ColumnElement[bool]:
    """Return the condition of `visible` on a distributed database, and a true one on another.

    The rows are found by other rows of the scope, so that the condition chooses none. It tells the planner their server.
    """
    return visible(model, everybody=everybody or not LAYOUT.is_distributed, table=table)
