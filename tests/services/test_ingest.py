import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from db.ingest import NewMention, Outcome, insert_mentions
from db.models import Platform
from db.pool import Pool
from services import ingest
from services.ingest import Summary, Watch, find_watch, import_posts
from services.posts import DamagedFileError, Post, Rejected, open_posts

HACKERNEWS = Platform.HACKERNEWS
CREATED, DUPLICATE, INACTIVE = Outcome.CREATED, Outcome.DUPLICATE, Outcome.INACTIVE
REAL_FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "hacker_news.csv"


async def add_user(pool: Pool, *keywords: str, email: str = "ann@example.com") -> int:
    user_id: int = await pool.fetchval("INSERT INTO users (email) VALUES ($1) RETURNING id", email)
    for keyword in keywords:
        await pool.execute("INSERT INTO keywords (user_id, keyword) VALUES ($1, $2)", user_id, keyword)
    return user_id


async def watch_of(pool: Pool, email: str = "ann@example.com") -> Watch:
    watch = await find_watch(pool, email)
    assert watch is not None
    return watch


async def counts(pool: Pool) -> dict[str, int]:
    """The mention counters of users by e-mail and of keywords by their words, checked against the rows."""
    rows = await pool.fetch(
        """
        SELECT email AS name, mentions_count,
            (SELECT count(*) FROM mentions WHERE user_id = users.id) AS counted FROM users
        UNION ALL
        SELECT keyword, mentions_count, (SELECT count(*) FROM mentions WHERE keyword_id = keywords.id)
        FROM keywords
        """
    )
    assert all(row["mentions_count"] == row["counted"] for row in rows)
    return {row["name"]: row["mentions_count"] for row in rows}


def post(number: int, content: str, title: str | None = None) -> Post:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Post(number, str(number), f"https://example.com/{number}", title, content, "bob", 5, 6, moment)


def mention(keyword_id: int, external_id: str) -> NewMention:
    return NewMention(
        keyword_id=keyword_id,
        platform=HACKERNEWS,
        external_id=external_id,
        url="https://example.com",
        content="text",
    )


def damaged(*rows: Post | Rejected) -> Iterator[Post | Rejected]:
    yield from rows
    raise DamagedFileError(99, "mice")


async def keyword_ids(pool: Pool) -> list[int]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM keywords ORDER BY id")]


async def test_a_user_is_found_by_address_in_any_case_with_active_keywords_alone(pool: Pool) -> None:
    user_id = await add_user(pool, "crm", "paused", "archived", "api", email="Ann@Example.com")
    await add_user(pool, "other", email="bob@example.com")
    await pool.execute("UPDATE keywords SET status = keyword WHERE keyword IN ('paused', 'archived')")
    watch = await watch_of(pool, "aNN@eXAMPLE.COM")
    assert watch.user_id == user_id
    assert [keyword.keyword for keyword in watch.keywords] == ["crm", "api"]


async def test_unknown_and_deleted_users_are_not_found(pool: Pool) -> None:
    await add_user(pool, "crm")
    await pool.execute("UPDATE users SET status = 'deleted'")
    assert await find_watch(pool, "ann@example.com") is None
    assert await find_watch(pool, "nobody@example.com") is None


async def test_posts_become_mentions_with_all_they_say(pool: Pool) -> None:
    user_id = await add_user(pool, "crm")
    summary = await import_posts(pool, await watch_of(pool), [post(1, "the text", "A CRM")], HACKERNEWS)
    assert summary == Summary(read=1, matched=1, mentions=1, outcomes=Counter({CREATED: 1}))
    row = await pool.fetchrow("SELECT * FROM mentions")
    assert row is not None
    stored = dict(row)
    assert stored.pop("id") > 0
    assert stored.pop("created_at") == stored.pop("updated_at")
    assert stored.pop("search") == "'a':1A 'crm':2A 'text':4B 'the':3B"
    assert stored == {
        **dict.fromkeys(("read_at", "starred_at", "dismissed_at", "dismiss_reason", "engaged_at")),
        "user_id": user_id,
        "keyword_id": (await keyword_ids(pool))[0],
        "integration_id": None,
        "platform": "hackernews",
        "external_id": "1",
        "kind": "post",
        "url": "https://example.com/1",
        "title": "A CRM",
        "content": "the text",
        "author": "bob",
        "language": None,
        "likes": 5,
        "comments": 6,
        "published_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


async def test_a_phrase_does_not_reach_from_the_title_into_the_content(pool: Pool) -> None:
    await add_user(pool, "open source")
    rows = [
        post(1, "source of trouble", "Always open"),
        post(2, "open source", "x"),
        post(3, "x", "Open source"),
    ]
    summary = await import_posts(pool, await watch_of(pool), rows, HACKERNEWS)
    assert (summary.matched, await counts(pool)) == (2, {"ann@example.com": 2, "open source": 2})


async def test_importing_again_creates_nothing(pool: Pool) -> None:
    await add_user(pool, "crm", "api")
    rows = [post(1, "crm api"), post(2, "api"), post(3, "none"), post(1, "crm again")]
    watch = await watch_of(pool)
    first = await import_posts(pool, watch, rows, HACKERNEWS)
    assert (first.read, first.matched, first.mentions) == (4, 3, 4)
    assert first.outcomes == {CREATED: 3, DUPLICATE: 1}
    assert await pool.fetchval("SELECT content FROM mentions WHERE external_id = '1' LIMIT 1") == "crm api"
    second = await import_posts(pool, watch, rows, HACKERNEWS)
    assert second.outcomes == {DUPLICATE: 4}
    assert await counts(pool) == {"ann@example.com": 3, "crm": 1, "api": 2}
    elsewhere = await import_posts(pool, watch, rows, Platform.REDDIT)
    assert elsewhere.outcomes == {CREATED: 3, DUPLICATE: 1}
    assert await counts(pool) == {"ann@example.com": 6, "crm": 2, "api": 4}


async def test_other_users_are_left_alone(pool: Pool) -> None:
    await add_user(pool, "crm")
    await add_user(pool, "api", email="bob@example.com")
    await import_posts(pool, await watch_of(pool), [post(1, "crm api")], HACKERNEWS)
    assert await counts(pool) == {"ann@example.com": 1, "crm": 1, "bob@example.com": 0, "api": 0}


async def test_a_dry_run_writes_nothing(pool: Pool) -> None:
    await add_user(pool, "crm")
    rows: list[Post | Rejected] = [post(1, "crm"), Rejected(2, "mice")]
    summary = await import_posts(pool, await watch_of(pool), rows, HACKERNEWS, dry_run=True)
    assert summary == Summary(read=2, matched=1, mentions=1, rejected=1)
    assert await counts(pool) == {"ann@example.com": 0, "crm": 0}


async def test_rejections_and_progress_are_told_batch_by_batch(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    told: list[tuple[int, int, list[int]]] = []

    def on_batch(summary: Summary, rejected: Sequence[Rejected]) -> None:
        told.append((summary.read, summary.outcomes[CREATED], [row.line for row in rejected]))

    rows: list[Post | Rejected] = [
        post(1, "crm"),
        Rejected(2, "mice"),
        post(3, "crm"),
        post(4, "crm"),
        Rejected(5, "mice"),
    ]
    summary = await import_posts(pool, await watch_of(pool), rows, HACKERNEWS, on_batch=on_batch)
    assert told == [(2, 1, [2]), (4, 3, []), (5, 3, [5])]
    assert (summary.read, summary.rejected, summary.damage) == (5, 2, None)


async def test_long_posts_make_smaller_batches(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "CHARACTERS_PER_BATCH", 50_000)
    await add_user(pool, "crm", "api")
    reads: list[int] = []
    rows = [post(number, "crm api " + "x" * 19_992) for number in range(5)]
    await import_posts(
        pool, await watch_of(pool), rows, HACKERNEWS, on_batch=lambda summary, _: reads.append(summary.read)
    )
    assert reads == [2, 4, 5]


async def test_everything_before_damage_is_imported(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    watch = await watch_of(pool)
    rows = [post(number, "crm") for number in range(3)]
    summary = await import_posts(pool, watch, damaged(*rows), HACKERNEWS)
    assert (summary.read, summary.outcomes) == (3, {CREATED: 3})
    assert summary.damage is not None
    assert (summary.damage.line, summary.damage.reason) == (99, "mice")
    mended = await import_posts(pool, watch, [*rows, post(3, "crm")], HACKERNEWS)
    assert mended.outcomes == {DUPLICATE: 3, CREATED: 1}
    assert await counts(pool) == {"ann@example.com": 4, "crm": 4}


async def test_a_failed_batch_leaves_nothing_of_itself(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    await pool.execute("ALTER TABLE mentions ADD CHECK (external_id <> '3')")
    rows = [post(number, "crm") for number in range(5)]
    with pytest.raises(asyncpg.CheckViolationError):
        await import_posts(pool, await watch_of(pool), rows, HACKERNEWS)
    assert await counts(pool) == {"ann@example.com": 2, "crm": 2}


async def test_each_mention_is_told_what_became_of_it(pool: Pool) -> None:
    user_id = await add_user(pool, "crm", "paused", "deleted")
    await add_user(pool, "other", email="bob@example.com")
    crm, paused, deleted, other = await keyword_ids(pool)
    await pool.execute("UPDATE keywords SET status = 'paused' WHERE id = $1", paused)
    await pool.execute("DELETE FROM keywords WHERE id = $1", deleted)
    given = [
        mention(crm, "b"),
        mention(paused, "a"),
        mention(crm, "a"),
        mention(deleted, "a"),
        mention(crm, "b"),
        mention(other, "a"),
    ]
    outcomes = await insert_mentions(pool, user_id, given)
    assert outcomes == [CREATED, INACTIVE, CREATED, INACTIVE, DUPLICATE, INACTIVE]
    assert await insert_mentions(pool, user_id, given[1:3]) == [INACTIVE, DUPLICATE]
    assert await insert_mentions(pool, user_id, []) == []
    assert await insert_mentions(pool, user_id + 1000, given[:1]) == [INACTIVE]
    assert await counts(pool) == {
        "ann@example.com": 2,
        "crm": 2,
        "paused": 0,
        "bob@example.com": 0,
        "other": 0,
    }


async def test_a_mention_takes_all_that_a_column_can_hold(pool: Pool) -> None:
    user_id = await add_user(pool, "crm")
    longest = NewMention(
        keyword_id=(await keyword_ids(pool))[0],
        platform=HACKERNEWS,
        external_id="é" * 500,
        url="https://" + "é" * 1992,
        title="字" * 1000,
        content="🚀" * 20_000,
        author="é" * 200,
        language="en",
        likes=2**31 - 1,
        comments=0,
    )
    assert await insert_mentions(pool, user_id, [longest]) == [CREATED]


async def test_imports_at_the_same_time_create_each_mention_once(pool: Pool) -> None:
    await add_user(pool, "crm", "api")
    watch = await watch_of(pool)
    rows = [post(number, "crm api") for number in range(2500)]
    imports = [import_posts(pool, watch, order, HACKERNEWS) for order in (rows, rows[::-1], rows)]
    summaries = await asyncio.gather(*imports)
    assert sum(summary.outcomes[CREATED] for summary in summaries) == 5000
    assert sum(summary.outcomes[DUPLICATE] for summary in summaries) == 10_000
    assert await counts(pool) == {"ann@example.com": 5000, "crm": 2500, "api": 2500}


async def wait_for_a_lock(pool: Pool, *, waiting: int) -> None:
    """Returns once so many connections wait for a lock."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while await pool.fetchval(blocked) < waiting:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("change", ["UPDATE keywords SET status = 'paused'", "DELETE FROM keywords"])
async def test_a_keyword_that_goes_while_it_is_waited_for_takes_no_mention(pool: Pool, change: str) -> None:
    user_id = await add_user(pool, "crm")
    (crm,) = await keyword_ids(pool)
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        await other.execute(change)
        taking_in = asyncio.create_task(insert_mentions(pool, user_id, [mention(crm, "a")]))
        await wait_for_a_lock(pool, waiting=1)
        await transaction.commit()
    assert await taking_in == [INACTIVE]
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 0


async def test_a_deadlock_with_a_deleted_keyword_is_tried_again(pool: Pool) -> None:
    user_id = await add_user(pool, "crm", "api")
    crm, api = await keyword_ids(pool)
    async with pool.acquire() as other:
        # The other side waits for long, so that this side is the one that PostgreSQL ends.
        await other.execute("SET deadlock_timeout = '60s'")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM keywords WHERE id = $1 FOR UPDATE", crm)
        taking_in = asyncio.create_task(
            insert_mentions(pool, user_id, [mention(crm, "a"), mention(api, "a")])
        )
        await wait_for_a_lock(pool, waiting=1)
        await other.execute("DELETE FROM keywords WHERE id = $1", crm)
        await transaction.commit()
        await other.execute("RESET deadlock_timeout")
    assert await taking_in == [INACTIVE, CREATED]
    assert await counts(pool) == {"ann@example.com": 1, "api": 1}


@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real sample lies outside the project")
async def test_the_real_file_is_imported_once(pool: Pool) -> None:
    await add_user(pool, "python", "postgres", "Ask HN", "looking for", "C++", ".net", "no such phrase")
    watch = await watch_of(pool)
    for outcome in (CREATED, DUPLICATE):
        with open_posts(REAL_FILE, HACKERNEWS) as posts:
            summary = await import_posts(pool, watch, posts, HACKERNEWS)
        assert (summary.read, summary.rejected, summary.damage) == (20_100, 0, None)
        assert summary.outcomes == {outcome: summary.mentions}
        assert await counts(pool) == {
            "ann@example.com": 2063,
            "python": 147,
            "postgres": 8,
            "Ask HN": 1743,
            "looking for": 30,
            "C++": 85,
            ".net": 50,
            "no such phrase": 0,
        }
