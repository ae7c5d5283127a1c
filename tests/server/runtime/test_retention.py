"""Files of the data folder, and the time for which they are kept."""

import os
import time
from pathlib import Path

from db.engine.pool import Pool
from server.runtime.retention import rejects_bytes, rejects_folder, remove_old_rejects
from server.runtime.settings import Settings
from server.runtime.tasks import background_tasks
from services.webhooks import deliveries
from tests.support.rows import add_user

DAY = 86_400


def add_file(settings: Settings, name: str, days: float) -> Path:
    folder = rejects_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("{}\n" * 10)
    at = time.time() - days * DAY
    os.utime(file, (at, at))
    return file


async def test_old_files_of_rejected_rows_are_deleted_by_the_task(pool: Pool, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, rejected_rows_days=3)
    old, new = add_file(settings, "old.jsonl", 3.1), add_file(settings, "new.jsonl", 2.9)
    other = add_file(settings, "notes.txt", 100)
    assert rejects_bytes(settings) == 60
    (task,) = [each for each in background_tasks(settings) if each.name == "purge-keys"]
    assert await task.turn(pool, []) is None
    assert [each.exists() for each in (old, new, other)] == [False, True, True]
    assert rejects_bytes(settings) == 30


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "missing")
    assert (remove_old_rejects(settings), rejects_bytes(settings)) == (0, 0)


async def test_a_turn_deletes_a_bounded_number_of_files(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for number in range(1010):
        add_file(settings, f"{number}.jsonl", 31)
    assert [remove_old_rejects(settings) for _ in range(3)] == [1000, 10, 0]


async def test_positions_of_imports_expire_with_the_idempotency_keys(pool: Pool, tmp_path: Path) -> None:
    user_id = await add_user(pool)
    for key, age in (("import a", "-1 second"), ("import b", "1 hour")):
        await pool.execute(
            "INSERT INTO idempotency_keys (user_id, key, request_hash, response, expires_at) "
            "VALUES ($1, $2, '', '{}', now() + $3::text::interval)",
            user_id,
            key,
            age,
        )
    (task,) = [each for each in background_tasks(Settings(home=tmp_path)) if each.name == "purge-keys"]
    assert await task.turn(pool, []) is None
    assert [row["key"] for row in await pool.fetch("SELECT key FROM idempotency_keys")] == ["import b"]


async def test_the_task_passes_the_days_of_deliveries(pool: Pool, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, deliveries_days=2)
    (task,) = [each for each in background_tasks(settings) if each.name == "purge-deliveries"]
    assert await task.turn(pool, []) is None
    assert deliveries.KEPT_FOR.days == Settings.deliveries_days == 30
