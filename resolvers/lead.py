from dataclasses import dataclass
from typing import Any, cast

from db.engine.writer import Writer
from db.language.keyset import NEWEST_FIRST
from db.models import Keyword, Lead, LeadEvent, LeadOrigin, Mention, User
from resolvers.framework.context import Context
from resolvers.framework.filter_input import public
from resolvers.framework.global_id import TYPENAMES, encode, row_id
from resolvers.framework.mutation import mutation, values_of
from resolvers.framework.paging import Listing
from resolvers.framework.payload import Payload
from resolvers.framework.relation import by_id, children, everything, parent
from services import lead as service
from services.accounts.api_key import WRITE_LEADS
from services.lead import LeadValues

lead = by_id(Lead)
leads = everything(Listing(Lead, NEWEST_FIRST, counter="leads_count"))
user = parent(User, "user_id")
mention = parent(Mention, "mention_id", shared=False)
keyword = parent(Keyword, "keyword_id")
assignee = parent(User, "assignee_user_id")
events = children(Listing(LeadEvent, NEWEST_FIRST, parent="lead_id"))
lead_of_event = parent(Lead, "lead_id")
actor_of_event = parent(User, "actor_user_id")


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after, as texts; both None where the history does not tell them."""

    field: str
    old: str | None
    new: str | None


def changes_of(data: dict[str, Any]) -> list[Change]:
    """The changes that an event's data tell, in the order in which they were made."""
    return [Change(*_written(name, *told)) for name, told in data.get("changes", {}).items()]


def _written(name: str, old: Any, new: Any) -> tuple[str, str | None, str | None]:
    if name == "assignee_user_id":
        tag = TYPENAMES[User]
        return "assigneeId", old and encode(tag, old), new and encode(tag, new)
    return public(name), old, new


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPayload(Payload):
    """The lead as it is now, whether it was made now, or the id of one that is gone."""

    lead: Lead | None = None
    created: bool = False
    deleted_id: int | None = None


writes = mutation(WRITE_LEADS, LeadPayload)


def _values(asked: Any) -> LeadValues:
    values = values_of(asked, *LeadValues.__annotations__, "assignee_id")
    if "assignee_id" in values:
        id_ = values.pop("assignee_id")
        values["assignee_user_id"] = None if id_ is None else row_id(id_, User)
    return cast("LeadValues", values)


def _version(asked: Any) -> int | None:
    """The version that the caller has seen; None where they did not say."""
    seen: int | None = values_of(asked).get("expected_version")
    return seen


@writes
async def create_lead(writer: Writer, context: Context, asked: Any) -> LeadPayload:
    origin: LeadOrigin = asked.origin or LeadOrigin.MANUAL
    mention_id = row_id(asked.mention_id, Mention)
    made, is_new = await service.create(writer, context.viewer, mention_id, _values(asked), origin)
    return LeadPayload(lead=made, created=is_new)


@writes
async def update_lead(writer: Writer, context: Context, asked: Any) -> LeadPayload:
    lead_id = row_id(asked.id, Lead)
    changed = await service.update(writer, context.viewer, lead_id, _values(asked), _version(asked))
    return LeadPayload(lead=changed)


@writes
async def change_lead_status(writer: Writer, context: Context, asked: Any) -> LeadPayload:
    lead_id = row_id(asked.id, Lead)
    reason = asked.disqualify_reason or None
    changed = await service.change_status(
        writer, context.viewer, lead_id, asked.status, reason, _version(asked)
    )
    return LeadPayload(lead=changed)


@writes
async def delete_lead(writer: Writer, context: Context, asked: Any) -> LeadPayload:
    lead_id = row_id(asked.id, Lead)
    return LeadPayload(deleted_id=await service.delete(writer, context.viewer, lead_id, _version(asked)))
