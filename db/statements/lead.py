"""Leads: insert from mentions, change the status, and record events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import Insert, ReturningInsert, ReturningUpdate

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.layout import unique_key
from db.language.moment import TIMESTAMPS, moment
from db.language.scope import EVERYBODY, Scope, placed, visible_among
from db.language.shape import columns
from db.models import Lead, LeadEvent, LeadEventType, LeadOrigin, LeadStatus, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter, new_parameters, new_values, rows_parameter

_LEADS, _EVENTS, _MENTIONS = table_of(Lead), table_of(LeadEvent), table_of(Mention)
_PARENTS = ["mention_id", "user_id", "keyword_id"]
_MOMENTS = [*TIMESTAMPS, "status_changed_at"]


@statement
def _insert_lead(names: tuple[str, ...], *, everybody: bool) -> ReturningInsert[Any]:
    new, moments = new_parameters(_LEADS, names).values(), [moment() for _ in _MOMENTS]
    mention = select(_MENTIONS.c.id, _MENTIONS.c.user_id, _MENTIONS.c.keyword_id, *new, *moments).where(
        _MENTIONS.c.id == any_(keys_parameter()), visible_among(Mention, everybody=everybody)
    )
    return (
        insert(_LEADS)
        .from_select([*_PARENTS, *names, *_MOMENTS], mention)
        .on_conflict_do_nothing(index_elements=unique_key("mention_id"))
        .returning(*columns(Lead))
    )


async def insert_lead(
    writer: Writer, scope: Scope, mention_id: int, values: Mapping[str, object]
) -> Lead | None:
    """Insert a lead for the mention. Return None if the mention has a lead or is not visible.

    Raise `ConstraintError` if the values break a constraint.
    """
    sent = _insert_lead(tuple(sorted(values)), everybody=scope.everybody)
    return await writer.fetch_one(Lead, sent, scope, keys=[mention_id], **new_values(values))


@dataclass(frozen=True, slots=True)
class ScoredLead:
    """A new lead of a mention, with its score."""

    mention_id: int
    score: int
    score_breakdown: Mapping[str, Any]


class MadeLead(NamedTuple):
    """A new lead, and its user."""

    id: int
    user_id: int


@statement
def _insert_auto_leads() -> ReturningInsert[Any]:
    types = {"mention_id": BigInteger, "score": Integer, "score_breakdown": JSONB}
    new = rows_parameter("leads", types)
    values = {
        **{name: _MENTIONS.c["id" if name == "mention_id" else name] for name in _PARENTS},
        "origin": literal(LeadOrigin.AUTO, Text),
        "score": new.c.score,
        "score_breakdown": new.c.score_breakdown,
        "score_version": bindparam("version", type_=Text),
        **{name: moment() for name in _MOMENTS},
    }
    rows = (
        select(*values.values())
        .join_from(new, _MENTIONS, _MENTIONS.c.id == new.c.mention_id)
        .order_by(_MENTIONS.c.id)
    )
    return (
        insert(_LEADS)
        .from_select(list(values), rows)
        .on_conflict_do_nothing(index_elements=unique_key("mention_id"))
        .returning(_LEADS.c.id, _LEADS.c.user_id, _LEADS.c.mention_id)
    )


async def insert_auto_leads(writer: Writer, leads: Sequence[ScoredLead], version: str) -> dict[int, MadeLead]:
    """Insert leads of origin AUTO. Return the new leads by the ID of their mention.

    Mentions that have a lead are absent. `version` is of the score.
    """
    sent = _insert_auto_leads()
    rows = [asdict(lead) for lead in leads]
    found = await writer.fetch_values(sent, EVERYBODY, leads=rows, version=version)
    return {row["mention_id"]: MadeLead(row["id"], row["user_id"]) for row in found}


@statement
def _set_lead_status(reached: tuple[str, ...], *, everybody: bool) -> ReturningUpdate[Any]:
    return (
        update(_LEADS)
        .values(
            status=bindparam("status", type_=Text),
            disqualify_reason=bindparam("reason", type_=Text),
            status_changed_at=moment(),
            version=_LEADS.c.version + 1,
            updated_at=moment(),
            **{name: func.coalesce(_LEADS.c[name], moment()) for name in reached},
        )
        .where(_LEADS.c.id == any_(keys_parameter()), visible_among(Lead, everybody=everybody))
        .returning(*columns(Lead))
    )


async def set_status(
    writer: Writer,
    scope: Scope,
    lead_id: int,
    status: LeadStatus,
    reason: str | None,
    reached: Sequence[str],
) -> Lead | None:
    """Set the lead's status. Return None if the lead is not visible.

    `reached` names the timestamp columns to fill with the current time. Columns with a value keep it.
    """
    sent = _set_lead_status(tuple(reached), everybody=scope.everybody)
    return await writer.fetch_one(Lead, sent, scope, keys=[lead_id], status=status, reason=reason)


@dataclass(frozen=True, slots=True)
class DeletedLead:
    """The IDs of a deleted lead and of the rows whose counters changed."""

    id: int
    mention_id: int
    keyword_id: int
    user_id: int


@statement
def _delete_lead(*, everybody: bool) -> Select[Any]:
    gone = (
        delete(_LEADS)
        .where(_LEADS.c.id == any_(keys_parameter()), visible_among(Lead, everybody=everybody))
        .returning(_LEADS.c.id, _LEADS.c.mention_id, _LEADS.c.keyword_id, _LEADS.c.user_id)
        .cte("gone")
    )
    marked = (
        update(_MENTIONS)
        .where(_MENTIONS.c.id == gone.c.mention_id, placed(Mention, everybody=everybody))
        .values(lead_deleted_at=moment())
        .cte("marked")
    )
    return select(gone.c.id, gone.c.mention_id, gone.c.keyword_id, gone.c.user_id).add_cte(marked)


async def delete_lead(writer: Writer, scope: Scope, lead_id: int) -> DeletedLead | None:
    """Delete the lead, and mark its mention, so that no rule makes the lead again.

    Return None if the lead is not visible.
    """
    found = await writer.fetch_values(_delete_lead(everybody=scope.everybody), scope, keys=[lead_id])
    return DeletedLead(**dict(found[0])) if found else None


class NewEvent(TypedDict, total=False):
    """A new event of a lead. `data` is JSON."""

    lead_id: int
    user_id: int
    actor_user_id: int | None
    type: LeadEventType
    from_status: LeadStatus | None
    to_status: LeadStatus | None
    data: Mapping[str, object]


@statement
def _insert_lead_events() -> Insert:
    types = {
        "lead_id": BigInteger,
        "user_id": BigInteger,
        "actor_user_id": BigInteger,
        "type": Text,
        "from_status": Text,
        "to_status": Text,
        "data": JSONB,
    }
    events = rows_parameter("events", types)
    rows = select(*(events.c[name] for name in types), moment())
    return insert(_EVENTS).from_select([*types, "created_at"], rows)


async def insert_events(writer: Writer, events: Sequence[NewEvent]) -> None:
    """Insert the events in order. `user_id` is the user of the lead."""
    complete = [{"data": {}, **event} for event in events]
    await writer.fetch_values(_insert_lead_events(), EVERYBODY, events=complete)
