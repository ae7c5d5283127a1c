"""`leadgraph persons` and `leadgraph users export`: nothing of an erased person stays in any column."""

import asyncio
import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from db.engine.pool import Pool
from db.integrity.audit import drifts
from db.models import MentionKind, Platform
from db.models.base import models
from db.persons.columns import COLUMNS, NOT_EXPORTED, TABLES_NOT_EXPORTED, Erasure
from db.statements.ingest import NewPost
from services.ingest.row import NewRow
from services.ingest.write import ingest
from services.matching.keyword_matchers import KeywordMatcher
from services.persons import erasure
from services.persons.archive import README
from tests.support import rows
from tests.support.command import Command, refusal

ROOT = Path(__file__).resolve().parents[3]
MARK = "zanzibarius"
ERASE = ("persons", "erase", "--platform", "x", "--author", MARK)
COLUMNS_SQL = """
SELECT relname AS table, attname AS column, format_type(atttypid, NULL) AS type
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = $1::"char" AND NOT (relkind = 'r' AND relispartition AND $2)
    AND attnum > 0 AND NOT attisdropped AND relname <> 'alembic_version'
"""
TEXTUAL = ("text", "jsonb", "bytea", "text[]", "tsvector", "character varying")
ENUMS_SQL = """
SELECT conrelid::regclass::text AS table, attname AS column FROM pg_constraint
JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE conname LIKE '%\\_known'
"""
CODES = {("leads", "currency"), ("leads", "score_version"), ("analysis_results", "analyzer_version")}
"""Columns of deleted rows that have codes of the server, or too little room for words."""


async def places_of(pool: Pool, mark: str) -> set[tuple[str, str]]:
    """Return the columns of all tables, partitions included, that contain the mark."""
    found = set()
    for row in await pool.fetch(COLUMNS_SQL, b"r", False):
        table, column = row["table"], f'"{row["column"]}"'
        text = f"encode({column}, 'escape')" if row["type"] == "bytea" else f"{column}::text"
        if await pool.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE {text} ILIKE $1)", f"%{mark}%"):
            found.add((table.removesuffix("_rest"), row["column"]))
    return found


async def plant(pool: Pool, keyword: int, mark: str = MARK, **values: Any) -> int:
    """Add a post of the author with an analysis, a lead and an event. Each column for words has the mark."""
    mention = await rows.add_mention(
        pool,
        keyword,
        **{
            "platform": "x",
            "external_id": f"{mark}-{keyword}",
            "url": f"https://x.com/{mark}",
            "title": f"By {mark}",
            "content": f"I am {mark}, and need a tool.",
            "author": f"@{mark.title()}",
            "language": mark,
        }
        | values,
    )
    await pool.execute(
        "INSERT INTO analysis_results (mention_id, relevance_reason, topics, summary, analyzer, error) "
        "VALUES ($1, $2, ARRAY[$2], $2, $2, $2)",
        mention,
        mark,
    )
    lead = await rows.add_lead(
        pool,
        mention,
        disqualify_reason=mark,
        score_breakdown={"name": mark},
        contact_name=mark,
        contact_handle=mark,
        contact_email=f"{mark}@example.com",
        company=mark,
        notes=f"Call {mark} soon.",
        tags=[mark],
        external_reference=f"{mark}-{keyword}",
    )
    await pool.execute("UPDATE leads SET search = to_tsvector('simple', $1) WHERE id = $2", mark, lead)
    await pool.execute(
        "INSERT INTO lead_events (lead_id, user_id, type, data) VALUES ($1, 0, 'noted', $2)",
        lead,
        {"note": mark},
    )
    return mention


async def plant_copies(pool: Pool, user_id: int, *, everybody: bool, mark: str = MARK) -> None:
    """Add an export, a delivery and a stored response with the mark in each column for words."""
    export = await rows.insert(
        pool, "exports", user_id=user_id, everybody=everybody, entity="leads", format="csv", columns=[mark],
        question={"q": mark}, status="failed", position=[mark], error=mark,
        **{name: await pool.fetchval("SELECT now()") for name in ("finished_at", "expires_at")},
    )  # fmt: skip
    await pool.execute("INSERT INTO export_parts VALUES ($1, 0, $2)", export, mark.encode())
    webhook = await rows.insert(
        pool, "webhooks", user_id=user_id, everybody=everybody, url="https://a.example", event_types=["lead.created"],
        position="p", change_id=0,
    )  # fmt: skip
    await pool.execute(
        "INSERT INTO webhook_deliveries (user_id, webhook_id, message_id, event_type, entity, entity_id, occurred_at, "
        "payload, response_excerpt) VALUES ($1, $2, 'm', 'lead.created', 'Lead', 1, now(), $3, $3)",
        user_id,
        webhook,
        mark,
    )
    stored = (
        "INSERT INTO idempotency_keys (user_id, key, request_hash, response) VALUES ($1, $2, '\\x00', $3)"
    )
    await pool.execute(stored, user_id, f"make {mark}", {"name": "other"})
    await pool.execute(stored, user_id, "make", {"name": mark})
    await pool.execute(stored, user_id, "other", {"name": "other"})


async def plant_log(pool: Pool, user_id: int) -> None:
    integration = await rows.add_integration(pool, user_id)
    for text in (f"Cannot push {MARK}.", f"Cannot push {MARK}x."):
        await rows.insert(
            pool, "integration_logs", user_id=user_id, integration_id=integration, kind="push", status="failed",
            message=text, error_code=MARK if "x." not in text else None,
        )  # fmt: skip


async def test_each_column_for_words_is_declared(pool: Pool) -> None:
    kinds = [row for kind in (b"r", b"p") for row in await pool.fetch(COLUMNS_SQL, kind, True)]
    found = {(row["table"], row["column"]) for row in kinds if row["type"] in TEXTUAL}
    assert found == set(COLUMNS), "db/persons/columns.py must say what an erasure does with each column."


async def test_columns_of_bytes_are_not_exported(pool: Pool) -> None:
    found = {
        (row["table"], row["column"])
        for row in await pool.fetch(COLUMNS_SQL, b"r", True)
        if row["type"] == "bytea"
    }
    left_out = {(table, column) for table, columns in NOT_EXPORTED.items() for column in columns}
    assert {table for table, _ in found - left_out} == TABLES_NOT_EXPORTED
    names = {model.__tablename__: set(model.__table__.c.keys()) for model in models()}
    assert all(column in names[table] for table, column in left_out)


async def test_nothing_of_an_erased_author_stays(pool: Pool, command: Command) -> None:
    ann, ben, olga = [await rows.add_user(pool, f"{name}@example.com") for name in ("ann", "ben", "olga")]
    await pool.execute("UPDATE users SET role = 'operator' WHERE id = $1", olga)
    keywords = [await rows.add_keyword(pool, user) for user in (ann, ben)]
    for keyword in keywords:
        await plant(pool, keyword)
    other = await plant(pool, keywords[0], "somebody", external_id="1")
    await plant_copies(pool, ann, everybody=False)
    await plant_copies(pool, olga, everybody=True)
    await plant_log(pool, ben)
    enums = {(row["table"], row["column"]) for row in await pool.fetch(ENUMS_SQL)}
    can_hold = {place for place, part in COLUMNS.items() if part != Erasure.NOT_OF_AUTHORS} - enums - CODES
    assert await places_of(pool, MARK) == can_hold
    before = await pool.fetchval("SELECT max(id) FROM changes")

    counted = await command(*ERASE, "--dry-run")
    assert [line.split() for line in counted.stdout.splitlines()] == [
        ["mentions", "2"],
        ["analysis_results", "2"],
        ["leads", "2"],
        ["lead_events", "2"],
        ["exports", "2"],
        ["webhook_deliveries", "2"],
        ["idempotency_keys", "4"],
        ["integration_logs", "1"],
    ]
    assert await places_of(pool, MARK) == can_hold
    erased = await command(*ERASE, "--yes")
    assert erased.exit_code == 0
    assert erased.stdout.splitlines()[1].split() == ["mentions", "2"]

    # A longer name is another person's.
    assert await places_of(pool, MARK) == {("integration_logs", "message")}
    assert await pool.fetchval("SELECT array_agg(message ORDER BY id) FROM integration_logs") == [
        "",
        f"Cannot push {MARK}x.",
    ]
    assert await pool.fetchval("SELECT array_agg(id) FROM mentions") == [other]
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys") == 2
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 2
    assert await drifts(pool) == []
    deleted = await pool.fetch(
        "SELECT user_id, entity FROM changes WHERE id > $1 AND kind = 'deleted' ORDER BY 1, 2", before
    )
    assert [tuple(row) for row in deleted] == [
        (ann, "Export"),
        (ann, "Lead"),
        (ann, "Mention"),
        (ben, "Lead"),
        (ben, "Mention"),
        (olga, "Export"),
    ]
    assert (await command(*ERASE, "--yes")).stdout == "Erased:\nNo rows of this person.\n"


async def test_a_contact_is_erased_by_address_and_by_handle(pool: Pool, command: Command) -> None:
    keyword = await rows.add_keyword(pool, await rows.add_user(pool))
    by_address, by_handle, on_web, other = [
        await rows.add_mention(pool, keyword, platform=platform) for platform in ("x", "x", "web", "x")
    ]
    await rows.add_lead(pool, by_address, contact_email="Eve@Example.com")
    await rows.add_lead(pool, by_handle, contact_handle="@Eve")
    await rows.add_lead(pool, on_web, contact_handle="@Eve")
    await rows.add_lead(pool, other, contact_handle="@Eve2", contact_email="eve2@example.com")
    await command(
        "persons", "erase", "--platform", "x", "--author", "eve", "--email", "eve@example.com", "--yes"
    )
    assert await pool.fetchval("SELECT array_agg(id ORDER BY id) FROM mentions") == [on_web, other]


async def test_composed_and_decomposed_letters_are_the_same_person(pool: Pool, command: Command) -> None:
    user = await rows.add_user(pool)
    keyword = await rows.add_keyword(pool, user)
    for author in ("Jose\u0301", "jose"):
        await rows.add_mention(pool, keyword, platform="x", author=author)
    integration = await rows.add_integration(pool, user)
    await rows.insert(
        pool, "integration_logs", user_id=user, integration_id=integration, kind="push", status="failed",
        message="Cannot push Jos\u00e9.",
    )  # fmt: skip
    await command("persons", "erase", "--platform", "x", "--author", "JOS\u00e9", "--yes")
    assert await pool.fetchval("SELECT array_agg(author) FROM mentions") == ["jose"]
    assert await pool.fetchval("SELECT message FROM integration_logs") == ""


async def test_a_dry_run_counts_each_copy_of_several_users_once(pool: Pool, command: Command) -> None:
    users = [await rows.add_user(pool, f"{name}@example.com") for name in ("ann", "ben", "olga")]
    await pool.execute("UPDATE users SET role = 'operator' WHERE id = $1", users[2])
    for user in users:
        await plant(pool, await rows.add_keyword(pool, user))
        await plant_copies(pool, user, everybody=user == users[2])
        await plant_log(pool, user)
    counted = await command(*ERASE, "--dry-run")
    erased = await command(*ERASE, "--yes")
    assert counted.stdout.splitlines() == erased.stdout.splitlines()[1:]
    assert [line.split() for line in counted.stdout.splitlines()][4:] == [
        ["exports", "3"],
        ["webhook_deliveries", "3"],
        ["idempotency_keys", "6"],
        ["integration_logs", "3"],
    ]


async def test_an_author_of_many_posts_with_long_ids_is_erased(pool: Pool, command: Command) -> None:
    user = await rows.add_user(pool)
    keyword = await rows.add_keyword(pool, user)
    ids = [f"at://{number}/" + "x" * 400 for number in range(600)]
    for external_id in ids:
        await rows.add_mention(pool, keyword, platform="x", author=MARK, external_id=external_id)
    integration = await rows.add_integration(pool, user)
    for text in (f"Cannot push {ids[-1]}.", "Cannot push at://1/x."):
        await rows.insert(
            pool, "integration_logs", user_id=user, integration_id=integration, kind="push", status="failed",
            message=text,
        )  # fmt: skip
    counted = await command(*ERASE, "--dry-run")
    assert [line.split() for line in counted.stdout.splitlines()] == [
        ["mentions", "600"],
        ["integration_logs", "1"],
    ]
    assert (await command(*ERASE, "--yes")).exit_code == 0
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 0
    assert await pool.fetchval("SELECT array_agg(message ORDER BY id) FROM integration_logs") == [
        "",
        "Cannot push at://1/x.",
    ]


async def test_an_author_of_many_posts_with_short_ids_is_erased(pool: Pool, command: Command) -> None:
    user = await rows.add_user(pool)
    keyword = await rows.add_keyword(pool, user)
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, kind, url, content, author, published_at) "
        "SELECT $1, $2, 'x', 'post' || lpad(n::text, 20, '0'), 'post', 'https://x.com', 'text', $3, now() "
        "FROM generate_series(1, 6000) AS n",
        user, keyword, MARK,
    )  # fmt: skip
    await plant_log(pool, user)
    counted = await command(*ERASE, "--dry-run")
    assert [line.split() for line in counted.stdout.splitlines()] == [
        ["mentions", "6,000"],
        ["integration_logs", "1"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Pass --platform and --author, or --email, or all of them."),
        (("--author", "ann"), "--platform and --author belong together"),
        (("--platform", "x"), "--platform and --author belong together"),
        (("--platform", "x", "--author", " @"), "--author must not be empty"),
        (("--email", "ann"), "--email must be an e-mail address, but is 'ann'."),
    ],
)
async def test_a_vague_description_is_refused(
    pool: Pool, command: Command, arguments: tuple[str, ...], message: str
) -> None:
    await rows.add_mention(pool, await rows.add_keyword(pool, await rows.add_user(pool)), platform="x")
    assert message in refusal(await command("persons", "erase", *arguments, "--yes"))
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 1


async def test_an_answer_of_no_erases_nothing(pool: Pool, command: Command) -> None:
    await plant(pool, await rows.add_keyword(pool, await rows.add_user(pool)))
    assert (await command(*ERASE, input="n\n")).exit_code == 1
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 1


def new_row(number: int, author: str) -> NewRow:
    url, text = f"https://x.com/{number}", "words that matter"
    post = NewPost(
        Platform.X, f"{author}-{number}", MentionKind.POST, url, None, text, author, None, None, None, None
    )
    return NewRow(post)


async def test_ingest_goes_on_during_an_erasure(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MENTIONS_AT_ONCE", 7)
    users = [await rows.add_user(pool, f"user{number}@example.com") for number in range(3)]
    for user in users:
        await rows.add_keyword(pool, user)
        await ingest(pool, KeywordMatcher(user), [new_row(number, MARK) for number in range(60)])

    async def write(user: int) -> None:
        for start in range(0, 60, 10):
            await ingest(pool, KeywordMatcher(user), [new_row(start + number, "ann") for number in range(10)])

    async def erase() -> int:
        person = erasure.person_of(Platform.X, MARK, None)
        return sum([batch.rows["mentions"] async for batch in erasure.erase(pool, person)])

    erased, *_ = await asyncio.gather(erase(), *map(write, users))
    assert erased == 180
    assert await pool.fetchval("SELECT count(*) FROM mentions WHERE author = 'ann'") == 180
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 180
    assert await drifts(pool) == []


async def test_an_author_gets_an_archive(pool: Pool, command: Command, tmp_path: Path) -> None:
    keyword = await rows.add_keyword(pool, await rows.add_user(pool))
    mention = await plant(pool, keyword)
    await plant(pool, keyword, "somebody", external_id="1")
    file = tmp_path / "person.zip"
    arguments = ("persons", "export", "--platform", "x", "--author", MARK, "--output", str(file))
    assert (await command(*arguments)).exit_code == 0
    with zipfile.ZipFile(file) as archive:
        tables = ("mentions", "analysis_results", "leads", "lead_events")
        assert archive.namelist() == [*(f"{table}.ndjson" for table in tables), README]
        (post,) = map(json.loads, archive.read("mentions.ndjson").splitlines())
        assert b"somebody" not in b"".join(map(archive.read, archive.namelist()))
        assert b"mentions.ndjson (1 rows): A post that contains a keyword." in archive.read(README)
    assert (post["id"], post["author"], "search" in post) == (mention, "@Zanzibarius", False)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "cannot be created (File exists)" in refusal(await command(*arguments))


async def test_a_full_disk_is_one_sentence_and_leaves_no_file(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    keyword = await rows.add_keyword(pool, await rows.add_user(pool))
    for _ in range(20):
        await rows.add_mention(pool, keyword, platform="x", author=MARK, content=os.urandom(5000).hex())
    file = tmp_path / "person.zip"
    export = ["persons", "export", "--platform", "x", "--author", MARK, "--output", str(file)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", *export,
        cwd=ROOT,
        env={**os.environ, "LEADGRAPH_DATABASE_URL": database_url, "LEADGRAPH_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode != 0
    assert f"{file} cannot be written (File too large): make room, or choose another folder." in " ".join(
        errors.decode().split()
    )
    assert not file.exists()


async def test_a_user_gets_an_archive_of_each_table_without_secrets(
    pool: Pool, command: Command, tmp_path: Path
) -> None:
    ann, ben = [await rows.add_user(pool, f"{name}@example.com") for name in ("ann", "ben")]
    await plant(pool, await rows.add_keyword(pool, ben), "foreignword")
    await rows.insert(pool, "api_keys", user_id=ann, name=MARK, secret_hash=b"hidden")
    await plant_copies(pool, ann, everybody=False)
    await plant_log(pool, ann)
    await plant(pool, await rows.add_keyword(pool, ann, MARK))
    await pool.execute("UPDATE integrations SET credentials = 'hidden', credentials_key_id = 'hidden'")
    await pool.execute("INSERT INTO passwords (user_id, hash) VALUES ($1, 'hidden')", ann)
    file = tmp_path / "ann.zip"
    assert (await command("users", "export", "Ann@example.com", "--output", str(file))).exit_code == 0
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    lines = {
        name: list(map(json.loads, text.splitlines())) for name, text in content.items() if name != README
    }
    assert [user["email"] for user in lines["users.ndjson"]] == ["ann@example.com"]
    counted = {name: len(found) for name, found in lines.items()}
    expected = {
        "users": 1, "keywords": 1, "mentions": 1, "analysis_results": 1, "leads": 1, "lead_events": 1, "exports": 1,
        "webhooks": 1, "webhook_deliveries": 1, "idempotency_keys": 3, "integrations": 1, "integration_logs": 2,
        "api_keys": 1, "passwords": 1,
    }  # fmt: skip
    assert {name: counted.get(f"{name}.ndjson") for name in expected} == expected
    assert "changes.ndjson" in content
    assert "export_parts.ndjson" not in content
    for secret in (b"hidden", b"68696464656e", b"foreignword"):
        assert secret not in b"".join(content.values())


async def test_nothing_of_a_deleted_user_stays_with_operators(pool: Pool, command: Command) -> None:
    ann, olga = [await rows.add_user(pool, f"{name}@example.com") for name in (MARK, "olga")]
    await pool.execute("UPDATE users SET role = 'operator' WHERE id = $1", olga)
    await pool.execute("UPDATE users SET name = $1 WHERE id = $2", MARK, ann)
    keyword = await rows.add_keyword(pool, ann, MARK)
    await plant(pool, keyword)
    await plant_copies(pool, ann, everybody=False)
    await plant_copies(pool, olga, everybody=True)
    await plant_log(pool, ann)
    assert (await command("users", "delete", f"{MARK}@example.com", "--yes")).exit_code == 0
    assert await places_of(pool, MARK) == set()
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys WHERE user_id = $1", olga) == 1
    assert await drifts(pool) == []
