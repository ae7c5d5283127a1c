"""Taking mentions in: the one way by which files, streams and mutations bring them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Writer, in_transaction
from db.language.scope import Scope
from db.models import KeywordStatus, UserStatus
from db.statements.analysis import record_analyses
from db.statements.ingest import (
    NewMention,
    StoredMention,
    insert_mentions,
    lock_keywords,
    lock_user,
    own_integrations,
)
from loaders.loader import Loads
from services.analysis.record import ANALYZER, VERSION
from services.ingest.pre_analysis import NOTHING_FOUND, Findings, findings
from services.ingest.row import FailedRow, IngestErrorCode, NewRow, Row, RowError
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.user_errors import InactiveViewerError


class ErrorPolicy(StrEnum):
    """What to do with the rows that are right when others are not."""

    REJECT_ALL = "reject_all"
    REJECT_FAILED_ROWS = "reject_failed_rows"


class IngestOutcome(StrEnum):
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

    outcome: IngestOutcome
    mentions: Sequence[TakenMention] = ()
    errors: Sequence[RowError] = ()


_REJECTED = RowResult(
    IngestOutcome.FAILED,
    errors=[
        RowError(
            IngestErrorCode.REJECTED, "Nothing is wrong with this row: others failed, so none was taken in."
        )
    ],
)
_NO_KEYWORD = RowError(IngestErrorCode.NOT_FOUND, "There is no such keyword.", "keywordId")
_NO_INTEGRATION = RowError(IngestErrorCode.NOT_FOUND, "There is no such integration.", "integrationId")


async def take(
    pool: Pool,
    matcher: KeywordMatcher,
    rows: Sequence[Row],
    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS,
    *,
    analyze: bool = False,
) -> list[RowResult]:
    """`take_in` in a transaction of its own. With `analyze`, what is new is analysed before."""
    found: Findings = {}
    if analyze:
        loads = Loads(Reader(pool), Scope(matcher.user_id))
        try:
            found = await findings(loads, matcher, rows)
        finally:
            await loads.close()
    return await in_transaction(pool, lambda writer: take_in(writer, matcher, rows, on_error, found))


async def take_in(
    writer: Writer,
    matcher: KeywordMatcher,
    rows: Sequence[Row],
    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS,
    found: Findings = NOTHING_FOUND,
) -> list[RowResult]:
    """Takes rows in for the user, who is locked first; gives what became of each, in order.

    A row without a keyword becomes a mention of each active keyword that it contains. What was found in
    mentions that are new is recorded with them. Raises `InactiveViewerError` for a user who may not write, or is
    none.
    """
    if await lock_user(writer, matcher.user_id) != UserStatus.ACTIVE:
        raise InactiveViewerError
    if any(isinstance(row, NewRow) and row.keyword_id is None for row in rows):
        await matcher.refresh(writer)
    matched = [matcher.keywords_of(row) for row in rows]
    keywords = await lock_keywords(writer, matcher.user_id, sorted({id_ for ids in matched for id_ in ids}))
    integrations = await own_integrations(writer, matcher.user_id, sorted(_integration_ids(rows)))
    errors = [_errors(row, keywords, integrations) for row in rows]
    if on_error == ErrorPolicy.REJECT_ALL and any(errors):
        return [_failed(wrong) if wrong else _REJECTED for wrong in errors]
    active = {id_ for id_, status in keywords.items() if status == KeywordStatus.ACTIVE}
    mentions = [
        [] if wrong else _mentions(row, ids, active)
        for row, ids, wrong in zip(rows, matched, errors, strict=True)
    ]
    taken = iter(await _insert(writer, matcher.user_id, [one for some in mentions for one in some], found))
    return [
        _failed(wrong) if wrong else _taken(of_row, taken)
        for of_row, wrong in zip(mentions, errors, strict=True)
    ]


async def _insert(
    writer: Writer, user_id: int, mentions: Sequence[NewMention], found: Findings
) -> list[StoredMention]:
    taken = await insert_mentions(writer, user_id, mentions)
    analyses = [
        {**found[mention.identity], "mention_id": row.id}
        for mention, row in zip(mentions, taken, strict=True)
        if row.created and mention.identity in found
    ]
    if analyses:
        await record_analyses(writer, Scope(user_id), analyses, ANALYZER, VERSION)
    return taken


def _integration_ids(rows: Iterable[Row]) -> set[int]:
    ids = {row.post.integration_id for row in rows if isinstance(row, NewRow)}
    return {id_ for id_ in ids if id_ is not None}


def _errors(
    row: Row, keywords: Mapping[int, KeywordStatus], integrations: AbstractSet[int]
) -> Sequence[RowError]:
    """What is wrong with the row, now that the database has been asked."""
    if isinstance(row, FailedRow):
        return row.errors
    errors: list[RowError] = []
    if row.keyword_id is not None and row.keyword_id not in keywords:
        errors.append(_NO_KEYWORD)
    elif row.keyword_id is not None and (status := keywords[row.keyword_id]) != KeywordStatus.ACTIVE:
        errors.append(RowError(IngestErrorCode.INACTIVE, f"The keyword is {status}.", "keywordId"))
    if row.post.integration_id is not None and row.post.integration_id not in integrations:
        errors.append(_NO_INTEGRATION)
    return errors


def _mentions(row: Row, keyword_ids: Sequence[int], active: AbstractSet[int]) -> list[NewMention]:
    """A keyword that was found, but has been paused or deleted since, is not mentioned any more."""
    if isinstance(row, FailedRow):
        return []
    return [NewMention(keyword_id, row.post) for keyword_id in keyword_ids if keyword_id in active]


def _failed(errors: Sequence[RowError]) -> RowResult:
    return RowResult(IngestOutcome.FAILED, errors=errors)


def _taken(mentions: Sequence[NewMention], taken: Iterator[StoredMention]) -> RowResult:
    """What became of a row with so many mentions, which are the next ones."""
    if not mentions:
        return RowResult(IngestOutcome.UNMATCHED)
    of_row = []
    outcome = IngestOutcome.DUPLICATE
    for (keyword_id, _), (id_, created) in zip(mentions, taken, strict=False):
        of_row.append(TakenMention(id_, keyword_id, created))
        outcome = IngestOutcome.CREATED if created else outcome
    return RowResult(outcome, of_row)
