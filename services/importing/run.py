"""From a file of posts to mentions: matched against a user's keywords and taken in batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from db.statements.user import id_by_email
from services.importing.columns import DamagedFileError, Post, Rejected
from services.ingest.row import NewRow
from services.ingest.write import RowResult, take
from services.matching.keyword_matchers import KeywordMatcher

POSTS_PER_BATCH = 1000
# Long posts make a batch full sooner, so that memory stays bounded.
CHARACTERS_PER_BATCH = 4_000_000


@dataclass(slots=True)
class Summary:
    """What came of the rows so far. `read` counts all of them, `matched` the posts that mention a keyword.

    `mentions` counts each keyword of each post, `created` and `duplicates` what became of them: nothing in a
    dry run. `damage` is where the file could not be read on.
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

    def add_matches(self, found: Sequence[Sequence[int]]) -> None:
        self.matched += sum(map(bool, found))
        self.mentions += sum(map(len, found))


@dataclass(slots=True)
class _Batch:
    rows: list[NewRow] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    characters: int = 0

    @property
    def read(self) -> int:
        return len(self.rows) + len(self.rejected)

    @property
    def is_full(self) -> bool:
        return self.read >= POSTS_PER_BATCH or self.characters >= CHARACTERS_PER_BATCH

    def add(self, row: Post | Rejected, platform: Platform) -> None:
        if isinstance(row, Rejected):
            self.rejected.append(row)
        else:
            self.rows.append(NewRow(_new_post(row, platform)))
            self.characters += len(row.content)


def _new_post(post: Post, platform: Platform) -> NewPost:
    return NewPost(
        platform=platform,
        external_id=post.external_id,
        kind=MentionKind.POST,
        url=post.url,
        title=post.title,
        content=post.content,
        author=post.author,
        language=None,
        likes=post.likes,
        comments=post.comments,
        published_at=post.published_at,
    )


async def find_matcher(pool: Pool, email: str) -> KeywordMatcher | None:
    """What is watched by the active user with the address, whatever its case; None where there is no such user."""
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
    rows: Iterable[Post | Rejected],
    platform: Platform,
    *,
    dry_run: bool = False,
    analyze: bool = False,
    ahead: bool = False,
    on_batch: Callable[[Summary, Sequence[Rejected]], None] = lambda _summary, _rejected: None,
) -> Summary:
    """Takes in what the rows mention. Each batch is a transaction of its own; a dry run only matches. With
    `analyze`, what is new is analysed.

    `on_batch` is told after each batch how things stand and which of its rows were rejected. Where the file
    turns out to be damaged, everything before the damage is taken in. With `ahead`, the next batch is read in a
    thread while the database is busy with this one: for files, which never keep a reader waiting.
    """
    summary = Summary()
    batches = _batches(rows, platform)
    try:
        async with aclosing(_read_ahead(batches) if ahead else _in_turn(batches)) as reading:
            async for batch in reading:
                if dry_run:
                    summary.add_matches([matcher.keywords_of(row) for row in batch.rows])
                elif batch.rows:
                    summary.add(await take(pool, matcher, batch.rows, analyze=analyze))
                summary.read += batch.read
                summary.rejected += len(batch.rejected)
                on_batch(summary, batch.rejected)
    except DamagedFileError as damage:
        summary.damage = damage
    return summary


async def _in_turn(batches: Iterator[_Batch]) -> AsyncGenerator[_Batch]:
    for batch in batches:
        yield batch


async def _read_ahead(batches: Iterator[_Batch]) -> AsyncGenerator[_Batch]:
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        await asyncio.gather(reading, return_exceptions=True)  # nobody closes the file under the thread


def _batches(rows: Iterable[Post | Rejected], platform: Platform) -> Iterator[_Batch]:
    """The rows in full batches; what is left before the end, or before damage, makes the last one."""
    batch = _Batch()
    try:
        for row in rows:
            batch.add(row, platform)
            if batch.is_full:
                yield batch
                batch = _Batch()
    except DamagedFileError:
        yield batch
        raise
    yield batch
