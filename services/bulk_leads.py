"""Change many leads at once, all or none.

A call takes the same statements for one lead and for a thousand. If an item is refused, nothing is written, and the
result of each item says whether the item itself was wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias, TypeVar

from db.engine.writer import Writer
from db.models import Lead, LeadStatus
from db.statements import write_rows
from db.statements.lead import NewEvent, insert_events
from db.statements.lead_bulk import (
    Reference,
    clear_references,
    references_of_others,
    set_statuses,
    update_leads,
)
from db.statements.user import LockedUser
from services import lead as rules
from services.accounts.viewer import Viewer
from services.lead import LeadValues
from services.rules.bulk_limits import require_size
from services.rules.constraint_messages import user_error_of
from services.rules.user_errors import UserError, UserErrorCode, UserErrors, not_found, user_error
from services.rules.user_locks import lock_for_rows

MOST_AT_ONCE = 1000
ITEMS = "items"

Changes: TypeAlias = Mapping[int, Mapping[str, Any]]
"""The values that change, by the ID of the lead and the name of the column."""

Checked = TypeVar("Checked")


class LeadOutcome(StrEnum):
    """The outcome of one item of a bulk change."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    REJECTED = "rejected"


class LeadResult(NamedTuple):
    """The outcome of an item, and its lead as it is now; None if the viewer can see no such lead."""

    outcome: LeadOutcome
    lead: Lead | None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The new status of a lead."""

    lead_id: int
    status: LeadStatus
    reason: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class LeadUpdate:
    """The new values of a lead."""

    lead_id: int
    values: LeadValues
    expected_version: int | None = None


@dataclass(slots=True)
class _Batch:
    """The items of a call, the current leads by ID, and the errors by the index of their item."""

    items: Sequence[StatusChange | LeadUpdate]
    leads: Mapping[int, Lead] = field(default_factory=dict)
    errors: dict[int, list[UserError]] = field(default_factory=dict)

    def attempt(self, index: int, check: Callable[..., Checked], *arguments: Any) -> Checked | None:
        """Return the result of the check, which gets the path of the item last. Collect its errors."""
        try:
            return check(*arguments, ITEMS, str(index))
        except UserErrors as refusal:
            self.errors.setdefault(index, []).extend(refusal.errors)
            return None

    def found(self) -> Iterator[tuple[int, Any, Lead]]:
        """Yield the index, the item and the lead of each item with a visible lead."""
        for index, item in enumerate(self.items):
            if item.lead_id in self.leads:
                yield index, item, self.leads[item.lead_id]

    def require_valid(self) -> None:
        """Raise `UserErrors` with all errors, in the order of the items, and with the result of each item."""
        if self.errors:
            in_order = [error for index in sorted(self.errors) for error in self.errors[index]]
            raise UserErrors(
                in_order, {"results": [self._refused(index) for index in range(len(self.items))]}
            )

    def _refused(self, index: int) -> LeadResult:
        outcome = LeadOutcome.FAILED if index in self.errors else LeadOutcome.REJECTED
        return LeadResult(outcome, self.leads.get(self.items[index].lead_id))

    def results(self, written: Sequence[Lead]) -> list[LeadResult]:
        """Return the result of each item of a batch without errors."""
        new = {lead.id: lead for lead in written}
        return [
            LeadResult(LeadOutcome.CHANGED, new[item.lead_id])
            if item.lead_id in new
            else LeadResult(LeadOutcome.UNCHANGED, self.leads[item.lead_id])
            for item in self.items
        ]


async def change_statuses(
    writer: Writer, viewer: Viewer, changes: Sequence[StatusChange]
) -> list[LeadResult]:
    """Change the statuses of up to a thousand leads, all or none. Raises `UserErrors` with the current leads.

    A lead that already has the status gets only a new reason.
    """
    require_size(len(changes), most=MOST_AT_ONCE, field=ITEMS)
    batch = _Batch(changes)
    reasons = [
        batch.attempt(index, rules.checked_reason, change.status, change.reason)
        for index, change in enumerate(changes)
    ]
    await lock_for_rows(writer, viewer, Lead, [change.lead_id for change in changes])
    await _read(writer, viewer, batch)
    for index, change, lead in batch.found():
        if lead.status != change.status:
            batch.attempt(index, rules.require_transition, lead, change.status)
    batch.require_valid()
    rows: list[dict[str, object]] = []
    events: list[NewEvent] = []
    for index, change, lead in batch.found():
        reason = reasons[index]
        if lead.status != change.status:
            events.append(rules.status_event(viewer, lead, change.status, reason))
        elif reason is not None and reason != lead.disqualify_reason:
            events += rules.events_of(viewer, lead, {"disqualify_reason": reason})
        else:
            continue
        rows.append(_status_row(lead, change.status, reason))
    if not rows:
        return batch.results([])
    written = await set_statuses(writer, viewer.scope, rows)
    await insert_events(writer, events)
    return batch.results(written)


def _status_row(lead: Lead, status: LeadStatus, reason: str | None) -> dict[str, object]:
    reached = dict.fromkeys(rules.REACHED[status], True)
    return {"id": lead.id, "status": status, "disqualify_reason": reason, **reached}


async def update_all(writer: Writer, viewer: Viewer, updates: Sequence[LeadUpdate]) -> list[LeadResult]:
    """Update the values of up to a thousand leads, all or none. Raises `UserErrors` with the current leads."""
    require_size(len(updates), most=MOST_AT_ONCE, field=ITEMS)
    batch = _Batch(updates)
    values = [
        batch.attempt(index, rules.checked, update.values) or {} for index, update in enumerate(updates)
    ]
    assignees = _assignees(viewer, batch)
    locked = await lock_for_rows(
        writer, viewer, Lead, [update.lead_id for update in updates], sorted(set(assignees.values()))
    )
    await _read(writer, viewer, batch)
    _check_assignees(batch, assignees, {user.user_id: user for user in locked})
    changes = {
        lead.id: {name: value for name, value in values[index].items() if getattr(lead, name) != value}
        for index, _, lead in batch.found()
    }
    _check_values(batch, changes)
    await _check_references(writer, viewer, batch, changes)
    batch.require_valid()
    changed = {lead_id: change for lead_id, change in changes.items() if change}
    if not changed:
        return batch.results([])
    written = await _update(writer, viewer, batch.leads, changed)
    events = [
        event
        for lead_id, change in changed.items()
        for event in rules.events_of(viewer, batch.leads[lead_id], change)
    ]
    await insert_events(writer, events)
    return batch.results(written)


async def _read(writer: Writer, viewer: Viewer, batch: _Batch) -> None:
    """Read the leads of a batch whose users are locked. Refuse missing and repeated leads, and other versions."""
    ids = [item.lead_id for item in batch.items]
    batch.leads = {lead.id: lead for lead in await write_rows.read_all(writer, viewer.scope, Lead, ids)}
    seen: set[int] = set()
    for index, item in enumerate(batch.items):
        if item.lead_id in seen:
            batch.attempt(index, _refuse_repetition)
        elif lead := batch.attempt(index, _require_lead, batch.leads.get(item.lead_id)):
            batch.attempt(index, rules.require_version, lead, item.expected_version)
        seen.add(item.lead_id)


def _require_lead(lead: Lead | None, *path: str) -> Lead:
    if lead is None:
        raise not_found("lead", *path, "id")
    return lead


def _refuse_repetition(*path: str) -> None:
    raise user_error(UserErrorCode.INVALID, "Must be unique within the list.", *path, "id")


def _assignees(viewer: Viewer, batch: _Batch) -> dict[int, int]:
    """Return the new assignees that the viewer may name, by the index of their item."""
    assignees = {}
    for index, update in enumerate(batch.items):
        assignee_id = update.values.get("assignee_user_id") if isinstance(update, LeadUpdate) else None
        if assignee_id is not None:
            batch.attempt(index, rules.require_nameable, viewer, assignee_id)
            if index not in batch.errors:
                assignees[index] = assignee_id
    return assignees


def _check_assignees(batch: _Batch, assignees: Mapping[int, int], locked: Mapping[int, LockedUser]) -> None:
    for index, _, lead in batch.found():
        if index in assignees:
            assignee_id = assignees[index]
            other_owners = {lead.user_id} - {assignee_id}
            batch.attempt(index, rules.require_assignable, locked.get(assignee_id), other_owners)


def _check_values(batch: _Batch, changes: Changes) -> None:
    """Refuse leads that would have a value without a currency, or a currency without a value."""
    for index, _, lead in batch.found():
        new = changes[lead.id]
        missing = [new.get(name, getattr(lead, name)) is None for name in ("value", "currency")]
        if missing[0] != missing[1]:
            batch.attempt(index, _refuse, "ck_leads_value_has_currency")


async def _check_references(writer: Writer, viewer: Viewer, batch: _Batch, changes: Changes) -> None:
    """Refuse external references that another lead of the same user would have, too."""
    new = {id_ for id_, change in changes.items() if change.get("external_reference") is not None}
    if not new:
        return
    after = {
        id_: Reference(lead.user_id, changes[id_].get("external_reference", lead.external_reference))
        for id_, lead in batch.leads.items()
    }
    count = Counter(after.values())
    others = await references_of_others(writer, viewer.scope, [after[id_] for id_ in new], list(batch.leads))
    for index, _, lead in batch.found():
        if lead.id in new and (count[after[lead.id]] > 1 or after[lead.id] in others):
            batch.attempt(index, _refuse, "uq_leads_user_id_external_reference")


def _refuse(constraint: str, *path: str) -> None:
    """Raise the user error that a violation of the constraint would cause, at the path of an item."""
    error = user_error_of(constraint)
    assert error is not None  # noqa: S101 - the constraint is in the table
    raise user_error(error.code, error.message, *path, *error.path[1:])


async def _update(
    writer: Writer, viewer: Viewer, leads: Mapping[int, Lead], changed: Changes
) -> Sequence[Lead]:
    moved = {id_ for id_, change in changed.items() if "external_reference" in change}
    given = {(leads[id_].user_id, changed[id_]["external_reference"]) for id_ in moved}
    held = {id_ for id_ in moved if (leads[id_].user_id, leads[id_].external_reference) in given}
    if held:  # a reference moves from one lead to another: the index allows it to only one at a time
        await clear_references(writer, viewer.scope, sorted(held))
    names = sorted({name for change in changed.values() for name in change})
    rows = []
    for id_, change in changed.items():
        values = {name: change.get(name, getattr(leads[id_], name)) for name in names}
        rows.append({"id": id_, **values, **rules.search_of(leads[id_], values)})
    names = sorted(rows[0].keys() - {"id"})
    return await update_leads(writer, viewer.scope, names, rows)
