"""Changes of many leads, each in one statement."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    column,
    func,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.sql.dml import ReturningUpdate, Update

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import moment
from db.language.scope import EVERYBODY, Scope, visible_among
from db.language.shape import SEARCH, columns
from db.models import Lead
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter

_LEADS = table_of(Lead)
_ASSIGNEE = bindparam("assignee_id", type_=BigInteger)
_FIRST_TIMES = ("contacted_at", "qualified_at", "converted_at", "disqualified_at")


class Reference(NamedTuple):
    """An external reference, unique among the leads of a user."""

    user_id: int
    external_reference: str | None


@statement
def _set_lead_statuses(*, everybody: bool) -> ReturningUpdate[Any]:
    types = {
        "id": BigInteger,
        "status": Text,
        "disqualify_reason": Text,
        **dict.fromkeys(_FIRST_TIMES, Boolean),
    }
    given = rows_parameter("leads", types)
    first_times = {
        name: case((given.c[name], func.coalesce(_LEADS.c[name], moment())), else_=_LEADS.c[name])
        for name in _FIRST_TIMES
    }
    same = _LEADS.c.status == given.c.status
    return (
        update(_LEADS)
        .values(
            status=given.c.status,
            disqualify_reason=given.c.disqualify_reason,
            status_changed_at=case((same, _LEADS.c.status_changed_at), else_=moment()),
            version=_LEADS.c.version + 1,
            updated_at=moment(),
            **first_times,
        )
        .where(_LEADS.c.id == given.c.id, visible_among(Lead, everybody=everybody))
        .returning(*columns(Lead))
    )


async def set_statuses(writer: Writer, scope: Scope, rows: Sequence[Mapping[str, object]]) -> list[Lead]:
    """Set status and reason of each lead, and return the visible leads, unordered.

    A row has the lead's `id`, `status` and `disqualify_reason`, and True for each timestamp column to fill with the
    current time. Columns with a value keep it.
    """
    return await writer.fetch(
        Lead, _set_lead_statuses(everybody=scope.everybody), scope, leads=[dict(row) for row in rows]
    )


@statement
def _update_leads(names: tuple[str, ...], *, everybody: bool) -> ReturningUpdate[Any]:
    types = {name: Integer if name == SEARCH else _LEADS.c[name].type for name in names}
    given = rows_parameter("leads", {"id": BigInteger, **types})
    values: dict[str, Any] = {name: given.c[name] for name in names}
    conditions = [_LEADS.c.id == given.c.id, visible_among(Lead, everybody=everybody)]
    if SEARCH in names:
        # JSON has no lexemes: each row has the place of its lexemes in an array.
        array = func.unnest(bindparam("lexemes", type_=ARRAY(TSVECTOR)))
        lexemes = array.table_valued(
            column(SEARCH, TSVECTOR), with_ordinality="place", name="lexemes"
        ).render_derived()
        values[SEARCH] = lexemes.c[SEARCH]
        conditions.append(lexemes.c.place == given.c[SEARCH])
    return (
        update(_LEADS)
        .values(version=_LEADS.c.version + 1, updated_at=moment(), **values)
        .where(*conditions)
        .returning(*columns(Lead))
    )


async def update_leads(
    writer: Writer, scope: Scope, names: Sequence[str], rows: Sequence[Mapping[str, object]]
) -> list[Lead]:
    """Set the named columns of each lead to the values of its row, and return the visible leads, unordered.

    Raise `ConstraintError` if the values break a constraint.
    """
    leads = [{name: _json(value) for name, value in row.items()} for row in rows]
    sent = _update_leads(tuple(names), everybody=scope.everybody)
    if SEARCH not in names:
        return await writer.fetch(Lead, sent, scope, leads=leads)
    lexemes = [row[SEARCH] for row in rows]
    placed = [{**lead, SEARCH: place} for place, lead in enumerate(leads, 1)]
    return await writer.fetch(Lead, sent, scope, leads=placed, lexemes=lexemes)


def _json(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


@statement
def _owner_of_assigned() -> Select[Any]:
    return select(_LEADS.c.user_id).where(_LEADS.c.assignee_user_id == _ASSIGNEE).limit(1)


async def owner_of_assigned(reader: Reader, assignee_id: int) -> int | None:
    """Return the ID of a user who owns leads that the assignee works on, or None without such leads."""
    found = await reader.fetch_values(_owner_of_assigned(), EVERYBODY, assignee_id=assignee_id)
    return int(found[0]["user_id"]) if found else None


@statement
def _unassign() -> Update:
    some = select(_LEADS.c.id).where(
        _LEADS.c.assignee_user_id == _ASSIGNEE, _LEADS.c.user_id == bindparam("user_id", type_=BigInteger)
    )
    most = bindparam("most", type_=BigInteger)
    values = {"assignee_user_id": null(), "version": _LEADS.c.version + 1, "updated_at": moment()}
    return update(_LEADS).values(**values).where(_LEADS.c.id.in_(some.limit(most)))


async def unassign(writer: Writer, user_id: int, assignee_id: int, most: int) -> None:
    """Take the assignee from up to `most` leads of the user, whom the caller has locked."""
    given = {"user_id": user_id, "assignee_id": assignee_id, "most": most}
    await writer.fetch_values(_unassign(), EVERYBODY, **given)


@statement
def _references_of_others(*, everybody: bool) -> Select[Any]:
    given = rows_parameter("references", {"user_id": BigInteger, "external_reference": Text})
    same = (_LEADS.c.user_id == given.c.user_id, _LEADS.c.external_reference == given.c.external_reference)
    return (
        select(_LEADS.c.user_id, _LEADS.c.external_reference)
        .join_from(given, _LEADS, and_(*same))
        .where(~(_LEADS.c.id == any_(keys_parameter())), visible_among(Lead, everybody=everybody))
    )


async def references_of_others(
    writer: Writer, scope: Scope, references: Sequence[Reference], ids: Sequence[int]
) -> frozenset[Reference]:
    """Return those of the references that a lead with another ID than the given ones has."""
    found = await writer.fetch_values(
        _references_of_others(everybody=scope.everybody),
        scope,
        keys=ids,
        references=[reference._asdict() for reference in references],
    )
    return frozenset(Reference(*row) for row in found)


@statement
def _clear_references(*, everybody: bool) -> Update:
    return (
        update(_LEADS)
        .values(external_reference=null(), updated_at=moment())
        .where(_LEADS.c.id == any_(keys_parameter()), visible_among(Lead, everybody=everybody))
    )


async def clear_references(writer: Writer, scope: Scope, ids: Sequence[int]) -> None:
    """Set the external references of the leads to null."""
    await writer.fetch_values(_clear_references(everybody=scope.everybody), scope, keys=ids)
