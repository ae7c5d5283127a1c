from functools import partial
from typing import Any

import strawberry

from resolvers import bulk_leads as resolve
from schema.enums import describe
from schema.fields import column
from schema.lazy_types import LeadRef
from schema.list_size import Fixed
from schema.mutations.field import idempotency_key, required, writes
from schema.mutations.lead import ChangeLeadStatusesItemInput, UpdateLeadsItemInput
from schema.user_error import Payload
from services.accounts.api_key import WRITE_LEADS
from services.bulk_leads import MOST_AT_ONCE, LeadOutcome

describe(
    LeadOutcome,
    "Outcome of an item of a mutation that changes many leads.",
    changed="The lead was changed.",
    unchanged="The lead already had the values of the item.",
    failed="The item is invalid. `userErrors` has its errors, with the index of the item in their `path`.",
    rejected="The item is valid, but was not written because another item failed.",
)
_RESULTS: Any = partial(
    column,
    "Result of each item, in the order of the items. Empty if the number of items is not allowed.",
    size=Fixed(MOST_AT_ONCE),
)
_COUNT: Any = partial(column, "Number of leads that the mutation changed.")
_ALL_OR_NONE = "Changes all of the leads or none: if an item fails, nothing is written, and `results` shows the current leads."


@strawberry.type(description="Result of an item of a mutation that changes many leads.")
class LeadResult:
    outcome: LeadOutcome = column("Outcome of the item.")
    lead: LeadRef | None = column(
        "The current lead: after the mutation, or unchanged if the mutation failed. Null if no such lead is visible to the "
        "viewer."
    )


@strawberry.input(description="Input for changing many leads.")
class UpdateLeadsInput:
    items: list[UpdateLeadsItemInput] = required(
        f"New values of 1 to {MOST_AT_ONCE:,} leads. Each lead must occur only once."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for changing the status of many leads.")
class ChangeLeadStatusesInput:
    items: list[ChangeLeadStatusesItemInput] = required(
        f"New statuses of 1 to {MOST_AT_ONCE:,} leads. Each lead must occur only once."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of changing many leads.")
class UpdateLeadsPayload(Payload):
    results: list[LeadResult] = _RESULTS()
    changed_count: int = _COUNT()


@strawberry.type(description="Result of changing the status of many leads.")
class ChangeLeadStatusesPayload(Payload):
    results: list[LeadResult] = _RESULTS()
    changed_count: int = _COUNT()


_field: Any = partial(writes, scope=WRITE_LEADS)


@strawberry.type
class BulkLeadMutation:
    """Fields of the mutation root."""

    update_leads: UpdateLeadsPayload | None = _field(
        resolve.update_leads,
        UpdateLeadsInput,
        f"Changes the values of up to {MOST_AT_ONCE:,} leads, as `updateLead` does. {_ALL_OR_NONE}",
    )
    change_lead_statuses: ChangeLeadStatusesPayload | None = _field(
        resolve.change_lead_statuses,
        ChangeLeadStatusesInput,
        f"Changes the status of up to {MOST_AT_ONCE:,} leads, as `changeLeadStatus` does. {_ALL_OR_NONE}",
    )
