"""Taking mentions in: the one way by which files, streams and mutations bring them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple

from db.ingest import (
    NewMention,
    NewPost,
    Taken,
    active_keywords,
    insert_mentions,
    lock_keywords,
    lock_user,
    own_integrations,
)
from db.models import Keyword, KeywordStatus, UserStatus
from db.pool import Pool, Reader
from db.writer import Writer, in_transaction
from services.matching import Matcher
from services.mention_row import FailedRow, NewRow, RowError, RowErrorCode
from services.refusal import InactiveViewerError

# Stands in no text and in no keyword, so that no phrase reaches from the title into the content.
_BETWEEN = " \0 "


class OnError(StrEnum):
    """What to do with the rows that are right when others are not."""

    REJECT_ALL = "reject_all"
    REJECT_FAILED_ROWS = "reject_failed_rows"


class RowOutcome(StrEnum):
    """What became of a row. One that several keywords match is `CREATED` if any of its mentions is."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"
    FAILED = "failed"


class TakenMention(NamedTuple):
    """A mention that a row has become; `created` is false where it was there before."""

    id: int
    keyword_id: int
    created: bool


class RowResult(NamedTuple):
    """What became of a row: a mention for each keyword, or what is wrong with it."""

    outcome: RowOutcome
    mentions: Sequence[TakenMention] = ()
    errors: Sequence[RowError] = ()


_REJECTED = RowResult(
    RowOutcome.FAILED,
    errors=[
        RowError(
            RowErrorCode.REJECTED, "Nothing is wrong with this row: others failed, so none was taken in."
        )
    ],
)
_NO_KEYWORD = RowError(RowErrorCode.NOT_FOUND, "There is no such keyword.", "keywordId")
_NO_INTEGRATION = RowError(RowErrorCode.NOT_FOUND, "There is no such integration.", "integrationId")


class Ingest:
    """Takes rows in for a user, set by set. Between sets it keeps what finds the user's keywords in posts."""

    def __init__(self, pool: Pool, user_id: int) -> None:
        self._pool = pool
        self._user_id = user_id
        self._keywords: Sequence[Keyword] = ()
        self._matcher = Matcher(())

    async def take(
        self, rows: Sequence[NewRow | FailedRow], on_error: OnError = OnError.REJECT_FAILED_ROWS
    ) -> list[RowResult]:
        """What became of each row, in order. All of them are taken in in one transaction.

        A row without a keyword becomes a mention of each active keyword that it contains. Raises
        `InactiveViewerError` for a user who may not write, or is none.
        """
        found = await self.keywords_of(rows)

        async def write(writer: Writer) -> list[RowResult]:
            return await take_in(writer, self._user_id, rows, found, on_error)

        return await in_transaction(self._pool, write)

    async def keywords_of(self, rows: Sequence[NewRow | FailedRow]) -> list[Sequence[int]]:
        """The ids of the keywords of each row: the one that it names, or those that it contains."""
        if any(isinstance(row, NewRow) and row.keyword_id is None for row in rows):
            await self.refresh()
        return [self._keywords_of(row) for row in rows]

    async def refresh(self) -> int:
        """Learns which keywords are active now; says how many."""
        reader = Reader(self._pool)
        reader.single = True
        try:
            keywords = await active_keywords(reader, self._user_id)
        finally:
            reader.close()
        if keywords != self._keywords:
            self._keywords, self._matcher = keywords, Matcher(keywords)
        return len(keywords)

    def _keywords_of(self, row: NewRow | FailedRow) -> Sequence[int]:
        if isinstance(row, FailedRow):
            return ()
        return self._match(row.post) if row.keyword_id is None else (row.keyword_id,)

    def _match(self, post: NewPost) -> list[int]:
        title, content = post.title, post.content
        text = content if title is None or title == content else title + _BETWEEN + content
        return self._matcher.match(text, post.platform)


async def take_in(
    writer: Writer,
    user_id: int,
    rows: Sequence[NewRow | FailedRow],
    found: Sequence[Sequence[int]],
    on_error: OnError,
) -> list[RowResult]:
    """The same within a transaction, for rows whose keywords have been found. Locks the user."""
    if await lock_user(writer, user_id) != UserStatus.ACTIVE:
        raise InactiveViewerError
    keywords = await lock_keywords(writer, user_id, sorted({id_ for ids in found for id_ in ids}))
    integrations = await own_integrations(writer, user_id, sorted(_integration_ids(rows)))
    errors = [_errors(row, keywords, integrations) for row in rows]
    if on_error == OnError.REJECT_ALL and any(errors):
        return [_failed(wrong) if wrong else _REJECTED for wrong in errors]
    active = {id_ for id_, status in keywords.items() if status == KeywordStatus.ACTIVE}
    mentions = [
        [] if wrong else _mentions(row, ids, active)
        for row, ids, wrong in zip(rows, found, errors, strict=True)
    ]
    taken = iter(await insert_mentions(writer, user_id, [each for of_row in mentions for each in of_row]))
    return [
        _failed(wrong) if wrong else _taken(of_row, taken)
        for of_row, wrong in zip(mentions, errors, strict=True)
    ]


def _integration_ids(rows: Iterable[NewRow | FailedRow]) -> set[int]:
    ids = {row.post.integration_id for row in rows if isinstance(row, NewRow)}
    return {id_ for id_ in ids if id_ is not None}


def _errors(
    row: NewRow | FailedRow, keywords: Mapping[int, KeywordStatus], integrations: AbstractSet[int]
) -> Sequence[RowError]:
    """What is wrong with the row, now that the database has been asked."""
    if isinstance(row, FailedRow):
        return row.errors
    errors: list[RowError] = []
    if row.keyword_id is not None and row.keyword_id not in keywords:
        errors.append(_NO_KEYWORD)
    elif row.keyword_id is not None and (status := keywords[row.keyword_id]) != KeywordStatus.ACTIVE:
        errors.append(RowError(RowErrorCode.INACTIVE, f"The keyword is {status}.", "keywordId"))
    if row.post.integration_id is not None and row.post.integration_id not in integrations:
        errors.append(_NO_INTEGRATION)
    return errors


def _mentions(
    row: NewRow | FailedRow, keyword_ids: Sequence[int], active: AbstractSet[int]
) -> list[NewMention]:
    """A keyword that was found, but has been paused or deleted since, is not mentioned any more."""
    if isinstance(row, FailedRow):
        return []
    return [NewMention(keyword_id, row.post) for keyword_id in keyword_ids if keyword_id in active]


def _failed(errors: Sequence[RowError]) -> RowResult:
    return RowResult(RowOutcome.FAILED, errors=errors)


def _taken(mentions: Sequence[NewMention], taken: Iterator[Taken]) -> RowResult:
    """What became of a row with so many mentions, which are the next ones."""
    if not mentions:
        return RowResult(RowOutcome.UNMATCHED)
    of_row = []
    outcome = RowOutcome.DUPLICATE
    for (keyword_id, _), (id_, created) in zip(mentions, taken, strict=False):
        of_row.append(TakenMention(id_, keyword_id, created))
        outcome = RowOutcome.CREATED if created else outcome
    return RowResult(outcome, of_row)
