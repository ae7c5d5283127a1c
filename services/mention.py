"""Triage mentions."""

from collections.abc import Sequence
from typing import TypedDict

from db.engine.writer import Writer
from db.models import DismissReason, Mention
from db.statements.mention import Mark, TriageResult, triage
from services.accounts.viewer import Viewer
from services.rules.bulk_limits import require_found, require_size
from services.rules.user_errors import UserErrorCode, not_found
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation

MOST_AT_ONCE = 1000


class TriageValues(TypedDict, total=False):
    """The marks to set (True) or clear (False), and the reason of a dismissal. Omitted fields stay unchanged."""

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
    """Raise `UserErrors` if the values are invalid."""
    validation = Validation(values)
    validation.not_null(*_MARKS)
    if not values:
        validation.add_error(
            UserErrorCode.REQUIRED,
            "Must set or clear at least one of `read`, `starred`, `dismissed` and `engaged`.",
        )
    if "dismiss_reason" in values and values.get("dismissed") is not True:
        validation.add_error(
            UserErrorCode.INVALID, "`dismissReason` is allowed only with `dismissed: true`.", "dismiss_reason"
        )
    validation.cleaned()


def _marks(values: TriageValues) -> dict[Mark, bool]:
    """Return the marks to write. Dismissing a mention or engaging with it marks it as read, unless `read` is given."""
    marks = {mark: bool(values[name]) for name, mark in _MARKS.items() if name in values}  # type: ignore[literal-required]
    if marks.get(Mark.DISMISSED) or marks.get(Mark.ENGAGED):
        marks.setdefault(Mark.READ, True)
    return marks


def _reason(values: TriageValues) -> tuple[DismissReason | None] | None:
    """Return the reason to write, in a tuple; None to leave it. Clearing `dismissed` clears the reason."""
    if values.get("dismissed") is False:
        return (None,)
    return (values["dismiss_reason"],) if "dismiss_reason" in values else None


async def triage_one(writer: Writer, viewer: Viewer, mention_id: int, values: TriageValues) -> TriageResult:
    """Triage one mention. Raises `UserErrors`."""
    done = await _triage(writer, viewer, [mention_id], values)
    if not done.found:
        raise not_found("mention", "id")
    return done


async def triage_all(
    writer: Writer, viewer: Viewer, ids: Sequence[int], values: TriageValues
) -> TriageResult:
    """Triage up to a thousand mentions, all or none. Raises `UserErrors`."""
    require_size(len(ids), most=MOST_AT_ONCE, field="ids")
    done = await _triage(writer, viewer, list(dict.fromkeys(ids)), values)
    require_found(ids, done.found, "mention", "ids")
    return done


async def _triage(writer: Writer, viewer: Viewer, ids: Sequence[int], values: TriageValues) -> TriageResult:
    _check(values)
    await lock_for_rows(writer, viewer, Mention, ids)
    return await triage(writer, viewer.scope, ids, _marks(values), _reason(values))
