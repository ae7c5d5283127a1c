"""Create, update and delete leads, and change their status."""

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypedDict, cast

from db.engine.writer import Writer
from db.models import Lead, LeadEventType, LeadOrigin, LeadStatus, Mention, UserRole, UserStatus
from db.models.lead import SEARCHED
from db.statements import write_rows
from db.statements.lead import DeletedLead, NewEvent, delete_lead, insert_events, insert_lead, set_status
from db.statements.user import LockedUser
from services.accounts.viewer import Viewer
from services.analysis.lead_scoring import score_leads
from services.rules.user_errors import UserErrorCode, not_found, require, user_error
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation
from text.lexemes import vector_of_fields

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
"""Any number of steps forward, one step back, DISQUALIFIED from everywhere, and back from DISQUALIFIED."""

REACHED: Mapping[LeadStatus, tuple[str, ...]] = {
    LeadStatus.NEW: (),
    LeadStatus.CONTACTED: ("contacted_at",),
    LeadStatus.QUALIFIED: ("contacted_at", "qualified_at"),
    LeadStatus.CONVERTED: ("contacted_at", "qualified_at", "converted_at"),
    LeadStatus.DISQUALIFIED: ("disqualified_at",),
}
"""The timestamps that a status sets. Reaching a status counts as reaching the earlier ones, so that a funnel only narrows."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_OMITTED_FROM_HISTORY = frozenset({"notes"})  # too long: the history records only that they changed


class LeadValues(TypedDict, total=False):
    """The editable fields of a lead. An omitted field keeps its value or gets its default."""

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


def next_statuses(status: str) -> list[LeadStatus]:
    """Return the statuses that a lead with this status can change to."""
    return [new for new in LeadStatus if new in TRANSITIONS[LeadStatus(status)]]


def checked(values: LeadValues, *path: str) -> LeadValues:
    """Return the cleaned values. Raises `UserErrors` with all errors."""
    validation = Validation(values, *path)
    validation.not_null("notes", "tags")
    validation.text("notes", longest=LONGEST_NOTES, trimmed=False)
    validation.texts("tags", most=MOST_TAGS, longest=LONGEST_TAG)
    validation.short_texts(
        "contact_name", "contact_handle", "company", "external_reference", longest=LONGEST_NAME
    )
    validation.short_texts("contact_email", longest=LONGEST_EMAIL)
    validation.pattern("contact_email", _EMAIL, "Must be an email address.")
    validation.short_texts("currency", longest=LONGEST_NAME)
    validation.pattern("currency", _CURRENCY, "Must be an ISO 4217 code, such as EUR.")
    _check_value(validation, values.get("value"))
    cleaned = cast("LeadValues", validation.cleaned())
    value = cleaned.get("value")
    if value is not None:
        cleaned["value"] = abs(
            round(value, 2)
        )  # as stored, so that the history shows the same number, without -0
    return cleaned


def _check_value(validation: Validation, value: Decimal | None) -> None:
    if value is None:
        return
    if not 0 <= value <= LARGEST_VALUE:
        validation.add_error(UserErrorCode.INVALID, f"Must be between 0 and {LARGEST_VALUE}.", "value")
    elif value != round(value, 2):
        validation.add_error(UserErrorCode.INVALID, "Must have at most two decimals.", "value")


def search_of(lead: Lead | None, changes: Mapping[str, object]) -> dict[str, bytes | None]:
    """Return the column `search` of the changed or new lead. Return no column if no searched column changes."""
    if changes.keys().isdisjoint(SEARCHED):
        return {}
    texts = [cast("str | None", changes.get(name, getattr(lead, name, None))) for name in SEARCHED]
    return {"search": vector_of_fields(texts, 1 if lead is None else lead.version + 1)}


async def create(
    writer: Writer,
    viewer: Viewer,
    mention_id: int,
    values: LeadValues,
    origin: LeadOrigin = LeadOrigin.MANUAL,
) -> tuple[Lead, bool]:
    """Return the lead of the mention, and whether it is new. An existing lead stays unchanged.

    Raises `UserErrors`, `ConstraintError`.
    """
    values = checked(values)
    await _lock(writer, viewer, Mention, mention_id, values)
    new = {**values, **search_of(None, values), "origin": origin}
    lead = await insert_lead(writer, viewer.scope, mention_id, new)
    if lead is None:
        existing = await write_rows.read(writer, viewer.scope, Lead, mention_id, column="mention_id")
        return require(existing, "mention", "mention_id"), False
    event = _event(viewer, lead, LeadEventType.CREATED, to_status=LeadStatus.NEW)
    await insert_events(writer, [event])
    (scored,) = await score_leads(writer, [lead.id], writer.moment)
    return scored, True


async def update(
    writer: Writer, viewer: Viewer, lead_id: int, values: LeadValues, expected_version: int | None = None
) -> Lead:
    """Update the lead and return it. A change increments the version. Raises `UserErrors`, `ConstraintError`."""
    values = checked(values)
    await _lock(writer, viewer, Lead, lead_id, values)
    lead = await _read(writer, viewer, lead_id, expected_version)
    changes = {name: value for name, value in values.items() if getattr(lead, name) != value}
    if not changes:
        return lead
    return await _write_changes(writer, viewer, lead, changes)


async def _write_changes(writer: Writer, viewer: Viewer, lead: Lead, changes: Mapping[str, object]) -> Lead:
    """Write the changes as the lead's next version, with the events of its history."""
    values = {**changes, **search_of(lead, changes), "version": lead.version + 1}
    changed = await write_rows.update_one(writer, viewer.scope, Lead, lead.id, values)
    await insert_events(writer, list(events_of(viewer, lead, changes)))
    return require(changed, "lead")


async def change_status(
    writer: Writer,
    viewer: Viewer,
    lead_id: int,
    status: LeadStatus,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Lead:
    """Change the status of the lead and return it in its next version. Raises `UserErrors`.

    If the lead already has the status, only a new reason is written.
    """
    reason = checked_reason(status, reason)
    await lock_for_rows(writer, viewer, Lead, [lead_id])
    lead = await _read(writer, viewer, lead_id, expected_version)
    if lead.status == status:
        return await _change_reason(writer, viewer, lead, reason)
    require_transition(lead, status)
    changed = await set_status(writer, viewer.scope, lead_id, status, reason, REACHED[status])
    await insert_events(writer, [status_event(viewer, lead, status, reason)])
    return require(changed, "lead")


def require_transition(lead: Lead, status: LeadStatus, *path: str) -> None:
    """Raise `UserErrors` with the current lead if its status does not allow the change."""
    allowed = next_statuses(lead.status)
    if status not in allowed:
        names = ", ".join(new.name for new in allowed)
        message = f"A lead with status {LeadStatus(lead.status).name} cannot become {status.name}. Allowed: {names}."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, *path, "status", lead=lead)


def status_event(viewer: Viewer, lead: Lead, status: LeadStatus, reason: str | None) -> NewEvent:
    """Return the event of a change of the lead's status, with the reason if it changes, too."""
    reasons = [lead.disqualify_reason, reason]
    data = {"changes": {"disqualify_reason": reasons}} if lead.disqualify_reason != reason else {}
    old = LeadStatus(lead.status)
    return _event(viewer, lead, LeadEventType.STATUS_CHANGED, from_status=old, to_status=status, data=data)


def checked_reason(status: LeadStatus, reason: str | None, *path: str) -> str | None:
    """Return the cleaned reason. Raises `UserErrors` if the reason is too long, or the status allows none."""
    if reason is not None and status != LeadStatus.DISQUALIFIED:
        message = "`disqualifyReason` is allowed only with status DISQUALIFIED."
        raise user_error(UserErrorCode.INVALID, message, *path, "disqualify_reason")
    validation = Validation({"disqualify_reason": reason}, *path)
    validation.short_texts("disqualify_reason", longest=LONGEST_REASON)
    cleaned: str | None = validation.cleaned()["disqualify_reason"]
    return cleaned


async def _change_reason(writer: Writer, viewer: Viewer, lead: Lead, reason: str | None) -> Lead:
    if reason is None or reason == lead.disqualify_reason:
        return lead
    return await _write_changes(writer, viewer, lead, {"disqualify_reason": reason})


async def delete(
    writer: Writer, viewer: Viewer, lead_id: int, expected_version: int | None = None
) -> DeletedLead:
    """Delete the lead with its history, and keep its mention. Raises `UserErrors`."""
    await lock_for_rows(writer, viewer, Lead, [lead_id])
    if expected_version is not None:
        await _read(writer, viewer, lead_id, expected_version)
    return require(await delete_lead(writer, viewer.scope, lead_id), "lead")


async def _lock(
    writer: Writer, viewer: Viewer, model: type[Lead | Mention], row_id: int, values: LeadValues
) -> None:
    """Lock the owner of the row and the assignee. Raises `UserErrors` if the assignee is not allowed.

    An assignee must be able to see the lead, which its owner and operators can. A member sees no other user, and so
    can assign a lead only to themselves.
    """
    assignee_id = values.get("assignee_user_id")
    if assignee_id is None:
        await lock_for_rows(writer, viewer, model, [row_id])
        return
    require_nameable(viewer, assignee_id)
    locked = {
        user.user_id: user for user in await lock_for_rows(writer, viewer, model, [row_id], [assignee_id])
    }
    require_assignable(locked.get(assignee_id), locked.keys() - {assignee_id})


def require_nameable(viewer: Viewer, assignee_id: int, *path: str) -> None:
    """Raise `UserErrors` if the viewer does not see the user."""
    if not viewer.scope.everybody and assignee_id != viewer.user_id:
        raise not_found("user", *path, "assignee_id")


def require_assignable(assignee: LockedUser | None, other_owners: Collection[int], *path: str) -> None:
    """Raise `UserErrors` if the assignee is missing or inactive, or does not see the leads of the other owners."""
    if assignee is None or assignee.status == UserStatus.DELETED:
        raise not_found("user", *path, "assignee_id")
    if assignee.status != UserStatus.ACTIVE:
        message = "Must be an active user. This user is suspended."
        raise user_error(UserErrorCode.INVALID, message, *path, "assignee_id")
    if other_owners and assignee.role != UserRole.OPERATOR:
        message = "Must be the lead's owner or an operator, because other users cannot see the lead."
        raise user_error(UserErrorCode.INVALID, message, *path, "assignee_id")


async def _read(writer: Writer, viewer: Viewer, lead_id: int, expected_version: int | None) -> Lead:
    """Return the lead. Raises `UserErrors`, with CONFLICT if the lead does not have the expected version."""
    lead = require(await write_rows.read(writer, viewer.scope, Lead, lead_id), "lead")
    require_version(lead, expected_version)
    return lead


def require_version(lead: Lead, expected_version: int | None, *path: str) -> None:
    """Raise `UserErrors` with the current lead if it has another version than the expected one."""
    if expected_version is not None and lead.version != expected_version:
        message = f"The lead has version {lead.version}, not {expected_version}. Read it again and retry."
        raise user_error(UserErrorCode.CONFLICT, message, *path, "expected_version", lead=lead)


def _event(viewer: Viewer, lead: Lead, type_: LeadEventType, **more: Any) -> NewEvent:
    of_lead = {"lead_id": lead.id, "user_id": lead.user_id, "actor_user_id": viewer.user_id}
    return cast("NewEvent", {**of_lead, "type": type_, **more})


def events_of(viewer: Viewer, lead: Lead, changes: Mapping[str, object]) -> Iterator[NewEvent]:
    """Yield one event for each kind of change."""
    kinds = {"assignee_user_id": LeadEventType.ASSIGNED, "notes": LeadEventType.NOTED}
    by_kind: dict[LeadEventType, dict[str, object]] = {}
    for name, new in changes.items():
        values = [getattr(lead, name), new]
        shown = [None, None] if name in _OMITTED_FROM_HISTORY else [_history_value(value) for value in values]
        by_kind.setdefault(kinds.get(name, LeadEventType.UPDATED), {})[name] = shown
    for kind, changed in by_kind.items():
        yield _event(viewer, lead, kind, data={"changes": changed})


def _history_value(value: object) -> object:
    """Return the value as the history stores it: a string, a number or null."""
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:f}" if isinstance(value, Decimal) else value
