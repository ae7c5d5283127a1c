"""Ingest mentions. Files, streams and mutations all use this path."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from db.engine.author import Author
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.steps import Steps
from db.engine.writer import Writer, in_transaction
from db.language.scope import Scope
from db.models import KeywordStatus, UserStatus
from db.statements.analysis import record_analyses
from db.statements.ingest import (
    LockedKeyword,
    NewMention,
    StoredMention,
    insert_mentions,
    lock_keywords,
    lock_user,
    own_integrations,
)
from loaders.dataloader import DataLoaders
from services.analysis.auto_leads import score_analyzed
from services.analysis.record import ANALYZER, VERSION
from services.ingest.pre_analysis import NO_PRE_ANALYSES, PreAnalyses, pre_analyze
from services.ingest.row import FailedRow, NewRow, Row, keyword_ids_of
from services.ingest.row_errors import IngestErrorCode, RowError
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.user_errors import InactiveViewerError, not_found_message


class ErrorPolicy(StrEnum):
    """The treatment of a batch's valid rows if others are invalid."""

    REJECT_ALL = "reject_all"
    REJECT_FAILED_ROWS = "reject_failed_rows"


class IngestOutcome(StrEnum):
    """The outcome of a row. A row with several keywords is CREATED if at least one of its mentions is new."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"
    FAILED = "failed"


class IngestedMention(NamedTuple):
    """A mention of an ingested row. `created` is False if the mention already existed."""

    id: int
    keyword_id: int
    created: bool


class RowResult(NamedTuple):
    """The result of a row: one mention per keyword, or errors."""

    outcome: IngestOutcome
    mentions: Sequence[IngestedMention] = ()
    errors: Sequence[RowError] = ()


_REJECTED = RowResult(
    IngestOutcome.FAILED,
    errors=[
        RowError(IngestErrorCode.REJECTED, "This row is valid. It was rejected because other rows failed.")
    ],
)
_NO_KEYWORD = RowError(IngestErrorCode.NOT_FOUND, not_found_message("keyword"), "keywordId")
_NO_INTEGRATION = RowError(IngestErrorCode.NOT_FOUND, not_found_message("integration"), "integrationId")


async def ingest(
    pool: Pool,
    matcher: KeywordMatcher,
    rows: Sequence[Row],
    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS,
    *,
    analyze: bool = False,
    steps: Steps | None = None,
    author: Author | None = None,
    finish: Callable[[Writer, Sequence[RowResult]], Awaitable[None]] | None = None,
) -> list[RowResult]:
    """Ingest rows in a transaction of their own, in short steps. With `analyze`, analyze the new mentions first.

    `finish` runs at the end of the transaction, and again if the transaction is repeated.
    """
    analyses, scope = NO_PRE_ANALYSES, Scope(matcher.user_id)
    if analyze:
        loaders = DataLoaders(Reader(pool, fence=scope), scope)
        try:
            analyses = await pre_analyze(loaders, matcher, rows)
        finally:
            await loaders.close()

    async def work(writer: Writer) -> list[RowResult]:
        results = await ingest_rows(writer, matcher, rows, on_error, analyses, steps)
        if finish is not None:
            await finish(writer, results)
        return results

    return await in_transaction(pool, work, fence=scope, author=author)


async def ingest_rows(
    writer: Writer,
    matcher: KeywordMatcher,
    rows: Sequence[Row],
    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS,
    analyses: PreAnalyses = NO_PRE_ANALYSES,
    steps: Steps | None = None,
) -> list[RowResult]:
    """Lock the user, ingest their rows, and return the result of each row, in order.

    A row without a keyword becomes a mention of each active keyword that it contains. New mentions get their
    analyses. Raises `InactiveViewerError` if the user is not active or does not exist.
    """
    steps = steps or Steps()
    if await lock_user(writer, matcher.user_id) != UserStatus.ACTIVE:
        raise InactiveViewerError
    if any(isinstance(row, NewRow) and row.keyword_id is None for row in rows):
        await matcher.refresh(writer)
    matched = await _matched(rows, matcher, steps)
    keywords = await lock_keywords(writer, matcher.user_id, sorted({id_ for ids in matched for id_ in ids}))
    integrations = await own_integrations(writer, matcher.user_id, sorted(_integration_ids(rows)))
    if steps.are_due():
        await steps.next()
    errors = [_errors(row, keywords, integrations) for row in rows]
    if on_error == ErrorPolicy.REJECT_ALL and any(errors):
        return [_failed(row_errors) if row_errors else _REJECTED for row_errors in errors]
    active = {id_ for id_, keyword in keywords.items() if keyword.status == KeywordStatus.ACTIVE}
    ruled = {id_ for id_ in active if keywords[id_].auto_lead_score is not None}
    mentions = [
        [] if row_errors else _mentions(row, ids, active)
        for row, ids, row_errors in zip(rows, matched, errors, strict=True)
    ]
    stored = iter(
        await _insert(writer, matcher.user_id, list(chain.from_iterable(mentions)), analyses, ruled, steps)
    )
    if steps.are_due():
        await steps.next()
    return [
        _failed(row_errors) if row_errors else _ingested(row_mentions, stored)
        for row_mentions, row_errors in zip(mentions, errors, strict=True)
    ]


async def _matched(rows: Sequence[Row], matcher: KeywordMatcher, steps: Steps) -> list[Sequence[int]]:
    """Return the IDs of each row's keywords."""
    matched: list[Sequence[int]] = []
    for row in rows:
        if steps.are_due():
            await steps.next()
        matched.append(keyword_ids_of(row, matcher))
    return matched


async def _insert(
    writer: Writer,
    user_id: int,
    mentions: Sequence[NewMention],
    analyses: PreAnalyses,
    ruled: AbstractSet[int],
    steps: Steps,
) -> list[StoredMention]:
    """Insert the mentions with their analyses. Make leads of the promising ones of the ruled keywords."""
    stored = await insert_mentions(writer, user_id, mentions, steps)
    analyzed = {
        row.id: mention
        for mention, row in zip(mentions, stored, strict=True)
        if row.created and mention.identity in analyses
    }
    if analyzed:
        new = [{**analyses[mention.identity], "mention_id": id_} for id_, mention in analyzed.items()]
        await record_analyses(writer, Scope(user_id), new, ANALYZER, VERSION)
    if possible := [id_ for id_, mention in analyzed.items() if mention.keyword_id in ruled]:
        await score_analyzed(writer, possible, writer.moment)
    return stored


def _integration_ids(rows: Iterable[Row]) -> set[int]:
    ids = {row.post.integration_id for row in rows if isinstance(row, NewRow)}
    return {id_ for id_ in ids if id_ is not None}


def _errors(
    row: Row, keywords: Mapping[int, LockedKeyword], integrations: AbstractSet[int]
) -> Sequence[RowError]:
    """Return the row's errors, with those that depend on the database."""
    if isinstance(row, FailedRow):
        return row.errors
    errors: list[RowError] = []
    if row.keyword_id is not None and row.keyword_id not in keywords:
        errors.append(_NO_KEYWORD)
    elif row.keyword_id is not None and (status := keywords[row.keyword_id].status) != KeywordStatus.ACTIVE:
        errors.append(
            RowError(
                IngestErrorCode.INACTIVE, f"Must be an active keyword. This keyword is {status}.", "keywordId"
            )
        )
    if row.post.integration_id is not None and row.post.integration_id not in integrations:
        errors.append(_NO_INTEGRATION)
    return errors


def _mentions(row: Row, keyword_ids: Sequence[int], active: AbstractSet[int]) -> list[NewMention]:
    """Return the row's mentions, without keywords that were paused or deleted since they matched."""
    if isinstance(row, FailedRow):
        return []
    return [NewMention(keyword_id, row.post) for keyword_id in keyword_ids if keyword_id in active]


def _failed(errors: Sequence[RowError]) -> RowResult:
    return RowResult(IngestOutcome.FAILED, errors=errors)


def _ingested(mentions: Sequence[NewMention], stored: Iterator[StoredMention]) -> RowResult:
    """Return the result of a row, and consume its mentions from those stored."""
    if not mentions:
        return RowResult(IngestOutcome.UNMATCHED)
    ingested = [
        IngestedMention(id_, keyword_id, created)
        for (keyword_id, _), (id_, created) in zip(mentions, stored, strict=False)
    ]
    is_new = any(mention.created for mention in ingested)
    return RowResult(IngestOutcome.CREATED if is_new else IngestOutcome.DUPLICATE, ingested)
