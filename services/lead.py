"""Leads: how they are made, what can be said about them, and how they move from one status to another."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypedDict, cast

from db.engine.writer import Writer
from db.models import Lead, LeadEventType, LeadOrigin, LeadStatus, Mention, UserRole, UserStatus
from db.statements import write_rows
from db.statements.lead import NewEvent, insert_events, insert_lead, set_status
from db.statements.user import LockedUser
from services.accounts.viewer import Viewer
from services.analysis.lead_scoring import score_leads
from services.rules.user_errors import UserErrorCode, not_found, refused
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation

LONGEST_NAME = 200
LONGEST_EMAIL = 254
LONGEST_NOTES = 20_000
LONGEST_REASON = 500
LONGEST_TAG = 50
MOST_TAGS = 50
LARGEST_VALUE = Decimal("999999999999.99")

TRANSITIONS: Mapping[LeadStatus, frozenset[LeadStatus]] = {
    LeadStatus.NEW: frozenset(
        {LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED}
    ),
    LeadStatus.CONTACTED: frozenset({LeadStatus.QUALIFIED, LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED}),
    LeadStatus.QUALIFIED: frozenset({LeadStatus.CONTACTED, LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED}),
    LeadStatus.CONVERTED: frozenset({LeadStatus.QUALIFIED, LeadStatus.DISQUALIFIED}),
    LeadStatus.DISQUALIFIED: frozenset({LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED}),
}
"""Forwards any number of steps, back one step, given up from everywhere, and taken up again."""

_REACHED: Mapping[LeadStatus, tuple[str, ...]] = {
    LeadStatus.NEW: (),
    LeadStatus.CONTACTED: ("contacted_at",),
    LeadStatus.QUALIFIED: ("contacted_at", "qualified_at"),
    LeadStatus.CONVERTED: ("contacted_at", "qualified_at", "converted_at"),
    LeadStatus.DISQUALIFIED: ("disqualified_at",),
}
"""Whoever reaches a status has reached those on the way to it, so that a funnel only narrows."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_NOT_TOLD = frozenset({"notes"})  # too long for a history, which says only that they changed


class LeadValues(TypedDict, total=False):
    """What can be said about a lead; what is absent stays as it is, or gets its default."""

    value: Decimal | None
    currency: str | None
    contact_name: str | None
    contact_handle: str | None
    contact_email: str | None
    company: str | None
    notes: str
    tags: list[str]
    assignee_user_id: int | None
    external_reference: str | None


def _checked(values: LeadValues) -> LeadValues:
    """Raises `RefusedError` with all that is wrong with the values."""
    wrong = Validation(values)
    wrong.not_null("notes", "tags")
    wrong.text("notes", longest=LONGEST_NOTES, trimmed=False)
    wrong.texts("tags", most=MOST_TAGS, longest=LONGEST_TAG)
    wrong.names("contact_name", "contact_handle", "company", "external_reference", longest=LONGEST_NAME)
    wrong.names("contact_email", longest=LONGEST_EMAIL)
    wrong.shape("contact_email", _EMAIL, "This is no e-mail address.")
    wrong.names("currency", longest=LONGEST_NAME)
    wrong.shape("currency", _CURRENCY, "This is no ISO 4217 code, such as EUR.")
    _check_value(wrong, values.get("value"))
    return cast("LeadValues", wrong.tidied())


def _check_value(wrong: Validation, value: Decimal | None) -> None:
    if value is None:
        return
    if not 0 <= value <= LARGEST_VALUE:
        wrong.refuse(UserErrorCode.INVALID, f"A value is between 0 and {LARGEST_VALUE}.", "value")
    elif value != round(value, 2):
        wrong.refuse(UserErrorCode.INVALID, "A value has at most two decimals.", "value")


async def create(
    writer: Writer,
    viewer: Viewer,
    mention_id: int,
    values: LeadValues,
    origin: LeadOrigin = LeadOrigin.MANUAL,
) -> tuple[Lead, bool]:
    """The lead of the mention, and whether it is new: one that is there stays as it is. Raises `RefusedError`,
    `ConstraintError`.
    """
    values = _checked(values)
    await _lock(writer, viewer, Mention, mention_id, values)
    made = await insert_lead(writer, viewer.scope, mention_id, {**values, "origin": origin})
    if made is None:
        there = await write_rows.read(writer, viewer.scope, Lead, mention_id, column="mention_id")
        if there is None:
            raise not_found("mention", "mention_id")
        return there, False
    created = _event(viewer, made, LeadEventType.CREATED, to_status=LeadStatus.NEW)
    await insert_events(writer, [created])
    (scored,) = await score_leads(writer, [made.id], datetime.now(UTC))
    return scored, True


async def update(
    writer: Writer, viewer: Viewer, lead_id: int, values: LeadValues, expected_version: int | None = None
) -> Lead:
    """The lead with the values, in its next version if they change anything. Raises `RefusedError`,
    `ConstraintError`.
    """
    values = _checked(values)
    await _lock(writer, viewer, Lead, lead_id, values)
    lead = await _read(writer, viewer, lead_id, expected_version)
    changes = {name: value for name, value in values.items() if getattr(lead, name) != value}
    if not changes:
        return lead
    changed = await write_rows.update_one(
        writer, viewer.scope, Lead, lead_id, {**changes, "version": lead.version + 1}
    )
    await insert_events(writer, list(_events_of(viewer, lead, changes)))
    return _found(changed)


async def change_status(
    writer: Writer,
    viewer: Viewer,
    lead_id: int,
    status: LeadStatus,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Lead:
    """The lead with the status, in its next version. One that has it stays as it is, but for the reason why it
    was given up. Raises `RefusedError`.
    """
    reason = _checked_reason(status, reason)
    await lock_for_rows(writer, viewer, Lead, [lead_id])
    lead = await _read(writer, viewer, lead_id, expected_version)
    if lead.status == status:
        return await _change_reason(writer, viewer, lead, reason)
    old = LeadStatus(lead.status)
    if status not in TRANSITIONS[old]:
        possible = ", ".join(one.name for one in LeadStatus if one in TRANSITIONS[old])
        message = f"A lead that is {old.name} cannot become {status.name}, but {possible}."
        raise refused(UserErrorCode.INVALID_TRANSITION, message, "status")
    changed = await set_status(writer, viewer.scope, lead_id, status, reason, _REACHED[status])
    told = [lead.disqualify_reason, reason]
    data = {"changes": {"disqualify_reason": told}} if told[0] != told[1] else {}
    event = _event(viewer, lead, LeadEventType.STATUS_CHANGED, from_status=old, to_status=status, data=data)
    await insert_events(writer, [event])
    return _found(changed)


def _checked_reason(status: LeadStatus, reason: str | None) -> str | None:
    if reason is not None and status != LeadStatus.DISQUALIFIED:
        raise refused(UserErrorCode.INVALID, "Only DISQUALIFIED has a reason.", "disqualify_reason")
    wrong = Validation({"disqualify_reason": reason})
    wrong.names("disqualify_reason", longest=LONGEST_REASON)
    tidy: str | None = wrong.tidied()["disqualify_reason"]
    return tidy


async def _change_reason(writer: Writer, viewer: Viewer, lead: Lead, reason: str | None) -> Lead:
    if reason is None or reason == lead.disqualify_reason:
        return lead
    changes = {"disqualify_reason": reason}
    changed = await write_rows.update_one(
        writer, viewer.scope, Lead, lead.id, {**changes, "version": lead.version + 1}
    )
    await insert_events(writer, list(_events_of(viewer, lead, changes)))
    return _found(changed)


async def delete(writer: Writer, viewer: Viewer, lead_id: int, expected_version: int | None = None) -> int:
    """Deletes the lead with its history; its mention stays. Returns its id. Raises `RefusedError`."""
    await lock_for_rows(writer, viewer, Lead, [lead_id])
    if expected_version is not None:
        await _read(writer, viewer, lead_id, expected_version)
    if not await write_rows.delete_all(writer, viewer.scope, Lead, [lead_id]):
        raise not_found("lead", "id")
    return lead_id


async def _lock(
    writer: Writer, viewer: Viewer, model: type[Lead | Mention], row_id: int, values: LeadValues
) -> None:
    """Locks whose row it is, and who will work on the lead. Raises `RefusedError` for who cannot.

    A lead can be assigned to those who can see it: the user whose lead it is, and operators. A member sees
    nobody else, and so can assign only themselves.
    """
    assignee_id = values.get("assignee_user_id")
    if assignee_id is None:
        await lock_for_rows(writer, viewer, model, [row_id])
        return
    if not viewer.scope.everybody and assignee_id != viewer.user_id:
        raise not_found("user", "assignee_id")
    locked = {
        user.user_id: user for user in await lock_for_rows(writer, viewer, model, [row_id], [assignee_id])
    }
    assignee = locked.get(assignee_id)
    if assignee is None or assignee.status == UserStatus.DELETED:
        raise not_found("user", "assignee_id")
    _require_able(assignee, owners=locked.keys() - {assignee_id})


def _require_able(assignee: LockedUser, owners: frozenset[int] | set[int]) -> None:
    if assignee.status != UserStatus.ACTIVE:
        raise refused(UserErrorCode.INVALID, "This user is suspended.", "assignee_id")
    if owners and assignee.role != UserRole.OPERATOR:
        raise refused(UserErrorCode.INVALID, "This user cannot see the lead.", "assignee_id")


async def _read(writer: Writer, viewer: Viewer, lead_id: int, expected_version: int | None) -> Lead:
    """Raises `RefusedError`, with a CONFLICT where the lead is in another version than expected."""
    lead = _found(await write_rows.read(writer, viewer.scope, Lead, lead_id))
    if expected_version is not None and lead.version != expected_version:
        message = f"The lead is in version {lead.version} by now, not {expected_version}: read it again."
        raise refused(UserErrorCode.CONFLICT, message, "expected_version")
    return lead


def _found(lead: Lead | None) -> Lead:
    if lead is None:
        raise not_found("lead", "id")
    return lead


def _event(viewer: Viewer, lead: Lead, type_: LeadEventType, **more: Any) -> NewEvent:
    return cast("NewEvent", {"lead_id": lead.id, "actor_user_id": viewer.user_id, "type": type_, **more})


def _events_of(viewer: Viewer, lead: Lead, changes: Mapping[str, object]) -> Iterator[NewEvent]:
    """One event for each kind of change."""
    kinds = {"assignee_user_id": LeadEventType.ASSIGNED, "notes": LeadEventType.NOTED}
    by_kind: dict[LeadEventType, dict[str, object]] = {}
    for name, new in changes.items():
        told = [None, None] if name in _NOT_TOLD else [_told(getattr(lead, name)), _told(new)]
        by_kind.setdefault(kinds.get(name, LeadEventType.UPDATED), {})[name] = told
    for kind, changed in by_kind.items():
        yield _event(viewer, lead, kind, data={"changes": changed})


def _told(value: object) -> object:
    """A value as the history says it: a text, a number or null."""
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:f}" if isinstance(value, Decimal) else value
