"""Keywords: what they may look like, and how they come, change, rest and go."""

from functools import partial
from typing import TypedDict, cast

from db.engine.writer import ConstraintError, Writer
from db.models import Keyword, KeywordStatus, MatchType, Mention, Platform
from db.statements import write_rows
from db.statements.chunked_delete import DeleteCursor, delete_small, delete_some
from db.statements.keyword import set_status
from services.accounts.viewer import Viewer
from services.matching.matcher import normalized
from services.rules import constraint_messages
from services.rules.large_deletes import MOST_AT_ONCE, TooMuchError
from services.rules.user_errors import UserErrorCode, not_found, refused
from services.rules.user_locks import lock_for_new_rows, lock_for_rows
from services.rules.validation import Validation

LONGEST_KEYWORD = 200
LONGEST_TERM = 200
MOST_TERMS = 50


class KeywordValues(TypedDict, total=False):
    """What can be set; what is absent stays as it is, or gets its default."""

    keyword: str
    match_type: MatchType
    required_terms: list[str]
    excluded_terms: list[str]
    platforms: list[Platform]


def _checked(values: KeywordValues) -> KeywordValues:
    """Raises `RefusedError` with all that is wrong with the values."""
    wrong = Validation(values)
    wrong.not_null(*values)
    wrong.text("keyword", longest=LONGEST_KEYWORD, empty=False)
    wrong.texts("required_terms", most=MOST_TERMS, longest=LONGEST_TERM)
    wrong.texts("excluded_terms", most=MOST_TERMS, longest=LONGEST_TERM)
    wrong.distinct("platforms")
    if not wrong.errors and "keyword" in values and not normalized(values["keyword"]):
        wrong.refuse(UserErrorCode.INVALID, "This has no character that can be seen.", "keyword")
    return cast("KeywordValues", wrong.tidied())


async def create(
    writer: Writer, viewer: Viewer, values: KeywordValues, owner_id: int | None = None
) -> Keyword:
    """A new active keyword of the owner, by default the viewer. Raises `RefusedError`, `ConstraintError`."""
    values = _checked(values)
    user_id = await lock_for_new_rows(writer, viewer, owner_id)
    return await write_rows.insert_one(writer, Keyword, {**values, "user_id": user_id})


async def update(writer: Writer, viewer: Viewer, keyword_id: int, values: KeywordValues) -> Keyword:
    """The keyword with the values. Its mentions stay. Raises `RefusedError`, `ConstraintError`."""
    values = _checked(values)
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    if not values:
        return await _read(writer, viewer, keyword_id)
    return _found(await write_rows.update_one(writer, viewer.scope, Keyword, keyword_id, values))


async def pause(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """Raises `RefusedError`: an archived keyword cannot be paused."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.PAUSED)


async def resume(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """The keyword, active again: also one that was archived. Raises `RefusedError`."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.ACTIVE)


async def archive(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    """The keyword, kept for its history; another one of the same words can be created now."""
    return await _change_status(writer, viewer, keyword_id, KeywordStatus.ARCHIVED)


async def _change_status(writer: Writer, viewer: Viewer, keyword_id: int, status: KeywordStatus) -> Keyword:
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    keyword = await _read(writer, viewer, keyword_id)
    if keyword.status == status:
        return keyword
    if status == KeywordStatus.PAUSED and keyword.status == KeywordStatus.ARCHIVED:
        raise refused(
            UserErrorCode.INVALID_TRANSITION, "An archived keyword cannot be paused: resume it first.", "id"
        )
    try:
        return _found(await set_status(writer, viewer.scope, keyword_id, status))
    except ConstraintError as broken:  # it comes back, and there is another one by now
        if (taken := constraint_messages.meaning(broken.constraint)) is None:
            raise
        raise refused(taken.code, taken.message, "id") from broken


async def delete(writer: Writer, viewer: Viewer, keyword_id: int) -> int:
    """Deletes the keyword with its mentions and their leads, and returns its id. Raises `RefusedError`, and
    `TooMuchError` for one with very many mentions.
    """
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    mentions = (Mention, "keyword_id")
    if not await delete_small(writer, viewer.scope, Keyword, keyword_id, mentions, most=MOST_AT_ONCE):
        await _read(writer, viewer, keyword_id)
        raise TooMuchError(partial(_take_mentions, viewer=viewer, keyword_id=keyword_id, walk=DeleteCursor()))
    return keyword_id


async def _take_mentions(writer: Writer, *, viewer: Viewer, keyword_id: int, walk: DeleteCursor) -> bool:
    """Deletes some mentions of a keyword that is about to go; whether there may be more. None are added meanwhile,
    for it is archived.
    """
    await lock_for_rows(writer, viewer, Keyword, [keyword_id])
    if await set_status(writer, viewer.scope, keyword_id, KeywordStatus.ARCHIVED) is None:
        return False
    taken = await delete_some(
        writer, viewer.scope, Mention, "keyword_id", walk, key=keyword_id, most=MOST_AT_ONCE
    )
    return taken == MOST_AT_ONCE


async def _read(writer: Writer, viewer: Viewer, keyword_id: int) -> Keyword:
    return _found(await write_rows.read(writer, viewer.scope, Keyword, keyword_id))


def _found(keyword: Keyword | None) -> Keyword:
    if keyword is None:
        raise not_found("keyword", "id")
    return keyword
