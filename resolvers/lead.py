from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import Keyword, Lead, LeadEvent, LeadOrigin, Mention, User
from loaders.same_contact import MOST_SAME_CONTACT, SameContactByLead
from resolvers.entities import USER
from resolvers.framework.context import Context
from resolvers.framework.global_id import encode, row_id
from resolvers.framework.mutation import mutation, takes, values_as, values_of
from resolvers.framework.names import public
from resolvers.framework.payload import Payload
from resolvers.framework.relation import parent
from resolvers.framework.requires import OWN_JOINS, requires
from resolvers.stats import Money
from services import lead as service
from services.accounts.api_key import WRITE_LEADS
from services.lead import LeadValues

__all__ = ["MOST_SAME_CONTACT"]

USER_COLUMNS = frozenset(
    column.name
    for column in Lead.__table__.columns
    if any(key.column.table is User.__table__ for key in column.foreign_keys)
)
"""The columns of leads that hold the ID of a user, such as `assignee_user_id`."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after a change, as strings. Both are None if the history does not store them."""

    field: str
    old: str | None
    new: str | None


@requires("data", loads=0)
async def changes(events: Sequence[LeadEvent], context: Context) -> Sequence[list[Change]]:
    """Return the changes of each event. The IDs of users whom the viewer may not see are hidden."""
    shows = context.viewer.scope.shows_user
    return [
        [_change(name, old, new, shows) for name, (old, new) in event.data.get("changes", {}).items()]
        for event in events
    ]


def _change(name: str, old: Any, new: Any, shows: Callable[[int], bool]) -> Change:
    if name in USER_COLUMNS:
        field = public(name.replace("_user_id", "_id"))
        return Change(
            field, *(encode(USER.typename, id_) if id_ and shows(id_) else None for id_ in (old, new))
        )
    return Change(public(name), old, new)


@requires("value", "currency", loads=0)
async def expected_value(leads: Sequence[Lead], context: Context) -> Sequence[Money | None]:  # noqa: ARG001 - no resolver is without
    return [
        None if lead.value is None or lead.currency is None else Money(lead.value, lead.currency)
        for lead in leads
    ]


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule that created a lead: the keyword's threshold, and the lead's score at that time."""

    auto_lead_score: int
    score: int


@requires("data", loads=0)
async def rules_of(events: Sequence[LeadEvent], context: Context) -> Sequence[Rule | None]:  # noqa: ARG001 - no resolver is without
    return [Rule(**event.data["rule"]) if "rule" in event.data else None for event in events]


@requires(loads=1, joins=OWN_JOINS, models=SameContactByLead().models)
async def same_contact(leads: Sequence[Lead], context: Context) -> Sequence[Sequence[Lead]]:
    return await context.load(SameContactByLead(), [lead.id for lead in leads])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPayload(Payload):
    """The lead, whether the mutation created it, or the ids of a deleted lead and of the rows it belonged to."""

    lead: Lead | None = None
    created: bool = False
    deleted_id: int | None = None
    mention_id: int | None = None
    keyword_id: int | None = None
    user_id: int | None = None


writes = mutation(WRITE_LEADS, LeadPayload)
mention_of_payload = parent(Mention, "mention_id")
keyword_of_payload = parent(Keyword, "keyword_id")
user_of_payload = parent(User, "user_id")


def lead_values(request: Any) -> LeadValues:
    values, given = values_as(LeadValues, request), values_of(request)
    if "assignee_id" in given:
        id_ = given["assignee_id"]
        values["assignee_user_id"] = None if id_ is None else row_id(id_, User)
    return values


def expected_version(request: Any) -> int | None:
    seen: int | None = values_of(request).get("expected_version")
    return seen


@takes(5)
@writes
async def create_lead(writer: Writer, context: Context, request: Any) -> LeadPayload:
    origin: LeadOrigin = request.origin or LeadOrigin.MANUAL
    mention_id = row_id(request.mention_id, Mention)
    made, is_new = await service.create(writer, context.viewer, mention_id, lead_values(request), origin)
    return LeadPayload(lead=made, created=is_new)


@takes(4)
@writes
async def update_lead(writer: Writer, context: Context, request: Any) -> LeadPayload:
    lead_id = row_id(request.id, Lead)
    changed = await service.update(
        writer, context.viewer, lead_id, lead_values(request), expected_version(request)
    )
    return LeadPayload(lead=changed)


@takes(4)
@writes
async def change_lead_status(writer: Writer, context: Context, request: Any) -> LeadPayload:
    lead_id = row_id(request.id, Lead)
    reason = request.disqualify_reason or None
    changed = await service.change_status(
        writer, context.viewer, lead_id, request.status, reason, expected_version(request)
    )
    return LeadPayload(lead=changed)


@takes(3)
@writes
async def delete_lead(writer: Writer, context: Context, request: Any) -> LeadPayload:
    gone = await service.delete(writer, context.viewer, row_id(request.id, Lead), expected_version(request))
    return LeadPayload(
        deleted_id=gone.id, mention_id=gone.mention_id, keyword_id=gone.keyword_id, user_id=gone.user_id
    )
