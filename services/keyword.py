"""Create, update, pause, resume, archive and delete keywords."""

from functools import partial
from typing import TypedDict, cast

from db.engine.writer import ConstraintError, Writer
from db.models import Keyword, KeywordStatus, MatchType, Mention, Platform
from db.statements import write_rows
from db.statements.chunked_delete import DeleteCursor, delete_small, delete_some
from db.statements.keyword import set_status
from services.accounts.viewer import Viewer
from services.rules import constraint_messages
from services.rules.large_deletes import MOST_AT_ONCE, TooManyRowsError
from services.rules.user_errors import UserErrorCode, require, user_error
from services.rules.user_locks import lock_for_new_rows, lock_for_rows
from services.rules.validation import Validation
from text.normal_form import is_visible, keyword_form, normalized

LONGEST_KEYWORD = 200
LONGEST_TERM = 200
MOST_TERMS = 50


class KeywordValues(TypedDict, total=False):
    """The editable fields of a keyword. An omitted field keeps its value or gets its default."""

    keyword: str
    match_type: MatchType
    required_terms: list[str]
    excluded_terms: list[str]
    platforms: list[Platform]
    auto_lead_score: int | None


def _checked(values: KeywordValues) -> KeywordValues:
    """Return the cleaned values. Raises `UserErrors` with all errors."""
    validation = Validation(values)
    validation.not_null(*(name for name in values if name != "auto_lead_score"))
    validation.text("keyword", longest=LONGEST_KEYWORD, empty=False)
    validation.texts("required_terms", most=MOST_TERMS, longest=LONGEST_TERM)
    validation.texts("excluded_terms", most=MOST_TERMS, longest=LONGEST_TERM)
    validation.distinct("platforms")
    validation.between("auto_lead_score", 0, 100)
    if not validation.errors and "keyword" in values and not is_visible(normalized(values["keyword"])):
        validation.add_error(UserErrorCode.INVALID, "Must contain a visible character.", "keyword")
    return cast("KeywordValues", validation.cleaned())


def _row_of(values: KeywordValues) -> dict[str, object]:
    """Return the columns to write. The normal form of the keyword makes keywords that look alike one keyword."""
    row: dict[str, object] = {**values}
    if "keyword" in values:
        row["keyword_norm"] = keyword_form(values["keyword"])
    return row


async def create(
    writer: Writer, viewer: Viewer, values: KeywordValues, owner_id: int | None = None
) -> Keyword:
    """Create an active keyword of the owner, by default the viewer. Raises `UserErrors`, `ConstraintError`."""
    values = _checked(values)
    user_id = await lock_for_new_rows(writer, viewer, owner_id)
    return await write_rows.insert_one(writer, Keyword, {**_row_of(values), "user_id": user_id})


async def update(writer: Writer, viewer: Viewer, keyword_id: int, values: KeywordValues) -> Keyword:
    """Update the keyword, keep its mentions, and return it. Raises `UserErrors`, `ConstraintError`."""
    values = _checked(values)
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    if not values:
        return await _read(writer, viewer, keyword_id)
    row = _row_of(values)
    return require(await write_rows.update_one(writer, viewer.scope, Keyword, keyword_id, row), "keyword")


async def pause(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """Pause the keyword and return it. Raises `UserErrors`, for instance if the keyword is archived."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.PAUSED)


async def resume(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """Activate a paused or archived keyword and return it. Raises `UserErrors`."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.ACTIVE)


async def archive(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """Archive the keyword, which keeps its history and frees its words for a new keyword. Raises `UserErrors`."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.ARCHIVED)


async def _change_status(writer: Writer, viewer: Viewer, keyword_id: int, status: KeywordStatus) -> Keyword:
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    keyword = await _read(writer, viewer, keyword_id)
    if keyword.status == status:
        return keyword
    if status == KeywordStatus.PAUSED and keyword.status == KeywordStatus.ARCHIVED:
        raise user_error(
            UserErrorCode.INVALID_TRANSITION,
            "An archived keyword cannot be paused. Resume it first.",
            "id",
            keyword=keyword,
        )
    try:
        return require(await set_status(writer, viewer.scope, keyword_id, status), "keyword")
    except ConstraintError as broken:  # a new keyword has the words of the archived one
        if (error := constraint_messages.user_error_of(broken.constraint)) is None:
            raise
        raise user_error(error.code, error.message, "id") from broken


async def delete(writer: Writer, viewer: Viewer, keyword_id: int) -> int:
    """Delete the keyword with its mentions and their leads, and return the ID of its user.

    Raises `UserErrors`, and `TooManyRowsError` for a keyword with too many mentions.
    """
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    mentions = (Mention, "keyword_id")
    user_id = await delete_small(writer, viewer.scope, Keyword, keyword_id, mentions, most=MOST_AT_ONCE)
    if user_id is None:
        await _read(writer, viewer, keyword_id)
        raise TooManyRowsError(
            partial(_delete_batch, viewer=viewer, keyword_id=keyword_id, cursor=DeleteCursor())
        )
    return user_id


async def _delete_batch(writer: Writer, *, viewer: Viewer, keyword_id: int, cursor: DeleteCursor) -> bool:
    """Archive the keyword, so that it gets no new mentions, and delete a batch of them. Return whether more may be left."""
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    if await set_status(writer, viewer.scope, keyword_id, KeywordStatus.ARCHIVED) is None:
        return False
    deleted = await delete_some(
        writer, viewer.scope, Mention, "keyword_id", cursor, key=keyword_id, most=MOST_AT_ONCE
    )
    return deleted == MOST_AT_ONCE


async def _read(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    return require(await write_rows.read(writer, viewer.scope, Keyword, keyword_id), "keyword")
