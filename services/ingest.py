"""From posts to mentions: matched against a user's keywords and taken in batch by batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from db.ingest import NewMention, Outcome, active_keywords, insert_mentions, user_by_email
from db.models import Keyword, Platform
from db.pool import Pool, Reader
from services.matching import Matcher
from services.posts import DamagedFileError, Post, Rejected

POSTS_PER_BATCH = 1000
# Mentions of long posts make a batch full sooner, so that memory stays bounded.
CHARACTERS_PER_BATCH = 4_000_000
# Stands in no text and in no keyword, so that no phrase reaches from the title into the content.
_BETWEEN = " \0 "


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose mentions are taken in, and which keywords make them."""

    user_id: int
    keywords: Sequence[Keyword]


@dataclass(slots=True)
class Summary:
    """What came of the rows so far. `read` counts all of them, `matched` the posts that mention a keyword.

    `mentions` counts each keyword of each post; `outcomes` says what became of them, nothing in a dry run.
    `damage` is where the file could not be read on.
    """

    read: int = 0
    matched: int = 0
    rejected: int = 0
    mentions: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    damage: DamagedFileError | None = None


@dataclass(slots=True)
class _Batch:
    rejected: list[Rejected] = field(default_factory=list)
    mentions: list[NewMention] = field(default_factory=list)
    read: int = 0
    matched: int = 0
    characters: int = 0

    @property
    def is_full(self) -> bool:
        return self.read >= POSTS_PER_BATCH or self.characters >= CHARACTERS_PER_BATCH

    def add(self, row: Post | Rejected, matcher: Matcher, platform: Platform) -> None:
        self.read += 1
        if isinstance(row, Rejected):
            self.rejected.append(row)
            return
        mentions = mentions_of(row, matcher, platform)
        self.mentions += mentions
        self.matched += bool(mentions)
        self.characters += len(mentions) * len(row.content)


def mentions_of(post: Post, matcher: Matcher, platform: Platform) -> list[NewMention]:
    """One mention of the post for each keyword that its title or content has, in the order of their ids."""
    title = post.title
    text = post.content if title is None or title == post.content else title + _BETWEEN + post.content
    return [
        NewMention(
            keyword_id=keyword_id,
            platform=platform,
            external_id=post.external_id,
            url=post.url,
            title=title,
            content=post.content,
            author=post.author,
            likes=post.likes,
            comments=post.comments,
            published_at=post.published_at,
        )
        for keyword_id in matcher.match(text, platform)
    ]


async def find_watch(pool: Pool, email: str) -> Watch | None:
    """The user with the address, whatever its case, and the active keywords; None for an unknown address."""
    reader = Reader(pool)
    try:
        user_id = await user_by_email(reader, email)
        return None if user_id is None else Watch(user_id, await active_keywords(reader, user_id))
    finally:
        reader.close()


async def import_posts(
    pool: Pool,
    watch: Watch,
    rows: Iterable[Post | Rejected],
    platform: Platform,
    *,
    dry_run: bool = False,
    on_batch: Callable[[Summary, Sequence[Rejected]], None] = lambda _summary, _rejected: None,
) -> Summary:
    """Takes in what the rows mention. Each batch is a transaction of its own; a dry run only matches.

    `on_batch` is told after each batch how things stand and which of its rows were rejected. Where the file
    turns out to be damaged, everything before the damage is taken in.
    """
    matcher = Matcher(watch.keywords)
    summary = Summary()
    try:
        for batch in _batches(rows, matcher, platform):
            if batch.mentions and not dry_run:
                summary.outcomes.update(await insert_mentions(pool, watch.user_id, batch.mentions))
            summary.read += batch.read
            summary.mentions += len(batch.mentions)
            summary.matched += batch.matched
            summary.rejected += len(batch.rejected)
            on_batch(summary, batch.rejected)
    except DamagedFileError as damage:
        summary.damage = damage
    return summary


def _batches(rows: Iterable[Post | Rejected], matcher: Matcher, platform: Platform) -> Iterator[_Batch]:
    """The rows in full batches; what is left before the end, or before damage, makes the last one."""
    batch = _Batch()
    try:
        for row in rows:
            batch.add(row, matcher, platform)
            if batch.is_full:
                yield batch
                batch = _Batch()
    except DamagedFileError:
        yield batch
        raise
    yield batch
