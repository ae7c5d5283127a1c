"""Counters after inserts, updates, deletes, cascades and TRUNCATE, and fixed owners of rows."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
import pytest

from db.engine.pool import Connection, Pool
from db.integrity.audit import COUNTERS, drifts
from db.models import Base, LeadStatus
from tests.support.rows import add_keyword, add_user

INSERT_MENTIONS = """
INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
SELECT user_id, id, 'reddit', name, 'https://example.com/' || name, 'text'
FROM keywords, unnest($2::text[]) AS name WHERE id = ANY ($1)
"""


async def add_mentions(db: Pool | Connection, keyword_ids: Sequence[int], names: Sequence[str]) -> list[int]:
    """Insert a mention of each name in each keyword, in one statement."""
    rows = await db.fetch(INSERT_MENTIONS + "ORDER BY id, name RETURNING id", keyword_ids, names)
    return [row["id"] for row in rows]


async def add_leads(db: Pool | Connection, mention_ids: Sequence[int], status: str = "new") -> list[int]:
    rows = await db.fetch(
        "INSERT INTO leads (mention_id, status) SELECT unnest($1::bigint[]), $2 RETURNING id",
        mention_ids,
        status,
    )
    return [row["id"] for row in rows]


async def counts(db: Pool | Connection, table: str, id_: int) -> dict[str, int]:
    """Return the counters of a row that are not zero."""
    row = await db.fetchrow(f"SELECT * FROM {table} WHERE id = $1", id_)
    assert row is not None
    return {each.column: row[each.column] for each in COUNTERS[table] if row[each.column]}


async def version(db: Pool | Connection, table: str, id_: int) -> Any:
    """Return the system columns that change with each version of a row. The change feed locks users (db.integrity.feed)."""
    return await db.fetchrow(
        f"SELECT ctid::text, xmin::text{'' if table == 'users' else ', xmax::text'} FROM {table} WHERE id = $1",
        id_,
    )


async def test_rows_of_one_statement_are_counted_for_each_of_their_parents(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'one'), ($2, 'two'), ($1, 'three')", ann, bob
    )
    keywords = await pool.fetch("SELECT id, user_id FROM keywords ORDER BY keyword")
    one, three, two = [row["id"] for row in keywords]
    mentions = await add_mentions(pool, [one, two], ["a", "b", "c"])
    await add_leads(pool, mentions)

    leads = {"leads_count": 3, "new_leads_count": 3}
    assert await counts(pool, "users", ann) == {"keywords_count": 2, "mentions_count": 3, **leads}
    assert await counts(pool, "users", bob) == {"keywords_count": 1, "mentions_count": 3, **leads}
    assert await counts(pool, "keywords", one) == {"mentions_count": 3, **leads}
    assert await counts(pool, "keywords", two) == {"mentions_count": 3, **leads}
    assert await counts(pool, "keywords", three) == {}


async def test_rows_that_conflict_are_not_counted_again(pool: Pool) -> None:
    keyword = await add_keyword(pool, await add_user(pool), "one")
    await pool.execute(INSERT_MENTIONS, [keyword], ["a", "b"])
    await pool.execute(INSERT_MENTIONS + "ON CONFLICT DO NOTHING", [keyword], ["a", "b", "c"])
    await pool.execute(
        INSERT_MENTIONS
        + "ON CONFLICT (keyword_id, platform, external_id) DO UPDATE SET content = EXCLUDED.content",
        [keyword],
        ["a", "b", "c", "d"],
    )
    before = await version(pool, "keywords", keyword)
    await pool.execute(INSERT_MENTIONS + "ON CONFLICT DO NOTHING", [keyword], ["a", "b", "c", "d"])

    assert await counts(pool, "keywords", keyword) == {"mentions_count": 4}
    assert await version(pool, "keywords", keyword) == before


async def test_an_upsert_of_an_existing_lead_changes_its_status_counters_only(pool: Pool) -> None:
    keyword = await add_keyword(pool, await add_user(pool), "one")
    mentions = await add_mentions(pool, [keyword], ["a", "b"])
    await add_leads(pool, mentions[:1])
    await pool.execute(
        "INSERT INTO leads (mention_id, status) SELECT unnest($1::bigint[]), 'qualified' "
        "ON CONFLICT (mention_id) DO UPDATE SET status = 'contacted'",
        mentions,
    )
    assert await counts(pool, "keywords", keyword) == {
        "mentions_count": 2,
        "leads_count": 2,
        "contacted_leads_count": 1,
        "qualified_leads_count": 1,
    }
    assert await drifts(pool) == []


async def test_copied_rows_are_counted(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    mention = {"user_id": user, "keyword_id": keyword, "platform": "x", "url": "u", "content": "text"}
    rows = [(*mention.values(), f"post {number}") for number in range(500)]
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("mentions", records=rows, columns=[*mention, "external_id"])
        ids = await connection.fetch("SELECT id FROM mentions LIMIT 200")
        await connection.copy_records_to_table(
            "leads", records=[(row["id"], "converted") for row in ids], columns=["mention_id", "status"]
        )
    expected = {"mentions_count": 500, "leads_count": 200, "converted_leads_count": 200}
    assert await counts(pool, "keywords", keyword) == expected
    assert await counts(pool, "users", user) == {"keywords_count": 1, **expected}


async def test_a_mention_and_its_lead_are_counted_when_one_statement_inserts_both(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    await pool.execute(
        f"WITH made AS ({INSERT_MENTIONS} RETURNING id) INSERT INTO leads (mention_id) SELECT id FROM made",
        [keyword],
        ["a", "b"],
    )
    expected = {"mentions_count": 2, "leads_count": 2, "new_leads_count": 2}
    assert await counts(pool, "keywords", keyword) == expected
    assert await counts(pool, "users", user) == {"keywords_count": 1, **expected}


async def test_leads_are_counted_by_their_current_status(pool: Pool) -> None:
    user = await add_user(pool)
    one, two = await add_keyword(pool, user, "one"), await add_keyword(pool, user, "two")
    leads = await add_leads(pool, await add_mentions(pool, [one, two], ["a", "b", "c"]))
    for number, status in enumerate(LeadStatus):
        await pool.execute("UPDATE leads SET status = $2 WHERE id >= $1", leads[number], status)

    each = {f"{status}_leads_count": 1 for status in LeadStatus}
    assert await counts(pool, "users", user) == {
        "keywords_count": 2,
        "mentions_count": 6,
        "leads_count": 6,
        **each,
        "disqualified_leads_count": 2,
    }
    assert await drifts(pool) == []


EXCHANGE = (
    "UPDATE leads SET status = CASE status WHEN 'new' THEN 'qualified' ELSE 'new' END WHERE id = ANY ($1)"
)


async def test_leads_that_exchange_statuses_do_not_write_their_parents(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    first, second = await add_mentions(pool, [keyword], ["a", "b"])
    leads = [*await add_leads(pool, [first]), *await add_leads(pool, [second], "qualified")]
    before = await version(pool, "users", user), await version(pool, "keywords", keyword)
    await pool.execute(EXCHANGE, leads)

    assert (await version(pool, "users", user), await version(pool, "keywords", keyword)) == before
    assert await drifts(pool) == []


async def test_statuses_exchanged_between_keywords_do_not_write_the_user(pool: Pool) -> None:
    user = await add_user(pool)
    one, two = await add_keyword(pool, user, "one"), await add_keyword(pool, user, "two")
    first, second = await add_mentions(pool, [one, two], ["a"])
    leads = [*await add_leads(pool, [first]), *await add_leads(pool, [second], "qualified")]
    before = await version(pool, "users", user)
    await pool.execute(EXCHANGE, leads)

    assert await version(pool, "users", user) == before
    assert await counts(pool, "keywords", one) == {
        "mentions_count": 1,
        "leads_count": 1,
        "qualified_leads_count": 1,
    }
    assert await counts(pool, "keywords", two) == {
        "mentions_count": 1,
        "leads_count": 1,
        "new_leads_count": 1,
    }


async def test_updates_of_other_columns_do_not_write_parents(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    await add_leads(pool, await add_mentions(pool, [keyword], ["a", "b"]))
    before = await version(pool, "users", user), await version(pool, "keywords", keyword)
    await pool.execute("UPDATE leads SET notes = 'called', version = version + 1, status = status")
    await pool.execute("UPDATE mentions SET likes = 3")
    await pool.execute("UPDATE leads SET status = 'converted' WHERE false")

    assert (await version(pool, "users", user), await version(pool, "keywords", keyword)) == before


async def test_deleted_rows_and_their_dependents_are_subtracted(pool: Pool) -> None:
    user = await add_user(pool)
    one, two = await add_keyword(pool, user, "one"), await add_keyword(pool, user, "two")
    mentions = await add_mentions(pool, [one, two], ["a", "b", "c"])
    leads = await add_leads(pool, mentions, "contacted")

    await pool.execute("DELETE FROM leads WHERE id = $1", leads[0])
    contacted = {"leads_count": 5, "contacted_leads_count": 5}
    assert await counts(pool, "users", user) == {"keywords_count": 2, "mentions_count": 6, **contacted}

    await pool.execute("DELETE FROM mentions WHERE id = ANY ($1)", mentions[1:3])
    contacted = {"leads_count": 3, "contacted_leads_count": 3}
    assert await counts(pool, "users", user) == {"keywords_count": 2, "mentions_count": 4, **contacted}
    assert await counts(pool, "keywords", one) == {"mentions_count": 1}

    await pool.execute("DELETE FROM keywords WHERE id = $1", two)
    assert await counts(pool, "users", user) == {"keywords_count": 1, "mentions_count": 1}

    await pool.execute("DELETE FROM users WHERE id = $1", user)
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 0
    assert await drifts(pool) == []


def tables_deleted_with(table: str) -> set[str]:
    """Return the table, and the tables whose rows a foreign key deletes together with its rows."""
    found = {table}
    for name, other in Base.metadata.tables.items():
        parents = {
            key.referred_table.name for key in other.foreign_key_constraints if key.ondelete == "CASCADE"
        }
        if table in parents:
            found |= tables_deleted_with(name)
    return found


async def test_a_cascade_is_counted_once_for_all_its_rows(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    await add_leads(pool, await add_mentions(pool, [keyword], [str(number) for number in range(50)]))
    plan = await pool.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM keywords WHERE id = $1", keyword)

    # One of each table, and all of the same name.
    ours = [trigger for trigger in orjson.loads(plan)[0]["Triggers"] if "Constraint Name" not in trigger]
    counted = {counter.rows for counter in COUNTERS["users"]} & tables_deleted_with("keywords")
    assert counted >= {"keywords", "mentions", "leads"}
    assert {trigger["Trigger Name"]: trigger["Calls"] for trigger in ours} == {
        **{f"count_{table}_delete": 1 for table in counted},
        "roll_up_mentions_delete": 1,
        "roll_up_leads_delete": 1,
        "feed_delete": 1,
    }
    assert await counts(pool, "users", user) == {}


async def test_deleting_an_assignee_or_an_integration_changes_no_counter(pool: Pool) -> None:
    user, assignee = await add_user(pool), await add_user(pool, "bob@example.com")
    keyword = await add_keyword(pool, user, "one")
    await add_leads(pool, await add_mentions(pool, [keyword], ["a"]))
    await pool.execute(
        "INSERT INTO integrations (user_id, provider, kind) VALUES ($1, 'rss', 'source')", user
    )
    await pool.execute("UPDATE leads SET assignee_user_id = $1", assignee)
    await pool.execute("UPDATE mentions SET integration_id = (SELECT id FROM integrations)")
    before = await version(pool, "keywords", keyword)
    await pool.execute("DELETE FROM users WHERE id = $1", assignee)
    await pool.execute("DELETE FROM integrations")

    assert await version(pool, "keywords", keyword) == before
    assert await drifts(pool) == []


async def test_merge_counts_what_it_inserts_updates_and_deletes(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    mentions = await add_mentions(pool, [keyword], ["a", "b", "c", "d"])
    await add_leads(pool, mentions[:3])
    await pool.execute(
        "MERGE INTO leads USING unnest($1::bigint[]) WITH ORDINALITY AS given (id, number) "
        "ON leads.mention_id = given.id "
        "WHEN MATCHED AND number = 1 THEN DELETE "
        "WHEN MATCHED AND number = 2 THEN UPDATE SET status = 'qualified' "
        "WHEN NOT MATCHED THEN INSERT (mention_id, status) VALUES (given.id, 'disqualified')",
        mentions,
    )
    expected = {
        "mentions_count": 4,
        "leads_count": 3,
        "new_leads_count": 1,
        "qualified_leads_count": 1,
        "disqualified_leads_count": 1,
    }
    assert await counts(pool, "keywords", keyword) == expected
    assert await counts(pool, "users", user) == {"keywords_count": 1, **expected}


@pytest.mark.parametrize(
    ("truncate", "left"),
    [
        ("TRUNCATE leads CASCADE", {"keywords_count": 1, "mentions_count": 2}),
        ("TRUNCATE mentions CASCADE", {"keywords_count": 1}),
        ("TRUNCATE keywords CASCADE", {}),
    ],
)
async def test_truncate_resets_the_counters_of_the_table(
    pool: Pool, truncate: str, left: dict[str, int]
) -> None:
    user, other = await add_user(pool), await add_user(pool, "bob@example.com")
    await add_leads(pool, await add_mentions(pool, [await add_keyword(pool, user, "one")], ["a", "b"]))
    before = await version(pool, "users", other)
    await pool.execute(truncate)

    assert await counts(pool, "users", user) == left
    assert await version(pool, "users", other) == before
    assert await drifts(pool) == []


async def test_rolled_back_rows_are_not_counted(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    async with pool.acquire() as connection, connection.transaction():
        await add_mentions(connection, [keyword], ["a"])
        savepoint = connection.transaction()
        await savepoint.start()
        await add_leads(connection, await add_mentions(connection, [keyword], ["b", "c"]))
        assert await counts(connection, "keywords", keyword) == {
            "mentions_count": 3,
            "leads_count": 2,
            "new_leads_count": 2,
        }
        await savepoint.rollback()
        await add_mentions(connection, [keyword], ["d"])
    assert await counts(pool, "keywords", keyword) == {"mentions_count": 2}

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await add_leads(pool, [*await add_mentions(pool, [keyword], ["e"]), 0])
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("TRUNCATE keywords CASCADE")
        await transaction.rollback()
    assert await counts(pool, "users", user) == {"keywords_count": 1, "mentions_count": 3}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE keywords SET user_id = $1",
        "UPDATE mentions SET user_id = $1",
        "UPDATE mentions SET keyword_id = $1",
        "UPDATE leads SET user_id = $1",
        "UPDATE leads SET keyword_id = $1",
        "UPDATE leads SET mention_id = $1",
        """INSERT INTO leads (mention_id) SELECT mention_id FROM leads
        ON CONFLICT (mention_id) DO UPDATE SET keyword_id = $1""",
    ],
)
async def test_the_parents_of_a_row_cannot_be_changed(pool: Pool, change: str) -> None:
    user = await add_user(pool)
    await add_leads(pool, await add_mentions(pool, [await add_keyword(pool, user, "one")], ["a"]))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="parents of a row"):
        await pool.execute(change, 99)
    assert await drifts(pool) == []


async def test_a_lead_belongs_to_the_user_and_keyword_of_its_mention(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    keyword, other = await add_keyword(pool, ann, "one"), await add_keyword(pool, bob, "two")
    (mention,) = await add_mentions(pool, [keyword], ["a"])
    await pool.execute(
        "INSERT INTO leads (mention_id, user_id, keyword_id) VALUES ($1, $2, $3)", mention, bob, other
    )
    lead = await pool.fetchrow("SELECT user_id, keyword_id FROM leads")
    assert tuple(lead or ()) == (ann, keyword)
    assert await counts(pool, "users", bob) == {"keywords_count": 1}


async def test_a_mention_cannot_refer_to_another_user_than_its_keyword(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    keyword = await add_keyword(pool, ann, "one")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await pool.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "VALUES ($1, $2, 'x', 'a', 'u', 'text')",
            bob,
            keyword,
        )
    assert await drifts(pool) == []


async def test_rows_that_would_overflow_a_counter_are_refused(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user, "one")
    await pool.execute("UPDATE users SET mentions_count = 2147483646")
    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        await add_mentions(pool, [keyword], ["a", "b"])
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 0
    assert await counts(pool, "users", user) == {"keywords_count": 1, "mentions_count": 2147483646}


async def test_a_counter_never_falls_below_zero(pool: Pool) -> None:
    user = await add_user(pool)
    await add_mentions(pool, [await add_keyword(pool, user, "one")], ["a"])
    await pool.execute("UPDATE users SET mentions_count = 0")
    with pytest.raises(asyncpg.CheckViolationError, match="mentions_count_not_negative"):
        await pool.execute("DELETE FROM mentions")
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 1


async def test_a_write_with_an_older_snapshot_of_the_counters_is_refused(pool: Pool) -> None:
    keyword = await add_keyword(pool, await add_user(pool), "one")
    async with pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        await counts(connection, "keywords", keyword)
        await add_mentions(pool, [keyword], ["a"])
        with pytest.raises(asyncpg.SerializationError):
            await add_mentions(connection, [keyword], ["b"])
        await transaction.rollback()
    assert await counts(pool, "keywords", keyword) == {"mentions_count": 1}
