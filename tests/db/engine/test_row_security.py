"""Row-level security: a member's transaction touches only rows of that member, whatever its statements say."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.engine import row_security
from db.engine.databases import connected
from db.engine.pool import Pool, Pooled, open_pool
from db.engine.reader import Reader
from db.engine.row_security import ROLE, entering, install, is_ready, tables
from db.engine.statement_cache import Statement
from db.engine.writer import Writer, in_transaction
from db.language.scope import EVERYBODY, Scope
from db.models.base import models, table_of
from tests.support.databases import copied_database
from tests.support.rows import add_key, add_keyword, add_lead, add_mention, add_user

pytestmark = pytest.mark.usefixtures("row_security")

WITHOUT_USERS = {"backfills", "background_tasks", "schema_support"}
"""Tables that no transaction of a member reads."""
WHO = Statement(
    "who", "SELECT current_user::text AS role, current_setting('leadgraph.user_id', true) AS id", (), {}
)
ALL_KEYWORDS = Statement("all keywords", "SELECT user_id FROM keywords", (), {})


@pytest.fixture
async def ann(pool: Pool) -> int:
    """A member with a row in several tables."""
    return await member(pool, "ann@example.com")


@pytest.fixture
async def ben(pool: Pool) -> int:
    return await member(pool, "ben@example.com")


async def member(pool: Pool, email: str) -> int:
    user_id = await add_user(pool, email)
    await add_key(pool, user_id)
    await add_lead(pool, await add_mention(pool, await add_keyword(pool, user_id)))
    return user_id


@pytest.fixture
async def fenced(pool: Pool, ann: int, ben: int) -> AsyncIterator[Pooled]:
    """A connection in a transaction of ann."""
    del ben
    async with pool.acquire() as connection:
        await connection.execute(f"{'; '.join(('BEGIN', *entering(Scope(ann))))}")
        yield connection
        await connection.execute("ROLLBACK")


def test_each_table_is_limited_or_closed_to_members() -> None:
    own = models()
    assert {table_of(model).name for model in own} - tables().keys() == {*WITHOUT_USERS, "change_feed"}
    assert set(tables().values()) == {"id", "user_id"}


async def test_a_member_reads_only_own_rows(fenced: Pooled, ann: int) -> None:
    some = 0
    for table, owner in tables().items():
        found = {row[0] for row in await fenced.fetch(f"SELECT {owner} FROM {table}")}
        assert found <= {ann}, table
        some += bool(found)
    assert some >= 9


@pytest.mark.parametrize("table", sorted({*WITHOUT_USERS, "alembic_version"}))
async def test_other_tables_are_closed_to_members(fenced: Pooled, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fenced.fetch(f"SELECT * FROM {table}")


async def test_a_member_reads_the_feed_that_triggers_write(fenced: Pooled, ann: int) -> None:
    assert await fenced.fetchval("SELECT count(*) FROM change_feed") == 1
    await fenced.execute("INSERT INTO keywords (user_id, keyword) VALUES ($1, 'new')", ann)
    last = await fenced.fetchrow("SELECT user_id, entity, kind FROM changes ORDER BY id DESC LIMIT 1")
    assert tuple(last or ()) == (ann, "Keyword", "created")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE changes SET kind = 'created'",
        "DELETE FROM changes",
        "INSERT INTO changes SELECT * FROM changes",
        "SELECT * FROM changes_rest",
        "UPDATE change_feed SET feed_id = 'x'",
        "SELECT nextval('change_ids')",
    ],
)
async def test_no_member_writes_the_feed(fenced: Pooled, sql: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fenced.fetch(sql)


async def test_a_member_changes_and_deletes_only_own_rows(
    fenced: Pooled,
) -> None:
    assert await fenced.execute("UPDATE keywords SET keyword = 'other'") == "UPDATE 1"
    assert await fenced.execute("UPDATE users SET name = 'other'") == "UPDATE 1"
    assert await fenced.execute("DELETE FROM leads") == "DELETE 1"


async def test_a_member_inserts_no_row_of_another(fenced: Pooled, ben: int) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await fenced.execute("INSERT INTO keywords (user_id, keyword) VALUES ($1, 'theirs')", ben)


@pytest.mark.parametrize("column", ["role", "status", "email"])
async def test_a_member_changes_no_right_of_the_own_account(fenced: Pooled, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fenced.execute(f"UPDATE users SET {column} = {column}")


async def test_without_a_user_the_role_sees_nothing(pool: Pool, ann: int) -> None:
    async with pool.acquire() as connection:
        for user in ("", f"; SET LOCAL leadgraph.user_id = '{ann}'; SET LOCAL leadgraph.user_id = ''"):
            await connection.execute(f"BEGIN; SET LOCAL ROLE {ROLE}{user}")
            assert await connection.fetch("SELECT FROM users") == []
            await connection.execute("ROLLBACK")


async def test_counters_and_rollups_follow_the_writes_of_members(pool: Pool, ann: int) -> None:
    async with pool.acquire() as connection:
        await connection.execute(f"{'; '.join(('BEGIN', *entering(Scope(ann))))}")
        await connection.execute("DELETE FROM mentions")
        await connection.execute("COMMIT")
    user = await pool.fetchrow(
        "SELECT mentions_count, leads_count, keywords_count FROM users WHERE id = $1", ann
    )
    assert user is not None
    assert tuple(user) == (0, 0, 1)
    assert await pool.fetchval("SELECT count(*) FROM user_day_stats WHERE user_id = $1", ann) == 0


async def test_sessions_of_members_are_limited_and_leave_no_trace(pool: Pool, ann: int, ben: int) -> None:
    for scope, expected in ((Scope(ann), {ann}), (Scope(ben), {ben}), (EVERYBODY, {ann, ben})):
        reader = Reader(pool, single=True, fence=scope)
        # The statement lacks the scope's condition, and the session is told that it needs none.
        found = await reader.fetch_values(ALL_KEYWORDS, EVERYBODY)
        assert {row["user_id"] for row in found} == expected
        reader.close()

        async def read(writer: Writer) -> set[int]:
            return {row["user_id"] for row in await writer.fetch_values(ALL_KEYWORDS, EVERYBODY)}

        assert await in_transaction(pool, read, fence=scope) == expected
    (row,) = await Reader(pool, single=True).fetch_values(WHO, EVERYBODY)
    assert row["role"] != ROLE
    assert not row["id"]


async def test_a_failed_statement_does_not_lift_the_fence(pool: Pool, ann: int, ben: int) -> None:
    reader = Reader(pool, fence=Scope(ann))
    assert len(await reader.fetch_values(ALL_KEYWORDS, EVERYBODY)) == 1
    with pytest.raises(asyncpg.DivisionByZeroError):
        await reader.fetch_values(Statement("failing", "SELECT 1 / 0", (), {}), EVERYBODY)
    found = await reader.fetch_values(ALL_KEYWORDS, EVERYBODY)
    assert {row["user_id"] for row in found} == {ann} != {ben}
    assert [row["role"] for row in await reader.fetch_values(WHO, EVERYBODY)] == [ROLE]
    reader.close()


async def test_arguments_that_the_driver_refuses_do_not_lift_the_fence(
    database_url: str, ann: int, ben: int
) -> None:
    """BEGIN and the role travel with the statement that the driver refuses. The work goes on in its transaction."""
    numbered = Statement("numbered", "SELECT $1::int AS number", ("number",), {})
    added = Statement("added", "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'new')", ("user",), {})

    async def work(writer: Writer, user: int) -> set[int]:
        with pytest.raises(asyncpg.DataError):
            await writer.fetch_values(numbered, EVERYBODY, number="x")
        await writer.fetch_values(added, EVERYBODY, user=user)
        found = await writer.fetch_values(ALL_KEYWORDS, EVERYBODY)
        assert [row["role"] for row in await writer.fetch_values(WHO, EVERYBODY)] == [ROLE]
        return {row["user_id"] for row in found}

    async with await open_pool(database_url, size=1) as single:
        single.has_row_security = True
        await Reader(single, single=True).fetch_values(
            numbered, EVERYBODY, number=1
        )  # prepares the statement
        assert await in_transaction(single, lambda writer: work(writer, ann), fence=Scope(ann)) == {ann}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await in_transaction(single, lambda writer: work(writer, ben), fence=Scope(ann))
        assert await single.fetchval("SELECT count(*) FROM keywords WHERE keyword = 'new'") == 1


@pytest.mark.direct
async def test_the_fence_takes_no_additional_round_trip_in_a_snapshot(
    pool: Pool, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    execute = asyncpg.Connection.execute

    async def counted(self: object, query: str, *args: object, **options: object) -> str:
        sent.append(query)
        return await execute(self, query, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncpg.Connection, "execute", counted)
    reader = Reader(pool, fence=Scope(ann))
    await reader.fetch_values(ALL_KEYWORDS, EVERYBODY)
    entered = f"SET LOCAL ROLE {ROLE}; SET LOCAL leadgraph.user_id = '{ann}'"
    assert sent == [f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {entered}; SAVEPOINT reads"]
    reader.close()
    sent.clear()

    async def work(writer: Writer) -> None:
        await writer.fetch_values(ALL_KEYWORDS, EVERYBODY)

    await in_transaction(pool, work, fence=Scope(ann))
    entered = (
        f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL ROLE {ROLE}; SET LOCAL leadgraph.user_id = '{ann}'"
    )
    assert [one for one in sent if one != "ROLLBACK"] == [entered, "COMMIT;"]


async def test_a_transaction_that_cannot_take_the_role_leaves_a_usable_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_security, "ROLE", "leadgraph_missing")
    async with await open_pool(database_url, size=1) as pool:

        async def work(writer: Writer) -> None:
            await writer.fetch_values(WHO, EVERYBODY)

        with pytest.raises(asyncpg.InvalidParameterValueError):
            await in_transaction(pool, work, fence=Scope(1))
        reader = Reader(pool, fence=Scope(1))
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await reader.fetch_values(WHO, EVERYBODY)
        reader.close()
        await in_transaction(pool, work)


async def test_an_installation_can_be_repeated(database_url: str, pool: Pool) -> None:
    assert await is_ready(pool)
    await pool.execute("DROP POLICY own_rows ON leads; REVOKE UPDATE (name) ON users FROM leadgraph_member")
    assert not await is_ready(pool)
    before = await pool.fetch("SELECT oid FROM pg_policy ORDER BY oid")
    await install(database_url)
    assert await is_ready(pool)
    after = await pool.fetch("SELECT oid FROM pg_policy ORDER BY oid")
    assert len(set(before) & set(after)) == 2 * (len(tables()) - 2)  # only the two tables were changed
    assert await pool.fetchval("SELECT has_column_privilege('leadgraph_member', 'users', 'name', 'UPDATE')")


async def test_a_role_that_may_create_no_roles_is_told_what_to_do(
    postgres: EmbeddedPostgres, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_security, "ROLE", "leadgraph_other")
    async with copied_database(postgres, template) as name, connected(postgres.url(name)) as admin:
        await admin.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        try:
            url = urlsplit(postgres.url(name))
            plain = url._replace(netloc=f"plain:plain@{url.hostname}:{url.port}").geturl()
            with pytest.raises(row_security.NoRoleError) as told:
                await install(plain)
        finally:
            await admin.execute("DROP ROLE plain")
    assert str(told.value) == (
        "The database's role plain may not create the role leadgraph_other of row-level security. Let an administrator "
        "run: CREATE ROLE leadgraph_other NOLOGIN NOINHERIT; GRANT leadgraph_other TO plain;"
    )
