from decimal import Decimal
from typing import Any

import strawberry

from db.models import Lead as Row
from db.models import LeadStatus as Status
from resolvers import lead as resolve
from schema.enums import LeadOrigin, LeadStatus
from schema.fields import SetWise, column
from schema.lazy_types import LeadRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload, ReplayedPayload
from services.accounts.api_key import WRITE_LEADS
from services.lead import (
    LARGEST_VALUE,
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_NOTES,
    LONGEST_REASON,
    LONGEST_TAG,
    MOST_TAGS,
    TRANSITIONS,
)

_ID = "Id of the lead."
_VALUE = f"Expected worth, 0 to {LARGEST_VALUE}, at most two decimals; together with `currency`."
_CURRENCY = "ISO 4217 code of the currency of `value`, such as EUR."
_NOTES = f"Notes, at most {LONGEST_NOTES} characters."
_TAGS = f"Tags, at most {MOST_TAGS} of {LONGEST_TAG} characters; in place of those that were there."
_ASSIGNEE = (
    "Who works on it: the user whose lead it is, or an operator, for nobody else can see it. Members can name "
    "only themselves. Null for nobody."
)
_REFERENCE = (
    f"The lead's id in a partner's system, at most {LONGEST_NAME} characters; two leads of a user cannot have "
    "the same."
)
_EXPECTED = (
    "The `version` that the caller has seen. If the lead is in another by now, nothing is written, and the error "
    "CONFLICT says in which."
)
_LEAD = "The lead as it is now; null where nothing was written."


def _name(what: str, longest: int = LONGEST_NAME) -> Any:
    return optional(f"{what}, at most {longest} characters. Null or an empty text for none.")


def _written_transitions() -> str:
    steps = (
        f"from {old.name} to {', '.join(new.name for new in Status if new in TRANSITIONS[old])}"
        for old in Status
    )
    return "; ".join(steps)


@strawberry.input(description="A mention to make a lead of, and what is known about it.")
class CreateLeadInput:
    mention_id: strawberry.ID = required("Id of the mention.")
    origin: LeadOrigin | None = optional("What makes the lead. MANUAL by default.")
    value: Decimal | None = optional(_VALUE)
    currency: str | None = optional(_CURRENCY)
    contact_name: str | None = _name("Name of the person to talk to")
    contact_handle: str | None = _name("Their name on the platform")
    contact_email: str | None = _name("Their e-mail address", LONGEST_EMAIL)
    company: str | None = _name("Their company")
    notes: str | None = optional(_NOTES)
    tags: list[str] | None = optional(_TAGS)
    assignee_id: strawberry.ID | None = optional(_ASSIGNEE)
    external_reference: str | None = optional(_REFERENCE)
    idempotency_key: str | None = idempotency_key()


@strawberry.input(
    description="What to change about a lead. What is left out stays; a null takes away what was there."
)
class UpdateLeadInput:
    id: strawberry.ID = required(_ID)
    expected_version: int | None = optional(_EXPECTED)
    value: Decimal | None = optional(_VALUE)
    currency: str | None = optional(_CURRENCY)
    contact_name: str | None = _name("Name of the person to talk to")
    contact_handle: str | None = _name("Their name on the platform")
    contact_email: str | None = _name("Their e-mail address", LONGEST_EMAIL)
    company: str | None = _name("Their company")
    notes: str | None = optional(f"{_NOTES} Cannot be null.")
    tags: list[str] | None = optional(f"{_TAGS} Cannot be null.")
    assignee_id: strawberry.ID | None = optional(_ASSIGNEE)
    external_reference: str | None = optional(_REFERENCE)


@strawberry.input(description="Where a lead stands from now on.")
class ChangeLeadStatusInput:
    id: strawberry.ID = required(_ID)
    status: LeadStatus = required("The status that it gets.")
    disqualify_reason: str | None = optional(
        f"Why it is given up, at most {LONGEST_REASON} characters; only with DISQUALIFIED."
    )
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Which lead to delete.")
class DeleteLeadInput:
    id: strawberry.ID = required(_ID)
    expected_version: int | None = optional(_EXPECTED)


@strawberry.type(description="What became of a lead to be made.")
class CreateLeadPayload(ReplayedPayload):
    lead: LeadRef | None = column("The mention's lead; null where nothing was written.")
    created: bool = column("Whether it is new. False where the mention had one, which stayed as it is.")


@strawberry.type(description="What became of a lead's change.")
class UpdateLeadPayload(Payload):
    lead: LeadRef | None = column(_LEAD)


@strawberry.type(description="What became of the change of a lead's status.")
class ChangeLeadStatusPayload(Payload):
    lead: LeadRef | None = column(_LEAD)


@strawberry.type(description="What became of a lead to be deleted.")
class DeleteLeadPayload(Payload):
    deleted_lead_id: strawberry.ID | None = encoded(
        Row, "The id that the lead had; null where none was deleted.", name="deleted_id"
    )


def _field(resolver: SetWise, given: type[Any], description: str) -> Any:
    return writes(resolver, given, scope=WRITE_LEADS, description=description)


@strawberry.type
class LeadMutation:
    """Fields of the mutation root."""

    create_lead: CreateLeadPayload | None = _field(
        resolve.create_lead,
        CreateLeadInput,
        "Makes a lead of a mention. A mention has one lead: where it has one already, that is the answer.",
    )
    update_lead: UpdateLeadPayload | None = _field(
        resolve.update_lead,
        UpdateLeadInput,
        "Changes what is known about a lead. Where anything changes, it gets the next version.",
    )
    change_lead_status: ChangeLeadStatusPayload | None = _field(
        resolve.change_lead_status,
        ChangeLeadStatusInput,
        f"Moves a lead along. It can go {_written_transitions()}; one that stands there already stays as it is. "
        "`contactedAt` and its like keep the first moment, and whoever reaches a status has reached those before it.",
    )
    delete_lead: DeleteLeadPayload | None = _field(
        resolve.delete_lead, DeleteLeadInput, "Deletes a lead with its history. The mention stays."
    )
