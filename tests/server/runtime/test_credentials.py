"""The keys for integrations' credentials, and their rotation."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db.engine.pool import Pool
from server.commands.app import app
from server.commands.credentials import _rotate_all
from server.runtime.credentials import FILE, vault, warn_of_missing_keys
from server.runtime.errors import CommandError
from server.runtime.secret_text import SecretText
from server.runtime.settings import Settings
from services.accounts.vault import Sealed, SealedError, Secret, Vault, id_of, new_key
from services.integrations.credentials import owner_of
from tests.support.rows import add_integration, add_user


def settings(home: Path, key: str | None = None) -> Settings:
    return Settings(home=home, credentials_key=None if key is None else SecretText(key))


def test_a_key_file_is_created_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = vault(settings(home))
    path = home / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.key_id == id_of(path.read_text().strip())
    assert vault(settings(home)).key_id == first.key_id
    assert [one.name for one in home.iterdir()] == [FILE]


def test_the_variable_takes_precedence_over_the_file_and_may_hold_several_keys(tmp_path: Path) -> None:
    keys = [new_key(), new_key()]
    found = vault(settings(tmp_path, f" {keys[0]},{keys[1]} "))
    assert found.key_id == id_of(keys[0])
    assert found.open(Vault(keys[1:]).seal(Secret("a"), "o"), "o").reveal() == "a"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    ["x", ",", "secret-but-no-key", new_key() + ",x"],
    ids=["a letter", "a comma", "words", "a key and a letter"],
)
def test_an_invalid_key_is_reported_by_its_source_and_not_shown(tmp_path: Path, wrong: str) -> None:
    (tmp_path / FILE).write_text(wrong)
    for found, place in (
        (settings(tmp_path, wrong), "LEADGRAPH_CREDENTIALS_KEY"),
        (settings(tmp_path), FILE),
    ):
        with pytest.raises(CommandError) as refused:
            vault(found)
        assert place in str(refused.value)
        assert "Create a key with `leadgraph credentials new-key`." in str(refused.value)
        assert wrong.strip(",") == "" or wrong not in str(refused.value)


def test_the_representation_of_settings_hides_the_key() -> None:
    key = new_key()
    assert key not in repr(settings(Path("/nowhere"), key))


def test_the_new_key_command_prints_a_valid_key() -> None:
    printed = CliRunner().invoke(app, ["credentials", "new-key"]).output.strip()
    assert Vault([printed])


async def add_sealed(pool: Pool, user_id: int, account: str, sealed: Sealed) -> None:
    await add_integration(
        pool,
        user_id,
        external_account_id=account,
        credentials=sealed.token,
        credentials_key_id=sealed.key_id,
    )


async def test_a_server_logs_which_keys_are_missing_and_what_to_do(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    here, gone = Vault([new_key()]), Vault([new_key()])
    user_id = await add_user(pool)
    for number, key in enumerate((here, gone, gone)):
        sealed = key.seal(Secret("token"), "owner")
        await add_sealed(pool, user_id, str(number), sealed)
    await warn_of_missing_keys(pool, here)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "leadgraph"]
    assert said.startswith(
        f"The credentials of 2 integrations need the key {gone.key_id}, which is missing. "
    )
    assert "LEADGRAPH_CREDENTIALS_KEY" in said


async def test_rotation_encrypts_all_credentials_with_the_new_key(pool: Pool) -> None:
    old, new = new_key(), new_key()
    user_id = await add_user(pool)
    before = Vault([old])
    for number in range(250):
        sealed = before.seal(Secret(f"token {number}"), owner_of(user_id, "rss", str(number)))
        await add_sealed(pool, user_id, str(number), sealed)
    await pool.execute(
        "INSERT INTO integrations (user_id, provider, kind) VALUES ($1, 'x', 'source')", user_id
    )
    with pytest.raises(SealedError, match=f"The key {before.key_id} is missing"):
        await _rotate_all(pool, Vault([new]))
    assert await _rotate_all(pool, Vault([new, old])) == 250
    assert await _rotate_all(pool, Vault([new, old])) == 0
    after = Vault([new])
    rows = await pool.fetch("SELECT * FROM integrations WHERE provider = 'rss' ORDER BY id")
    for number, row in enumerate(rows):
        owner = owner_of(user_id, "rss", row["external_account_id"])
        found = after.open(Sealed(row["credentials_key_id"], row["credentials"]), owner)
        assert found.reveal() == f"token {number}"
