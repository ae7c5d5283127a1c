from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import strawberry

from db.models import Lead as Row
from db.models import LeadOrigin, LeadStatus
from resolvers import lead as resolve
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef, LeadRef, MentionRef, UserRef
from schema.mutations.field import idempotency_key, nullable, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload
from services.accounts.api_key import WRITE_LEADS
from services.lead import (
    LARGEST_VALUE,
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_NOTES,
    LONGEST_REASON,
    LONGEST_TAG,
    MOST_TAGS,
    next_statuses,
)

_ID = "Global ID of the lead."
_VALUE = (
    f"Expected value, 0 to {LARGEST_VALUE}, with at most two decimals. A lead must have both `value` and `currency`, or "
    "neither."
)
_CURRENCY = "ISO 4217 code of the currency of `value`, such as EUR. A lead must have both `value` and `currency`, or neither."
_NOTES = f"Notes on the lead, at most {LONGEST_NOTES:,} characters."
_TAGS = f"Tags of the lead: at most {MOST_TAGS} tags of at most {LONGEST_TAG} characters."
_ASSIGNEE = (
    "Global ID of the user who works on the lead. Must be the owner of the lead or an operator. Members can name only "
    "themselves. Null leaves the lead unassigned."
)
_REFERENCE = (
    f"ID of the lead in a partner's system, at most {LONGEST_NAME} characters. Must be unique among the leads of a user. "
    "Null or an empty string for no ID."
)
_EXPECTED = (
    "The `version` of the lead that the caller has read. If the lead has another version, the mutation writes nothing "
    "and fails with CONFLICT. By default, the version is not checked."
)
_LEAD = "The lead after the mutation. After CONFLICT or INVALID_TRANSITION, the current lead. Null after any other error."
_DELETED = "Null if nothing was deleted, or the object was deleted since."


def _name(what: str, longest: int = LONGEST_NAME, *, of: Callable[[str], Any] = optional) -> Any:
    return of(f"{what}, at most {longest} characters. Null or an empty string if unknown.")


_clearable_name = partial(_name, of=nullable)


def _written_transitions() -> str:
    steps = (f"from {old.name} to {', '.join(new.name for new in next_statuses(old))}" for old in LeadStatus)
    return "; ".join(steps)


@strawberry.input(description="Input for creating a lead from a mention.")
class CreateLeadInput:
    mention_id: strawberry.ID = required("Global ID of the mention.")
    origin: LeadOrigin | None = optional("Origin of the lead. Defaults to MANUAL.")
    value: Decimal | None = optional(_VALUE)
    currency: str | None = optional(_CURRENCY)
    contact_name: str | None = _name("Name of the contact person")
    contact_handle: str | None = _name("Name of the contact person on the platform")
    contact_email: str | None = _name("Email address of the contact person", LONGEST_EMAIL)
    company: str | None = _name("Company of the contact person")
    notes: str | None = optional(f"{_NOTES} Defaults to an empty string.")
    tags: list[str] | None = optional(f"{_TAGS} Defaults to an empty list.")
    assignee_id: strawberry.ID | None = optional(_ASSIGNEE)
    external_reference: str | None = optional(_REFERENCE)
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="New values of a lead. Omitted fields stay unchanged. Null removes the value.")
class UpdateLeadsItemInput:
    id: strawberry.ID = required(_ID)
    expected_version: int | None = optional(_EXPECTED)
    value: Decimal | None = nullable(_VALUE)
    currency: str | None = nullable(_CURRENCY)
    contact_name: str | None = _clearable_name("Name of the contact person")
    contact_handle: str | None = _clearable_name("Name of the contact person on the platform")
    contact_email: str | None = _clearable_name("Email address of the contact person", LONGEST_EMAIL)
    company: str | None = _clearable_name("Company of the contact person")
    notes: str | None = nullable(f"{_NOTES} Null is not allowed.")
    tags: list[str] | None = nullable(f"{_TAGS} Replaces all existing tags. Null is not allowed.")
    assignee_id: strawberry.ID | None = nullable(_ASSIGNEE)
    external_reference: str | None = nullable(_REFERENCE)


@strawberry.input(
    description="Input for changing a lead. Omitted fields stay unchanged. Null removes the value."
)
class UpdateLeadInput(UpdateLeadsItemInput):
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="New status of a lead.")
class ChangeLeadStatusesItemInput:
    id: strawberry.ID = required(_ID)
    status: LeadStatus = required("New status of the lead.")
    disqualify_reason: str | None = optional(
        f"Reason for the disqualification, at most {LONGEST_REASON} characters. Allowed only with status DISQUALIFIED."
    )
    expected_version: int | None = optional(_EXPECTED)


@strawberry.input(description="Input for changing the status of a lead.")
class ChangeLeadStatusInput(ChangeLeadStatusesItemInput):
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for deleting a lead.")
class DeleteLeadInput:
    id: strawberry.ID = required(_ID)
    expected_version: int | None = optional(_EXPECTED)
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of creating a lead.")
class CreateLeadPayload(Payload):
    lead: LeadRef | None = column("The lead of the mention, new or existing. Null if the mutation failed.")
    created: bool = column(
        "Whether the lead is new. False if the mention already had a lead, which was not changed."
    )


@strawberry.type(description="Result of changing a lead.")
class UpdateLeadPayload(Payload):
    lead: LeadRef | None = column(_LEAD)


@strawberry.type(description="Result of changing the status of a lead.")
class ChangeLeadStatusPayload(Payload):
    lead: LeadRef | None = column(_LEAD)


@strawberry.type(description="Result of deleting a lead.")
class DeleteLeadPayload(Payload):
    deleted_lead_id: strawberry.ID | None = encoded(
        Row, "Global ID of the deleted lead. Null if nothing was deleted.", name="deleted_id"
    )
    lead: LeadRef | None = column("The current lead after CONFLICT. Null in all other cases.")
    mention: MentionRef | None = resolved_by(
        resolve.mention_of_payload, description=f"Mention of the deleted lead. {_DELETED}"
    )
    keyword: KeywordRef | None = resolved_by(
        resolve.keyword_of_payload,
        description=f"Keyword of the deleted lead, with the counters after the mutation. {_DELETED}",
    )
    user: UserRef | None = resolved_by(
        resolve.user_of_payload,
        description=f"User who owned the deleted lead, with the counters after the mutation. {_DELETED}",
    )


_field: Any = partial(writes, scope=WRITE_LEADS)


@strawberry.type
class LeadMutation:
    """Fields of the mutation root."""

    create_lead: CreateLeadPayload | None = _field(
        resolve.create_lead,
        CreateLeadInput,
        "Creates a lead from a mention. A mention has at most one lead, and an existing lead is returned unchanged.",
    )
    update_lead: UpdateLeadPayload | None = _field(
        resolve.update_lead,
        UpdateLeadInput,
        "Changes the values of a lead. If any value changes, the version of the lead increases by 1.",
    )
    change_lead_status: ChangeLeadStatusPayload | None = _field(
        resolve.change_lead_status,
        ChangeLeadStatusInput,
        f"Changes the status of a lead. Allowed changes are {_written_transitions()}. A lead that already has the status "
        "stays unchanged, except for a new `disqualifyReason`. `contactedAt`, `qualifiedAt`, `convertedAt` and "
        "`disqualifiedAt` keep the first time. QUALIFIED also sets `contactedAt`, and CONVERTED also sets `contactedAt` "
        "and `qualifiedAt`.",
    )
    delete_lead: DeleteLeadPayload | None = _field(
        resolve.delete_lead,
        DeleteLeadInput,
        "Deletes a lead with its history. The mention is kept, and the `autoLeadScore` of its keyword does not make the "
        "lead again. The lead no longer counts in any figure, past windows included.",
    )
