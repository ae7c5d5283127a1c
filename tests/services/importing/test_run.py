import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.engine.pool import Pool
from db.engine.writer import ConstraintError
from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from services.importing import run
from services.importing.columns import open_posts
from services.importing.parse_lines import DamagedFileError, RejectedRow
from services.importing.post_rows import PostRow
from services.importing.run import find_matcher, import_posts
from services.importing.summary import Summary
from services.matching.keyword_matchers import KeywordMatcher
from tests.support import rows

HACKERNEWS = Platform.HACKERNEWS
REAL_FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hacker_news.csv"


async def add_user(pool: Pool, *keywords: str, email: str = "ann@example.com") -> int:
    user_id = await rows.add_user(pool, email)
    for keyword in keywords:
        await rows.add_keyword(pool, user_id, keyword)
    return user_id


async def matcher_of(pool: Pool, email: str = "ann@example.com") -> KeywordMatcher:
    matcher = await find_matcher(pool, email)
    assert matcher is not None
    return matcher


async def counts(pool: Pool) -> dict[str, int]:
    """Return the mention counters of users (by email) and keywords, checked against the rows."""
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


def post(number: int, content: str, title: str | None = None) -> PostRow:
    return PostRow(
        number,
        NewPost(
            HACKERNEWS,
            str(number),
            MentionKind.POST,
            f"https://example.com/{number}",
            title,
            content,
            "bob",
            None,
            5,
            6,
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
    )


def damaged(*rows: PostRow | RejectedRow) -> Iterator[PostRow | RejectedRow]:
    yield from rows
    raise DamagedFileError(99, "mice")


async def keyword_ids(pool: Pool) -> list[int]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM keywords ORDER BY id")]


async def test_a_user_is_found_by_address_in_any_case(pool: Pool) -> None:
    user_id = await add_user(pool, email="Ann@Example.com")
    await add_user(pool, email="bob@example.com")
    assert (await matcher_of(pool, "aNN@eXAMPLE.COM")).user_id == user_id


@pytest.mark.parametrize("status", ["deleted", "suspended"])
async def test_users_that_are_unknown_or_not_active_are_not_found(pool: Pool, status: str) -> None:
    await add_user(pool)
    await pool.execute("UPDATE users SET status = $1", status)
    assert await find_matcher(pool, "ann@example.com") is None
    assert await find_matcher(pool, "nobody@example.com") is None


async def test_imports_match_the_keywords_active_at_each_batch(pool: Pool) -> None:
    await add_user(pool, "crm", "paused", "archived", "api")
    await pool.execute("UPDATE keywords SET status = keyword WHERE keyword IN ('paused', 'archived')")
    matcher = await matcher_of(pool)
    assert [keyword.keyword for keyword in matcher.keywords] == ["crm", "api"]
    rows = [post(1, "crm paused archived api")]
    assert (await import_posts(pool, matcher, rows)).created == 2
    await pool.execute("UPDATE keywords SET status = 'active' WHERE keyword = 'paused'")
    assert (await import_posts(pool, matcher, rows)).created == 1
    assert await counts(pool) == {"ann@example.com": 3, "crm": 1, "paused": 1, "archived": 0, "api": 1}


async def test_imported_posts_set_every_column_of_mentions(pool: Pool) -> None:
    user_id = await add_user(pool, "crm")
    summary = await import_posts(pool, await matcher_of(pool), [post(1, "the text", "A CRM")])
    assert summary == Summary(read=1, matched=1, mentions=1, created=1)
    row = await pool.fetchrow("SELECT *, search::text AS lexemes FROM mentions")
    assert row is not None
    stored = dict(row)
    assert stored.pop("id") > 0
    assert stored.pop("created_at") == stored.pop("updated_at")
    assert stored.pop("lexemes") == "'a':1A 'crm':2A 'text':4B 'the':3B"
    assert len(stored.pop("search")) > len("a crm the text")
    assert stored == {
        **dict.fromkeys(
            ("read_at", "starred_at", "dismissed_at", "dismiss_reason", "engaged_at", "lead_deleted_at")
        ),
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


async def test_a_phrase_does_not_match_across_title_and_content(pool: Pool) -> None:
    await add_user(pool, "open source")
    rows = [
        post(1, "source of trouble", "Always open"),
        post(2, "open source", "x"),
        post(3, "x", "Open source"),
    ]
    summary = await import_posts(pool, await matcher_of(pool), rows)
    assert (summary.matched, await counts(pool)) == (2, {"ann@example.com": 2, "open source": 2})


async def test_importing_again_creates_nothing(pool: Pool) -> None:
    await add_user(pool, "crm", "api")
    rows = [post(1, "crm api"), post(2, "api"), post(3, "none"), post(1, "crm again")]
    matcher = await matcher_of(pool)
    first = await import_posts(pool, matcher, rows)
    assert (first.read, first.matched, first.mentions) == (4, 3, 4)
    assert (first.created, first.duplicates) == (3, 1)
    assert await pool.fetchval("SELECT content FROM mentions WHERE external_id = '1' LIMIT 1") == "crm api"
    second = await import_posts(pool, matcher, rows)
    assert (second.created, second.duplicates) == (0, 4)
    assert await counts(pool) == {"ann@example.com": 3, "crm": 1, "api": 2}
    on_reddit = [row._replace(post=row.post._replace(platform=Platform.REDDIT)) for row in rows]
    elsewhere = await import_posts(pool, matcher, on_reddit)
    assert (elsewhere.created, elsewhere.duplicates) == (3, 1)
    assert await counts(pool) == {"ann@example.com": 6, "crm": 2, "api": 4}


async def test_new_mentions_are_analyzed_on_request(pool: Pool) -> None:
    await add_user(pool, "crm")
    rows = [post(number, "I love this CRM!") for number in range(3)]
    await import_posts(pool, await matcher_of(pool), rows[:1])
    await import_posts(pool, await matcher_of(pool), rows, analyze=True)
    found = await pool.fetch(
        "SELECT external_id, sentiment FROM analysis_results JOIN mentions ON mentions.id = mention_id ORDER BY 1"
    )
    assert [tuple(row) for row in found] == [("1", "positive"), ("2", "positive")]


async def test_imports_do_not_touch_other_users(pool: Pool) -> None:
    await add_user(pool, "crm")
    await add_user(pool, "api", email="bob@example.com")
    await import_posts(pool, await matcher_of(pool), [post(1, "crm api")])
    assert await counts(pool) == {"ann@example.com": 1, "crm": 1, "bob@example.com": 0, "api": 0}


async def test_a_dry_run_writes_nothing(pool: Pool) -> None:
    await add_user(pool, "crm")
    rows: list[PostRow | RejectedRow] = [post(1, "crm"), RejectedRow(2, "mice")]
    summary = await import_posts(pool, await matcher_of(pool), rows, dry_run=True)
    assert summary == Summary(read=2, matched=1, mentions=1, rejected=1)
    assert await counts(pool) == {"ann@example.com": 0, "crm": 0}


async def test_progress_and_rejections_are_reported_per_batch(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    reported: list[tuple[int, int, list[int]]] = []

    def on_batch(summary: Summary, rejected: Sequence[RejectedRow]) -> None:
        reported.append((summary.read, summary.created, [row.line for row in rejected]))

    rows: list[PostRow | RejectedRow] = [
        post(1, "crm"),
        RejectedRow(2, "mice"),
        post(3, "crm"),
        post(4, "crm"),
        RejectedRow(5, "mice"),
    ]
    summary = await import_posts(pool, await matcher_of(pool), rows, on_batch=on_batch)
    assert reported == [(2, 1, [2]), (4, 3, []), (5, 3, [5])]
    assert (summary.read, summary.rejected, summary.damage) == (5, 2, None)


async def test_long_posts_make_smaller_batches(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHARACTERS_PER_BATCH", 50_000)
    await add_user(pool, "crm", "api")
    reads: list[int] = []
    rows = [post(number, "crm api " + "x" * 19_992) for number in range(5)]
    await import_posts(
        pool, await matcher_of(pool), rows, on_batch=lambda summary, _: reads.append(summary.read)
    )
    assert reads == [3, 5]


@pytest.mark.parametrize("ahead", [False, True])
async def test_posts_before_damage_are_imported(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, *, ahead: bool
) -> None:
    monkeypatch.setattr(run, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    matcher = await matcher_of(pool)
    rows = [post(number, "crm") for number in range(3)]
    summary = await import_posts(pool, matcher, damaged(*rows), ahead=ahead)
    assert (summary.read, summary.created) == (3, 3)
    assert summary.damage is not None
    assert (summary.damage.line, summary.damage.reason) == (99, "mice")
    mended = await import_posts(pool, matcher, [*rows, post(3, "crm")])
    assert (mended.created, mended.duplicates) == (1, 3)
    assert await counts(pool) == {"ann@example.com": 4, "crm": 4}


async def test_a_failed_batch_is_rolled_back(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "POSTS_PER_BATCH", 2)
    await add_user(pool, "crm")
    await pool.execute("ALTER TABLE mentions ADD CHECK (external_id <> '3')")
    rows = [post(number, "crm") for number in range(5)]
    with pytest.raises(ConstraintError):
        await import_posts(pool, await matcher_of(pool), rows)
    assert await counts(pool) == {"ann@example.com": 2, "crm": 2}


async def test_concurrent_imports_create_each_mention_once(pool: Pool) -> None:
    await add_user(pool, "crm", "api")
    matcher = await matcher_of(pool)
    rows = [post(number, "crm api") for number in range(2500)]
    imports = [import_posts(pool, matcher, order, ahead=True) for order in (rows, rows[::-1], rows)]
    summaries = await asyncio.gather(*imports)
    assert sum(summary.created for summary in summaries) == 5000
    assert sum(summary.duplicates for summary in summaries) == 10_000
    assert await counts(pool) == {"ann@example.com": 5000, "crm": 2500, "api": 2500}


@pytest.mark.skipif(not REAL_FILE.exists(), reason="the real sample lies outside the project")
async def test_the_real_file_is_imported_once(pool: Pool) -> None:
    await add_user(pool, "python", "postgres", "Ask HN", "looking for", "C++", ".net", "no such phrase")
    matcher = await matcher_of(pool)
    for created in (2055, 0):
        with open_posts(REAL_FILE, HACKERNEWS) as posts:
            summary = await import_posts(pool, matcher, posts)
        assert (summary.read, summary.rejected, summary.damage) == (20_100, 0, None)
        assert (summary.mentions, summary.created, summary.duplicates) == (2055, created, 2055 - created)
        assert await counts(pool) == {
            "ann@example.com": 2055,
            "python": 147,
            "postgres": 8,
            "Ask HN": 1743,
            "looking for": 30,
            "C++": 85,
            ".net": 42,
            "no such phrase": 0,
        }
