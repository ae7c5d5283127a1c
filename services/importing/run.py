"""Import posts: match them against a user's keywords and ingest them in batches."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Writer
from db.language.scope import Scope
from db.statements.ingest import NewMention
from db.statements.user import id_by_email
from loaders.dataloader import DataLoaders
from loaders.ingest import MentionIdByIdentity
from services.importing.parse_lines import DamagedFileError, RejectedRow
from services.importing.post_rows import PostRow
from services.importing.resuming import Bookmark, Position, WrittenRows
from services.importing.summary import Summary
from services.ingest.row import NewRow
from services.ingest.write import RowResult, ingest
from services.matching.keyword_matchers import KeywordMatcher

POSTS_PER_BATCH = 1000
# Bounds the memory of a batch of long posts.
CHARACTERS_PER_BATCH = 4_000_000
_FIRST_WAIT_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 5.0


@dataclass(slots=True)
class _PostBatch:
    """Rows of a file. `exported` are mentions that an export of this product contains, with their keywords."""

    rows: list[NewRow] = field(default_factory=list)
    exported: list[NewMention] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    characters: int = 0

    @property
    def read(self) -> int:
        return len(self.rows) + len(self.exported) + len(self.rejected)

    @property
    def is_full(self) -> bool:
        return self.read >= POSTS_PER_BATCH or self.characters >= CHARACTERS_PER_BATCH

    def add(self, row: PostRow | RejectedRow) -> None:
        if isinstance(row, RejectedRow):
            self.rejected.append(row)
            self.characters += len(str(row.row))
            return
        if row.keyword_id is None:
            self.rows.append(NewRow(row.post))
        else:
            self.exported.append(NewMention(row.keyword_id, row.post))
        self.characters += len(row.post.content)


async def find_matcher(pool: Pool, email: str) -> KeywordMatcher | None:
    """Return the matcher of the active user with the email address (in any case); None if there is no such user."""
    user_id = await id_by_email(pool, email, active=True)
    if user_id is None:
        return None
    reader = Reader(pool)
    try:
        matcher = KeywordMatcher(user_id)
        await matcher.refresh(reader)
        return matcher
    finally:
        reader.close()


async def import_posts(
    pool: Pool,
    matcher: KeywordMatcher,
    rows: Iterable[PostRow | RejectedRow],
    *,
    dry_run: bool = False,
    analyze: bool = False,
    ahead: bool = False,
    start: Summary | None = None,
    bookmark: Bookmark | None = None,
    patience_seconds: float = 0,
    on_wait: Callable[[Summary], None] = lambda _summary: None,
    reject: Callable[[Sequence[RejectedRow]], WrittenRows] = lambda _rejected: WrittenRows(),
    on_batch: Callable[[Summary, Sequence[RejectedRow]], None] = lambda _summary, _rejected: None,
) -> Summary:
    """Ingest the posts that mention a keyword, in one transaction per batch, and return the counts.

    A mention of an export that still exists is a duplicate. Other posts are matched, also those of an export. A dry run
    only matches. With `analyze`, new mentions are analyzed. If the file is damaged, everything before the damage is
    ingested. With `ahead`, a thread reads the next batch during the write of the current one. Use it only for files,
    which never block for long.

    `start` has the counts of the rows before the first one. Each batch stores its position at the `bookmark`, and the
    end of the file deletes it. An unavailable database is asked again for `patience_seconds`, of which `on_wait` tells
    once. `reject` gets the rejected
    rows of a batch before its transaction, and returns the state of their file. `on_batch` gets the counts and the
    rejected rows after it.
    """
    run = _Run(
        pool, matcher, bookmark, _Patience(patience_seconds, on_wait), dry_run=dry_run, analyze=analyze
    )
    summary = start or Summary()
    batches = _batches(rows)
    try:
        async with aclosing(_read_ahead(batches) if ahead else _in_turn(batches)) as reading:
            async for batch in reading:
                summary = await run.write(batch, summary, reject(batch.rejected))
                on_batch(summary, batch.rejected)
    except DamagedFileError as damage:
        summary.damage = damage
    else:
        await run.end()
    return summary


class _Patience(NamedTuple):
    """The time between attempts that an import waits for a database, and the function that is told of the wait."""

    seconds: float
    on_wait: Callable[[Summary], None]


class _Run:
    """The writes of an import."""

    def __init__(
        self,
        pool: Pool,
        matcher: KeywordMatcher,
        bookmark: Bookmark | None,
        patience: _Patience,
        *,
        dry_run: bool,
        analyze: bool,
    ) -> None:
        self._pool, self._matcher = pool, matcher
        self._bookmark = None if dry_run else bookmark
        self._dry_run, self._analyze = dry_run, analyze
        self._patience = patience

    async def write(self, batch: _PostBatch, before: Summary, rejected: WrittenRows) -> Summary:
        """Write a batch, and return the counts with it. While the database is unavailable, try again for a while."""
        waited, wait = 0.0, _FIRST_WAIT_SECONDS
        while True:
            try:
                if waited and (done := await self._committed(batch, before)):
                    return done
                return await self._write_once(batch, before, rejected)
            except Exception as failure:
                if waited >= self._patience.seconds or not is_unavailable(failure):
                    raise
                if not waited:
                    self._patience.on_wait(before)
                await asyncio.sleep(wait)
                waited, wait = waited + wait, min(2 * wait, _LONGEST_WAIT_SECONDS)

    async def end(self) -> None:
        """Forget the position of the finished import."""
        if self._bookmark is not None:
            await self._bookmark.forget(self._pool)

    async def _committed(self, batch: _PostBatch, before: Summary) -> Summary | None:
        """Return the counts of a transaction whose commit was not answered. Return None if it was rolled back."""
        found = None if self._bookmark is None else await self._bookmark.find(self._pool)
        return found.summary if found and found.summary.read == before.read + batch.read else None

    async def _write_once(self, batch: _PostBatch, before: Summary, rejected: WrittenRows) -> Summary:
        lost = await _lost(self._pool, self._matcher.user_id, batch.exported)
        after = before.copy()
        after.read += batch.read
        after.rejected += len(batch.rejected)
        after.add_duplicates(len(batch.exported) - len(lost))
        to_match = [*batch.rows, *(NewRow(mention.post) for mention in lost)]
        if self._dry_run:
            after.add_matches([self._matcher.match(row.post) for row in to_match])
            return after
        return await self._ingest(to_match, after, rejected)

    async def _ingest(self, rows: Sequence[NewRow], after: Summary, rejected: WrittenRows) -> Summary:
        if not rows and self._bookmark is None:
            return after
        done = after

        async def finish(writer: Writer, results: Sequence[RowResult]) -> None:
            nonlocal done
            done = after.copy()  # a transaction may be repeated
            done.add(results)
            if self._bookmark is not None:
                await self._bookmark.keep(writer, Position(done, rejected))

        await ingest(self._pool, self._matcher, rows, analyze=self._analyze, finish=finish)
        return done


async def _lost(pool: Pool, user_id: int, exported: Sequence[NewMention]) -> list[NewMention]:
    """Return the exported mentions that the user does not have, or no longer has."""
    if not exported:
        return []
    loaders = DataLoaders(Reader(pool), Scope(user_id))
    try:
        found = await loaders.load(MentionIdByIdentity(user_id), [mention.identity for mention in exported])
    finally:
        await loaders.close()
    return [mention for mention, id_ in zip(exported, found, strict=True) if id_ is None]


async def _in_turn(batches: Iterator[_PostBatch]) -> AsyncGenerator[_PostBatch]:
    for batch in batches:
        yield batch


async def _read_ahead(batches: Iterator[_PostBatch]) -> AsyncGenerator[_PostBatch]:
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        await asyncio.gather(
            reading, return_exceptions=True
        )  # the file must stay open until the thread has ended


def _batches(rows: Iterable[PostRow | RejectedRow]) -> Iterator[_PostBatch]:
    """Yield the rows in batches. The last batch ends at the end of the file or before its damage."""
    batch = _PostBatch()
    try:
        for row in rows:
            batch.add(row)
            if batch.is_full:
                yield batch
                batch = _PostBatch()
    except DamagedFileError:
        yield batch
        raise
    yield batch
