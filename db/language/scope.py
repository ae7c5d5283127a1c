"""Whose rows a read may see. Every read takes a scope; there is no default."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, FromClause, bindparam, false, func, true

from db.models import Base, User


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of one user, or of everybody (`user_id` None), which only operators and the system get."""

    user_id: int | None

    @property
    def everybody(self) -> bool:
        return self.user_id is None


EVERYBODY = Scope(None)
PARAMETER = "scope_user_id"


def visible(model: type[Base], *, everybody: bool, table: FromClause | None = None) -> ColumnElement[bool]:
    """The condition that keeps other people's rows out of a statement, of the model's table or an alias of it."""
    if everybody:
        return true()
    columns = (model.__table__ if table is None else table).c
    owner = columns["id" if model is User else "user_id"]
    return owner == bindparam(PARAMETER, type_=BigInteger)


def visible_among(
    model: type[Base], *, by: str = "id", everybody: bool, table: FromClause | None = None
) -> ColumnElement[bool]:
    """The same for rows that keys have found in the column `by`, written so that the planner checks it on them: it
    is not tempted to walk all rows of the user instead, and does not reckon that only a few of them are the user's.

    Where the keys are users, the user's rows are what is asked for. There the plain comparison tells the planner how
    many they are, who would else go by what users have on average.
    """
    condition = visible(model, everybody=everybody, table=table)
    return condition if everybody or by == "user_id" else func.coalesce(condition, false())
