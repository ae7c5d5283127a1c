"""`leadgraph keys`: the scopes of a key, lists, rotation, revocation and expiry."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from db.engine.pool import Pool
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys, InvalidKeyError
from tests.support import rows
from tests.support.command import Command, refusal
from tests.support.demo import Demo

CREATE = 'mutation { createKeyword(input: { keyword: "x", matchType: PHRASE, platforms: [], userId: "x" }) { keyword { id } } }'
READ = "{ keywords(first: 1) { nodes { id } } leads(first: 1) { nodes { id } } }"


def made(demo: Demo, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    done = demo.run("keys", "create", "--user", "demo@leadgraph.example", *options)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def codes(demo: Demo, key: str, document: str) -> set[str]:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(demo.facts["url"], json={"query": document}, headers=headers).json()
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        ((), set(), {"FORBIDDEN"}),
        (("bulk:read",), set(), {"FORBIDDEN"}),
        (("read:keywords",), {"FORBIDDEN"}, {"FORBIDDEN"}),
        # The document contains an invalid ID, so a key that may write gets BAD_USER_INPUT.
        (("read:keywords", "read:leads", "write:keywords"), set(), {"BAD_USER_INPUT"}),
        (("write:keywords",), {"FORBIDDEN"}, {"BAD_USER_INPUT"}),
    ],
)
def test_a_key_may_do_exactly_what_its_scopes_allow(
    demo: Demo, scopes: tuple[str, ...], reads: set[str], writes: set[str]
) -> None:
    key = made(demo, *scopes)
    assert codes(demo, key, READ) == reads
    assert codes(demo, key, CREATE) == writes


def test_an_unknown_scope_is_refused_with_a_list_of_the_scopes(demo: Demo) -> None:
    done = demo.run("keys", "create", "--user", "demo@leadgraph.example", "--scope", "write:all")
    assert done.returncode == 1
    assert "The scope write:all does not exist. Use one of read:keywords, read:mentions" in done.stderr


async def test_keys_are_listed_without_secrets_and_revoked(pool: Pool, command: Command) -> None:
    user_id = await rows.add_user(pool, "ann@example.com")
    text = (await command("keys", "create", "--user", "ann@example.com", "--name", "crawler")).stdout.strip()
    (listed,) = (await command("keys", "list", "--user", "ANN@example.com", "--json")).stdout.splitlines()
    facts = json.loads(listed)
    assert (facts["prefix"], facts["state"], facts["name"]) == (
        text[: text.rindex("_") + 1],
        "active",
        "crawler",
    )
    assert text.rsplit("_", 1)[1] not in listed
    keys, parsed = ApiKeys(pool), api_key.parse(text)
    assert parsed is not None
    assert (await keys.holder(parsed)).user_id == user_id
    await command("keys", "revoke", str(parsed.key_id))
    with pytest.raises(InvalidKeyError, match="revoked"):
        await keys.holder(parsed)
    rotated = await command("keys", "rotate", str(parsed.key_id))
    assert refusal(rotated) == f"The API key {parsed.key_id} is revoked. Create a new key."


async def test_a_rotated_key_works_until_the_end_of_the_overlap(pool: Pool, command: Command) -> None:
    await rows.add_user(pool, "ann@example.com")
    create = ("keys", "create", "--user", "ann@example.com", "--scope", "write:leads", "--name", "CRM")
    old = api_key.parse((await command(*create)).stdout.strip())
    assert old is not None
    new = api_key.parse(
        (await command("keys", "rotate", str(old.key_id), "--overlap-hours", "2")).stdout.strip()
    )
    assert new is not None
    keys = ApiKeys(pool)
    before, after = await keys.holder(old), await keys.holder(new)
    assert (after.scopes, after.user_id, after.expires_at) == (before.scopes, before.user_id, None)
    assert before.expires_at is not None
    assert abs(before.expires_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    await command("keys", "rotate", str(new.key_id), "--overlap-hours", "0")
    with pytest.raises(InvalidKeyError, match="expired"):
        await keys.holder(new)


async def test_a_key_expires_after_its_days(pool: Pool, command: Command) -> None:
    await rows.add_user(pool, "ann@example.com")
    text = (
        await command("keys", "create", "--user", "ann@example.com", "--expires-in-days", "0.00001")
    ).stdout
    parsed = api_key.parse(text.strip())
    assert parsed is not None
    await asyncio.sleep(1)
    with pytest.raises(InvalidKeyError, match="expired"):
        await ApiKeys(pool).holder(parsed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("revoke", "999"), "No API key has the ID 999. `leadgraph keys list` shows all keys of a user."),
        (("rotate", "999"), "No API key has the ID 999."),
        (("list", "--user", "b@example.com"), "No user has the e-mail address b@example.com."),
        (
            ("create", "--user", "ann@example.com", "--expires-in-days", "0"),
            "--expires-in-days must be a number above 0",
        ),
        (
            ("create", "--user", "ann@example.com", "--expires-in-days", "inf"),
            "--expires-in-days must be a number above 0",
        ),
        (
            ("create", "--user", "ann@example.com", "--name", "x" * 201),
            "The name must have at most 200 characters.",
        ),
    ],
)
async def test_a_wrong_key_command_is_refused_with_one_sentence(
    pool: Pool, command: Command, arguments: tuple[str, ...], message: str
) -> None:
    await rows.add_user(pool, "ann@example.com")
    assert message in refusal(await command("keys", *arguments))
    assert await pool.fetchval("SELECT count(*) FROM api_keys") == 0
