"""`leadgraph counters`."""

import asyncio
import json

import pytest
from typer.testing import Result

from db.engine.pool import Pool
from db.integrity.audit import COUNTERS, drifts
from db.integrity.counters import LOCK_USERS
from db.integrity.rollups import MEASURES
from server.runtime.database import require_filled
from server.runtime.errors import CommandError
from tests.support.command import Command

OF_USER, OF_KEYWORD, OF_BUCKET = len(COUNTERS["users"]), len(COUNTERS["keywords"]), len(MEASURES)
ALL = 3 * OF_USER + 3 * OF_KEYWORD + 12 * OF_BUCKET
"""The counters of three users, three keywords, and twelve buckets."""


def lines(result: Result) -> list[str]:
    """Return the printed lines with single spaces between words."""
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


async def spoil(pool: Pool) -> None:
    await pool.execute("UPDATE users SET mentions_count = 40 WHERE id = 2")
    await pool.execute("UPDATE keywords SET leads_count = 1 WHERE id = 3")


@pytest.mark.usefixtures("three_users")
async def test_verify_exits_with_0_if_all_counters_are_right(command: Command) -> None:
    result = await command("counters", "verify")
    assert result.stdout == f"{ALL} counters of 18 rows checked, 0 wrong.\n"
    assert result.exit_code == 0


async def test_verify_succeeds_on_an_empty_database(command: Command) -> None:
    result = await command("counters", "verify")
    assert (result.stdout, result.exit_code) == ("0 counters of 0 rows checked, 0 wrong.\n", 0)


async def test_verify_lists_wrong_counters_and_exits_with_1(three_users: Pool, command: Command) -> None:
    await spoil(three_users)
    result = await command("counters", "verify")
    assert lines(result) == [
        "table id column stored counted",
        "users 2 mentions_count 40 2",
        "keywords 3 leads_count 1 0",
        f"{ALL} counters of 18 rows checked, 2 wrong.",
    ]
    assert result.exit_code == 1


async def test_verify_json_prints_wrong_counters_as_json_lines(three_users: Pool, command: Command) -> None:
    await spoil(three_users)
    result = await command("counters", "verify", "--json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"table": "users", "id": 2, "column": "mentions_count", "stored": 40, "counted": 2},
        {"table": "keywords", "id": 3, "column": "leads_count", "stored": 1, "counted": 0},
    ]
    assert result.stderr == f"{ALL} counters of 18 rows checked, 2 wrong.\n"
    assert result.exit_code == 1


async def test_wrong_roll_ups_are_listed_with_their_bucket(three_users: Pool, command: Command) -> None:
    await three_users.execute("UPDATE slot_stats SET mentions = 9 WHERE keyword_id = 2")
    slot = await three_users.fetchval("SELECT slot FROM slot_stats WHERE keyword_id = 2")
    result = await command("counters", "verify", "--table", "slot_stats", "--from-id", "2")
    assert lines(result) == [
        "table id column stored counted",
        f"slot_stats 2 mentions 9 2 {slot.isoformat()}",
        "8 counters of 2 rows checked, 1 wrong.",
    ]
    result = await command("counters", "repair", "--table", "slot_stats", "--json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {
            "table": "slot_stats",
            "id": 2,
            "column": "mentions",
            "stored": 9,
            "counted": 2,
            "slot": slot.isoformat(),
        }
    ]
    assert await drifts(three_users) == []


async def test_backfill_fills_roll_ups_once(three_users: Pool, command: Command) -> None:
    await three_users.execute(
        "UPDATE backfills SET finished_at = NULL; DELETE FROM day_stats; DELETE FROM slot_stats"
    )
    result = await command("counters", "backfill")
    assert lines(result) == [
        "user_slot_stats up to ID 3: 0 filled",
        "user_day_stats up to ID 3: 0 filled",
        "slot_stats up to ID 3: 3 filled",
        "day_stats up to ID 3: 3 filled",
        "keyword_forms up to ID 3: 3 filled",
        "mention_lexemes up to ID 6: 6 filled",
        "48 counters of 12 rows checked, 15 filled.",
    ]
    assert await drifts(three_users) == []
    again = await command("counters", "backfill")
    assert (again.stdout, again.exit_code) == ("0 counters of 0 rows checked, 0 filled.\n", 0)


async def test_a_server_refuses_to_start_on_unfilled_roll_ups(three_users: Pool, database_url: str) -> None:
    await asyncio.to_thread(require_filled, database_url)
    await three_users.execute("UPDATE backfills SET finished_at = NULL WHERE name = 'day_stats'")
    with pytest.raises(CommandError, match="Run `leadgraph counters backfill`"):
        await asyncio.to_thread(require_filled, database_url)


async def test_verify_checks_only_the_given_range_of_a_table(three_users: Pool, command: Command) -> None:
    await spoil(three_users)
    result = await command("counters", "verify", "--table", "users", "--from-id", "3")
    assert (result.stdout, result.exit_code) == (f"{OF_USER} counters of 1 rows checked, 0 wrong.\n", 0)
    result = await command(
        "counters", "verify", "--table", "keywords", "--from-id", "2", "--to-id", "3", "--batch", "1"
    )
    assert result.stdout.splitlines()[-1] == "14 counters of 2 rows checked, 1 wrong."
    assert result.exit_code == 1


async def test_verify_sample_checks_the_given_number_of_parents(three_users: Pool, command: Command) -> None:
    result = await command("counters", "verify", "--sample", "1")
    assert (result.stdout, result.exit_code) == (
        f"{OF_USER + OF_KEYWORD + 4 * OF_BUCKET} counters of 6 rows checked, 0 wrong.\n",
        0,
    )
    await spoil(three_users)
    result = await command("counters", "verify", "--sample", "3")
    assert lines(result) == [
        "table id column stored counted",
        "users 2 mentions_count 40 2",
        "keywords 3 leads_count 1 0",
        f"{ALL} counters of 18 rows checked, 2 wrong.",
    ]
    assert result.exit_code == 1
    result = await command("counters", "verify", "--sample", "9", "--table", "users", "--from-id", "3")
    assert (result.stdout, result.exit_code) == (f"{OF_USER} counters of 1 rows checked, 0 wrong.\n", 0)


async def test_repair_prints_repaired_counters_and_its_progress(three_users: Pool, command: Command) -> None:
    await spoil(three_users)
    result = await command("counters", "repair", "--batch", "2")
    assert lines(result) == [
        "table id column stored counted",
        "users 2 mentions_count 40 2",
        "users up to ID 2: 1 repaired",
        "users up to ID 3: 0 repaired",
        "keywords up to ID 2: 0 repaired",
        "keywords 3 leads_count 1 0",
        "keywords up to ID 3: 1 repaired",
        "user_slot_stats up to ID 2: 0 repaired",
        "user_slot_stats up to ID 3: 0 repaired",
        "user_day_stats up to ID 2: 0 repaired",
        "user_day_stats up to ID 3: 0 repaired",
        "slot_stats up to ID 2: 0 repaired",
        "slot_stats up to ID 3: 0 repaired",
        "day_stats up to ID 2: 0 repaired",
        "day_stats up to ID 3: 0 repaired",
        f"{ALL} counters of 18 rows checked, 2 repaired.",
    ]
    assert result.exit_code == 0
    assert await drifts(three_users) == []
    again = await command("counters", "repair")
    assert again.stdout.splitlines()[-1] == f"{ALL} counters of 18 rows checked, 0 repaired."


async def test_a_dry_run_repairs_no_counter(three_users: Pool, command: Command) -> None:
    await spoil(three_users)
    before = await drifts(three_users)
    result = await command("counters", "repair", "--dry-run")
    assert result.stdout.splitlines()[-1] == f"{ALL} counters of 18 rows checked, 2 to repair."
    assert result.exit_code == 0
    assert await drifts(three_users) == before != []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["verify", "--from-id", "2"],
            "--from-id and --to-id require --table: users, keywords or a roll-up.",
        ),
        (["repair", "--to-id", "2"], "--from-id and --to-id require --table"),
        (
            ["repair", "--table", "users", "--from-id", "3", "--to-id", "2"],
            "--from-id must not be larger than --to-id: 3 > 2.",
        ),
    ],
)
async def test_contradictory_ranges_of_ids_are_refused(
    command: Command, arguments: list[str], sentence: str
) -> None:
    result = await command("counters", *arguments)
    assert isinstance(result.exception, CommandError)
    assert sentence in str(result.exception)


async def test_a_batch_above_the_time_limit_is_reported_in_one_sentence(
    three_users: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_STATEMENT_TIMEOUT_SECONDS", "1")
    async with three_users.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(LOCK_USERS, [1])
        result = await command("counters", "repair")
        await transaction.rollback()
    assert isinstance(result.exception, CommandError)
    assert str(result.exception) == (
        "A batch took longer than 1 seconds. Pass a smaller --batch, or increase LEADGRAPH_STATEMENT_TIMEOUT_SECONDS."
    )


async def test_an_unmigrated_database_is_refused(pool: Pool, command: Command) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    result = await command("counters", "verify")
    assert isinstance(result.exception, CommandError)
    assert "Run `leadgraph migrate`" in str(result.exception)
    assert result.exception.exit_code == 2  # 1 means that counters are wrong
    assert isinstance((await command("counters", "repair")).exception, CommandError)
