"""Triage of mentions: what somebody made of them."""

from collections.abc import Sequence
from typing import TypedDict

from db.engine.writer import Writer
from db.models import DismissReason, Mention
from db.statements.mention import Mark, TriageResult, triage
from services.accounts.viewer import Viewer
from services.rules.bulk_limits import distinct_ids, require_all
from services.rules.user_errors import UserErrorCode, not_found
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation

MOST_AT_ONCE = 1000


class TriageValues(TypedDict, total=False):
    """What to set (True) or clear (False); what is absent stays as it is."""

    read: bool
    starred: bool
    dismissed: bool
    engaged: bool
    dismiss_reason: DismissReason | None


_MARKS = {
    "read": Mark.READ,
    "starred": Mark.STARRED,
    "dismissed": Mark.DISMISSED,
    "engaged": Mark.ENGAGED,
}


def _check(values: TriageValues) -> None:
    """Raises `RefusedError`."""
    wrong = Validation(values)
    wrong.not_null(*_MARKS)
    if not values:
        wrong.refuse(UserErrorCode.REQUIRED, "There is nothing to change: set or clear at least one mark.")
    if "dismiss_reason" in values and values.get("dismissed") is not True:
        wrong.refuse(
            UserErrorCode.INVALID, "A reason goes together with `dismissed: true`.", "dismiss_reason"
        )
    wrong.tidied()


def _marks(values: TriageValues) -> dict[Mark, bool]:
    """Whoever dismisses a mention or engages with it has read it, unless they say otherwise."""
    marks = {mark: bool(values[name]) for name, mark in _MARKS.items() if name in values}  # type: ignore[literal-required]
    if marks.get(Mark.DISMISSED) or marks.get(Mark.ENGAGED):
        marks.setdefault(Mark.READ, True)
    return marks


def _reason(values: TriageValues) -> tuple[DismissReason | None] | None:
    """The reason to be written; None for none. One that is not dismissed any more has no reason."""
    if values.get("dismissed") is False:
        return (None,)
    return (values["dismiss_reason"],) if "dismiss_reason" in values else None


async def triage_one(writer: Writer, viewer: Viewer, mention_id: int, values: TriageValues) -> TriageResult:
    """Raises `RefusedError`."""
    done = await _triage(writer, viewer, [mention_id], values)
    if not done.found:
        raise not_found("mention", "id")
    return done


async def triage_all(
    writer: Writer, viewer: Viewer, ids: Sequence[int], values: TriageValues
) -> TriageResult:
    """Triages up to a thousand mentions, all or none. Raises `RefusedError`."""
    done = await _triage(writer, viewer, distinct_ids(ids, most=MOST_AT_ONCE), values)
    require_all(ids, done.found, "mention", "ids")
    return done


async def _triage(writer: Writer, viewer: Viewer, ids: Sequence[int], values: TriageValues) -> TriageResult:
    _check(values)
    await lock_for_rows(writer, viewer, Mention, ids)
    return await triage(writer, viewer.scope, ids, _marks(values), _reason(values))
