"""Ingest: the results of rows, alone and under concurrency, and the statements of a batch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.engine.activity import Activity
from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.integrity.audit import drifts
from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from services.ingest.row import FailedRow, NewRow
from services.ingest.row_errors import IngestErrorCode, RowError
from services.ingest.write import ErrorPolicy, IngestOutcome, RowResult, ingest, ingest_rows
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.user_errors import InactiveViewerError
from tests.support import rows as builders

CREATED, DUPLICATE = IngestOutcome.CREATED, IngestOutcome.DUPLICATE
UNMATCHED, FAILED = IngestOutcome.UNMATCHED, IngestOutcome.FAILED
BROKEN = FailedRow([RowError(IngestErrorCode.REQUIRED, "Required.", "url")])
NOT_FOUND = (IngestErrorCode.NOT_FOUND, "The keyword does not exist.", "keywordId")


def row(
    keyword_id: int | None, external_id: str, content: str = "text", *, integration_id: int | None = None
) -> NewRow:
    post = NewPost(
        Platform.REDDIT,
        external_id,
        MentionKind.POST,
        "https://example.com",
        None,
        content,
        "",
        None,
        None,
        None,
        None,
        integration_id,
    )
    return NewRow(post, keyword_id)


async def add_user(pool: Pool, *keywords: str, email: str = "ann@example.com") -> tuple[int, list[int]]:
    """Add a user with keywords, and return their IDs."""
    user_id = await builders.add_user(pool, email)
    return user_id, [await builders.add_keyword(pool, user_id, keyword) for keyword in keywords]


async def stored(pool: Pool) -> set[tuple[int, str, int]]:
    rows = await pool.fetch("SELECT keyword_id, external_id, id FROM mentions")
    return {(row["keyword_id"], row["external_id"], row["id"]) for row in rows}


def summarized(results: Sequence[RowResult]) -> list[Any]:
    """Return each outcome with its mentions (keyword, created) or its errors (code, field)."""
    return [
        (result.outcome, [(error.code, error.field) for error in result.errors])
        if result.errors
        else (result.outcome, [(each.keyword_id, each.created) for each in result.mentions])
        for result in results
    ]


async def test_each_row_gets_a_result_in_order(pool: Pool) -> None:
    user_id, (crm, paused, archived) = await add_user(pool, "crm", "paused", "archived")
    _, (other,) = await add_user(pool, "other", email="bob@example.com")
    await pool.execute("UPDATE keywords SET status = keyword WHERE keyword IN ('paused', 'archived')")
    rows: list[NewRow | FailedRow] = [
        row(crm, "b"),
        row(paused, "a"),
        row(crm, "a"),
        row(archived, "a"),
        row(crm, "b"),
        BROKEN,
        row(other, "a"),
        row(10**18, "a"),
    ]
    matcher = KeywordMatcher(user_id)
    results = await ingest(pool, matcher, rows)
    ids = {external_id: id_ for _, external_id, id_ in await stored(pool)}
    assert set(ids) == {"a", "b"}
    assert results == [
        (CREATED, [(ids["b"], crm, True)], ()),
        (
            FAILED,
            (),
            [(IngestErrorCode.INACTIVE, "Must be an active keyword. This keyword is paused.", "keywordId")],
        ),
        (CREATED, [(ids["a"], crm, True)], ()),
        (
            FAILED,
            (),
            [(IngestErrorCode.INACTIVE, "Must be an active keyword. This keyword is archived.", "keywordId")],
        ),
        (DUPLICATE, [(ids["b"], crm, False)], ()),
        (FAILED, (), BROKEN.errors),
        (FAILED, (), [NOT_FOUND]),
        (FAILED, (), [NOT_FOUND]),
    ]
    assert ids["b"] < ids["a"]  # in the order of the rows
    again = await ingest(pool, matcher, [row(crm, "c"), row(crm, "a")])
    assert summarized(again) == [(CREATED, [(crm, True)]), (DUPLICATE, [(crm, False)])]
    assert again[1].mentions[0].id == ids["a"]
    assert await ingest(pool, matcher, []) == []
    assert await drifts(pool) == []


async def test_a_row_without_a_keyword_mentions_every_keyword_it_contains(pool: Pool) -> None:
    user_id, (crm, api, paused) = await add_user(pool, "crm", "api", "paused")
    await add_user(pool, "crm", email="bob@example.com")
    await pool.execute("UPDATE keywords SET status = 'paused' WHERE id = $1", paused)
    matcher = KeywordMatcher(user_id)
    rows = [
        row(None, "1", "an API for a CRM, paused"),
        row(crm, "2", "says nothing of it"),
        row(None, "2", "api and crm"),
        row(None, "3", "paused"),
        row(None, "1", "crm api"),
    ]
    assert summarized(await ingest(pool, matcher, rows)) == [
        (CREATED, [(crm, True), (api, True)]),
        (CREATED, [(crm, True)]),
        (CREATED, [(crm, False), (api, True)]),
        (UNMATCHED, []),
        (DUPLICATE, [(crm, False), (api, False)]),
    ]
    assert await drifts(pool) == []


async def test_a_row_may_name_only_integrations_of_its_user(pool: Pool) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    other_id, _ = await add_user(pool, email="bob@example.com")
    own, foreign = [await builders.add_integration(pool, id_) for id_ in (user_id, other_id)]
    rows = [
        row(crm, "1", integration_id=own),
        row(crm, "2", integration_id=foreign),
        row(None, "3", "crm", integration_id=10**18),
        row(-1, "4", integration_id=foreign),
    ]
    nowhere = (IngestErrorCode.NOT_FOUND, "integrationId")
    assert summarized(await ingest(pool, KeywordMatcher(user_id), rows)) == [
        (CREATED, [(crm, True)]),
        (FAILED, [nowhere]),
        (FAILED, [nowhere]),
        (FAILED, [(IngestErrorCode.NOT_FOUND, "keywordId"), nowhere]),
    ]
    assert await pool.fetchval("SELECT integration_id FROM mentions") == own


async def test_reject_all_rejects_every_row_if_one_fails(pool: Pool) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    matcher = KeywordMatcher(user_id)
    good = [row(crm, "a"), row(None, "b", "crm"), row(None, "c", "nothing")]
    for bad, code in ((BROKEN, IngestErrorCode.REQUIRED), (row(-1, "d"), IngestErrorCode.NOT_FOUND)):
        results = await ingest(pool, matcher, [*good[:1], bad, *good[1:]], ErrorPolicy.REJECT_ALL)
        assert [result.outcome for result in results] == [FAILED] * 4
        assert [result.errors[0].code for result in results] == [
            IngestErrorCode.REJECTED,
            code,
            IngestErrorCode.REJECTED,
            IngestErrorCode.REJECTED,
        ]
    assert await stored(pool) == set()
    results = await ingest(pool, matcher, good, ErrorPolicy.REJECT_ALL)
    assert [result.outcome for result in results] == [CREATED, CREATED, UNMATCHED]


@pytest.mark.parametrize("status", ["suspended", "deleted"])
async def test_inactive_users_cannot_ingest(pool: Pool, status: str) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    await pool.execute("UPDATE users SET status = $1", status)
    with pytest.raises(InactiveViewerError):
        await ingest(pool, KeywordMatcher(user_id), [row(crm, "a")])
    with pytest.raises(InactiveViewerError):
        await ingest(pool, KeywordMatcher(user_id + 1), [row(crm, "a")])
    assert await stored(pool) == set()


async def test_mentions_store_the_longest_allowed_values(pool: Pool) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    longest = NewPost(
        platform=Platform.HACKERNEWS,
        external_id="é" * 500,
        kind=MentionKind.OTHER,
        url="https://" + "é" * 1992,
        title="字" * 1000,
        content="🚀" * 20_000,
        author="é" * 200,
        language="de-CH-1996",
        likes=2**31 - 1,
        comments=0,
        published_at=datetime(2999, 12, 31, tzinfo=UTC),
    )
    (result,) = await ingest(pool, KeywordMatcher(user_id), [NewRow(longest, crm)])
    found = await pool.fetchrow("SELECT * FROM mentions WHERE id = $1", result.mentions[0].id)
    assert found is not None
    assert {name: found[name] for name in NewPost._fields} == longest._asdict()


async def statements(pool: Pool, user_id: int, rows: Sequence[NewRow]) -> list[str]:
    activity = Activity()
    await in_transaction(pool, lambda writer: ingest_rows(writer, KeywordMatcher(user_id), rows), activity)
    return activity.statements


async def test_the_statements_of_a_batch_do_not_depend_on_its_size(pool: Pool) -> None:
    user_id, keyword_ids = await add_user(pool, *(f"word{number}" for number in range(20)))
    expected = ["lock_user", "lock_keywords", "find_or_number", "mentions copy"]
    assert await statements(pool, user_id, [row(keyword_ids[0], "a")]) == expected
    many = [row(keyword_id, str(number)) for number in range(100) for keyword_id in keyword_ids]
    assert await statements(pool, user_id, many) == expected
    assert await statements(pool, user_id, [*many, row(keyword_ids[3], "new")]) == expected
    assert len(await stored(pool)) == 2002
    expected[1:1] = ["active_keywords"]
    assert await statements(pool, user_id, [*many, row(None, "x", "word1 word2 word3")]) == expected
    assert await statements(pool, user_id, [*many, row(None, "x", "word1 word2 word3")]) == expected[:-1]
    assert await statements(pool, user_id, [row(None, "y", "nothing")]) == expected[:-2]


async def test_ingest_does_not_change_the_data_version(pool: Pool) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    await ingest(pool, KeywordMatcher(user_id), [row(crm, "a")])
    assert await pool.fetchval("SELECT data_version FROM users") == 0


async def test_concurrent_overlapping_batches_create_each_mention_once(pool: Pool) -> None:
    """The batches come over several connections, in different orders."""
    user_id, keyword_ids = await add_user(pool, "crm", "api", "sql")
    rows = [row(keyword_id, str(number)) for number in range(200) for keyword_id in keyword_ids]
    orders = [rows, rows[::-1], rows[::7] + rows[::3], rows]
    results = await asyncio.gather(*(ingest(pool, KeywordMatcher(user_id), order) for order in orders))
    outcomes = [result.outcome for each in results for result in each]
    assert (outcomes.count(CREATED), outcomes.count(FAILED)) == (600, 0)
    ids = {
        (each.keyword_id, each.id) for of_call in results for result in of_call for each in result.mentions
    }
    assert ids == {(keyword_id, id_) for keyword_id, _, id_ in await stored(pool)}
    assert await drifts(pool) == []


async def wait_for_a_lock(pool: Pool) -> None:
    """Wait until a connection waits for a lock."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while not await pool.fetchval(blocked):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ("UPDATE keywords SET status = 'paused'", IngestErrorCode.INACTIVE),
        ("DELETE FROM keywords", IngestErrorCode.NOT_FOUND),
    ],
)
async def test_a_keyword_paused_or_deleted_during_the_lock_wait_gets_no_mention(
    pool: Pool, change: str, outcome: IngestErrorCode
) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        await other.execute(change)
        rows = [row(crm, "a"), row(None, "b", "crm")]
        taking_in = asyncio.create_task(ingest(pool, KeywordMatcher(user_id), rows))
        await wait_for_a_lock(pool)
        await transaction.commit()
    assert summarized(await taking_in) == [(FAILED, [(outcome, "keywordId")]), (UNMATCHED, [])]
    assert await stored(pool) == set()


async def test_a_mention_added_concurrently_without_the_lock_is_a_duplicate(pool: Pool) -> None:
    user_id, (crm,) = await add_user(pool, "crm")
    insert = (
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, search) "
        "VALUES ($1, $2, 'reddit', 'a', 'u', 'text', '') RETURNING id"
    )
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        # The trigger that counts is the one that locks the user: without it, both get as far as the row.
        await other.execute("SET LOCAL session_replication_role = replica")
        id_ = await other.fetchval(insert, user_id, crm)
        taking_in = asyncio.create_task(ingest(pool, KeywordMatcher(user_id), [row(crm, "a"), row(crm, "b")]))
        await wait_for_a_lock(pool)
        await transaction.commit()
    first, second = await taking_in
    assert (first.outcome, first.mentions[0].id) == (DUPLICATE, id_)
    assert second.outcome == CREATED


async def test_a_deadlock_with_a_deleted_keyword_is_retried(pool: Pool) -> None:
    user_id, (crm, api) = await add_user(pool, "crm", "api")
    async with pool.acquire() as other:
        # The other side waits for long, so that this side is the one that PostgreSQL ends.
        await other.execute("SET deadlock_timeout = '60s'")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM keywords WHERE id = $1 FOR UPDATE", crm)
        taking_in = asyncio.create_task(ingest(pool, KeywordMatcher(user_id), [row(crm, "a"), row(api, "a")]))
        await wait_for_a_lock(pool)
        await other.execute("DELETE FROM keywords WHERE id = $1", crm)
        await transaction.commit()
        await other.execute("RESET deadlock_timeout")
    assert summarized(await taking_in) == [
        (FAILED, [(IngestErrorCode.NOT_FOUND, "keywordId")]),
        (CREATED, [(api, True)]),
    ]
    assert await drifts(pool) == []


WORDS = ("crm", "api", "sql")


@dataclass(frozen=True)
class ModelRow:
    """A row of the model. `keyword` is an index into own, foreign and missing keywords."""

    keyword: int | None
    external_id: str
    words: tuple[str, ...]
    broken: bool


rows_given = st.lists(
    st.builds(
        ModelRow,
        keyword=st.none() | st.integers(0, 5),
        external_id=st.sampled_from("abc"),
        words=st.lists(st.sampled_from((*WORDS, "other", "paused")), max_size=3).map(tuple),
        broken=st.sampled_from([False] * 9 + [True]),
    ),
    max_size=12,
)


class Model:
    """The expected mentions. The keywords are three active ones, a paused, a foreign and a missing one."""

    def __init__(self) -> None:
        self.mentions: set[tuple[int, str]] = set()

    def ingest(self, rows: Sequence[ModelRow], on_error: ErrorPolicy) -> list[Any]:
        codes = [self.code_of(row) for row in rows]
        if on_error == ErrorPolicy.REJECT_ALL and any(codes):
            return [(FAILED, code or IngestErrorCode.REJECTED) for code in codes]
        return [(FAILED, code) if code else self.taken(row) for row, code in zip(rows, codes, strict=True)]

    @staticmethod
    def code_of(row: ModelRow) -> IngestErrorCode | None:
        if row.broken:
            return IngestErrorCode.REQUIRED
        if row.keyword is None or row.keyword < len(WORDS):
            return None
        return IngestErrorCode.INACTIVE if row.keyword == len(WORDS) else IngestErrorCode.NOT_FOUND

    def taken(self, row: ModelRow) -> Any:
        matched = [place for place, word in enumerate(WORDS) if word in row.words]
        places = matched if row.keyword is None else [row.keyword]
        mentions = []
        for place in places:
            mentions.append((place, (place, row.external_id) not in self.mentions))
            self.mentions.add((place, row.external_id))
        if not mentions:
            return UNMATCHED, []
        return CREATED if any(created for _, created in mentions) else DUPLICATE, mentions


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(rows_given, st.sampled_from(ErrorPolicy)), min_size=1, max_size=4))
async def test_random_batches_match_a_simple_model(
    pool: Pool, batches: list[tuple[list[ModelRow], ErrorPolicy]]
) -> None:
    await pool.execute("TRUNCATE users CASCADE")
    user_id, own = await add_user(pool, *WORDS, "paused")
    await pool.execute("UPDATE keywords SET status = 'paused' WHERE keyword = 'paused'")
    _, foreign = await add_user(pool, "other", email="bob@example.com")
    keyword_ids = [*own, *foreign, 10**18]
    matcher, model = KeywordMatcher(user_id), Model()
    for rows, on_error in batches:
        results = await ingest(
            pool,
            matcher,
            [
                BROKEN
                if each.broken
                else row(
                    None if each.keyword is None else keyword_ids[each.keyword],
                    each.external_id,
                    " ".join(each.words) or "nothing",
                )
                for each in rows
            ],
            on_error,
        )
        found = [
            (result.outcome, result.errors[0].code)
            if result.errors
            else (result.outcome, [(own.index(each.keyword_id), each.created) for each in result.mentions])
            for result in results
        ]
        assert found == model.ingest(rows, on_error)
    assert {(own.index(keyword_id), external_id) for keyword_id, external_id, _ in await stored(pool)} == (
        model.mentions
    )
    assert await drifts(pool) == []
