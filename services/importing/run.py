"""Import posts: match them against a user's keywords and ingest them in batches."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.statements.ingest import NewMention
from db.statements.user import id_by_email
from loaders.dataloader import DataLoaders
from loaders.ingest import MentionIdByIdentity
from services.importing.parse_lines import DamagedFileError, RejectedRow
from services.importing.post_rows import PostRow
from services.ingest.row import NewRow
from services.ingest.write import RowResult, ingest
from services.matching.keyword_matchers import KeywordMatcher

POSTS_PER_BATCH = 1000
# Bounds the memory of a batch of long posts.
CHARACTERS_PER_BATCH = 4_000_000


@dataclass(slots=True)
class Summary:
    """Counts of the rows read so far.

    `matched` counts posts with a keyword, and `mentions` counts pairs of a post and a keyword. `created` and
    `duplicates` divide the mentions by their outcome, except in a dry run. `damage` is where reading stopped.
    """

    read: int = 0
    matched: int = 0
    rejected: int = 0
    mentions: int = 0
    created: int = 0
    duplicates: int = 0
    damage: DamagedFileError | None = None

    def add(self, results: Sequence[RowResult]) -> None:
        for _, mentions, _ in results:
            self.matched += bool(mentions)
            self.mentions += len(mentions)
            created = sum(mention.created for mention in mentions)
            self.created += created
            self.duplicates += len(mentions) - created

    def add_duplicates(self, mentions: int) -> None:
        """Count mentions of an export that still exist."""
        self.matched += mentions
        self.mentions += mentions
        self.duplicates += mentions

    def add_matches(self, keyword_ids: Sequence[Sequence[int]]) -> None:
        self.matched += sum(map(bool, keyword_ids))
        self.mentions += sum(map(len, keyword_ids))


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
    on_batch: Callable[[Summary, Sequence[RejectedRow]], None] = lambda _summary, _rejected: None,
) -> Summary:
    """Ingest the posts that mention a keyword, in one transaction per batch, and return the counts.

    A mention of an export that still exists is a duplicate. Other posts are matched, also those of an export. A dry run only matches. With `analyze`, new mentions are analyzed. `on_batch` gets the counts and the rejected
    rows of each batch. If the file is damaged, everything before the damage is ingested. With `ahead`, a thread reads
    the next batch during the write of the current one. Use it only for files, which never block for long.
    """
    summary = Summary()
    batches = _batches(rows)
    try:
        async with aclosing(_read_ahead(batches) if ahead else _in_turn(batches)) as reading:
            async for batch in reading:
                lost = await _lost(pool, matcher.user_id, batch.exported)
                summary.add_duplicates(len(batch.exported) - len(lost))
                to_match = [*batch.rows, *(NewRow(mention.post) for mention in lost)]
                if dry_run:
                    summary.add_matches([matcher.match(row.post) for row in to_match])
                elif to_match:
                    summary.add(await ingest(pool, matcher, to_match, analyze=analyze))
                summary.read += batch.read
                summary.rejected += len(batch.rejected)
                on_batch(summary, batch.rejected)
    except DamagedFileError as damage:
        summary.damage = damage
    return summary


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
