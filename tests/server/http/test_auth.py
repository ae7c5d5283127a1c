"""API keys: which open the door, and which sentence the others get."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from starlette.requests import Request

from db.engine.pool import Pool
from db.statements import api_key as stored
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys
from tests.support.rows import add_key, add_user


@pytest.fixture
async def key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool), [])


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def ask(client: httpx.AsyncClient, authorization: str) -> httpx.Response:
    body = {"query": "{ viewer { email } }"}
    return await client.post("/graphql", json=body, headers={"authorization": authorization})


async def test_a_key_opens_the_door_and_its_use_is_noted(
    client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    for scheme in ("Bearer", "bearer"):
        answer = await ask(client, f"{scheme} {key}")
        assert answer.json() == {"data": {"viewer": {"email": "ann@example.com"}}}
    used = None
    while used is None:
        used = await pool.fetchval("SELECT last_used_at FROM api_keys")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE api_keys SET revoked_at = now()", "This API key was revoked. Create a new key."),
        ("UPDATE api_keys SET expires_at = now()", "This API key has expired. Create a new key."),
        (
            "UPDATE users SET status = 'suspended'",
            "The user of this API key is not active. Ask an operator to activate the user.",
        ),
        ("DELETE FROM api_keys", "This API key does not exist. Check it for missing characters."),
        (
            "UPDATE api_keys SET secret_hash = 'other'",
            "This API key does not exist. Check it for missing characters.",
        ),
    ],
)
async def test_revoked_expired_and_unknown_keys_are_refused_with_the_reason(
    client: httpx.AsyncClient, pool: Pool, key: str, change: str, message: str
) -> None:
    await pool.execute(change)
    answer = await ask(client, f"Bearer {key}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    (error,) = answer.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == (message, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "wrong",
    ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer lg_live_1_{}", "Bearer lg_live_0_" + "a" * 38],
)
async def test_what_is_no_key_is_refused_without_asking_the_database(
    client: httpx.AsyncClient, wrong: str
) -> None:
    answer = await ask(client, wrong)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"] == (
        "This is not an API key. The header must be `Authorization: Bearer lg_live_…`."
    )


async def test_one_changed_letter_is_told_by_the_checksum(client: httpx.AsyncClient, key: str) -> None:
    changed = key[:-8] + ("A" if key[-8] != "A" else "B") + key[-7:]
    assert api_key.parse(changed) is None
    assert (await ask(client, f"Bearer {changed}")).status_code == 401


async def test_a_key_takes_one_place_among_the_trusted_however_it_is_written(pool: Pool, key: str) -> None:
    """Otherwise one key could drive all others out, and each of them would cost a statement again."""
    authenticator = Authenticator(ApiKeys(pool))
    for written in (
        f"Bearer {key}",
        f"bearer {key}",
        f"BEARER   {key}",
        f"Bearer {key} ",
        f"bEARER \t{key}\t",
    ):
        request = Request({"type": "http", "headers": [(b"authorization", written.encode())]})
        viewer = await authenticator.viewer(request)
        assert viewer is not None, written
    assert list(authenticator._trusted) == [f"Bearer {key}"]
    await authenticator.close()


async def test_a_key_that_worked_is_trusted_for_a_while_and_no_longer(
    client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    assert (await ask(client, f"Bearer {key}")).status_code == 200
    await pool.execute("UPDATE api_keys SET revoked_at = now()")
    assert (await ask(client, f"Bearer {key}")).status_code == 200
    distrustful = create_app(pool, authenticator=Authenticator(ApiKeys(pool), trust_seconds=0))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=distrustful), base_url="http://test"
    ) as other:
        assert (await ask(other, f"Bearer {key}")).status_code == 401


async def test_an_expiring_key_stops_at_its_expiry_though_it_was_trusted(
    client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    await pool.execute("UPDATE api_keys SET expires_at = now() + interval '2 seconds'")
    assert (await ask(client, f"Bearer {key}")).status_code == 200
    ends = await pool.fetchval("SELECT expires_at FROM api_keys")
    await asyncio.sleep((ends - datetime.now(UTC)).total_seconds() + 0.01)
    answer = await ask(client, f"Bearer {key}")
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"] == "This API key has expired. Create a new key."


async def test_a_known_key_needs_no_statement_and_its_note_is_written_beside_the_request(
    pool: Pool, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups, look_up = list[int](), stored.holder

    async def counted(pool: Pool, key_id: int) -> stored.KeyHolder | None:
        lookups.append(key_id)
        return await look_up(pool, key_id)

    monkeypatch.setattr(stored, "holder", counted)
    authenticator = Authenticator(ApiKeys(pool))
    request = Request({"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())]})
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM api_keys FOR UPDATE")  # the note of use waits for this lock
        async with asyncio.timeout(5):
            first = await authenticator.viewer(request)
        for _ in range(100):
            assert await authenticator.viewer(request) is first
        assert await pool.fetchval("SELECT last_used_at FROM api_keys") is None
    await authenticator.close()
    assert await pool.fetchval("SELECT last_used_at FROM api_keys") is not None
    assert len(lookups) == 1


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (RuntimeError("broken"), ("ERROR", "the use of a credential was not noted")),
        (
            asyncpg.LockNotAvailableError("busy"),
            ("WARNING", "the use of a credential was not noted in time: LockNotAvailableError('busy')"),
        ),
        (
            asyncpg.InterfaceError("pool is closed"),
            ("WARNING", "the database is unavailable: InterfaceError('pool is closed')"),
        ),
    ],
    ids=["error", "lock", "closed pool"],
)
async def test_a_note_that_fails_is_logged_once_and_harms_no_request(
    pool: Pool,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    line: tuple[str, str],
) -> None:
    async def broken(*_: object) -> None:
        raise failure

    monkeypatch.setattr(stored, "touch", broken)
    authenticator = Authenticator(ApiKeys(pool))
    request = Request({"type": "http", "headers": [(b"authorization", f"Bearer {key}".encode())]})
    assert await authenticator.viewer(request)
    await authenticator.close()
    gc.collect()  # a failure that no one has taken is logged when its task is deleted
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [line]


def test_a_written_key_is_parsed_into_its_parts() -> None:
    secret = api_key.new_secret()
    made = api_key.written(42, secret)
    assert api_key.parse(made) == api_key.ParsedKey(42, secret)
    assert api_key.ParsedKey(42, secret).opens(api_key.digest(secret))
    assert not api_key.ParsedKey(42, secret).opens(api_key.digest(api_key.new_secret()))


async def test_who_uses_a_key_is_seen(client: httpx.AsyncClient, pool: Pool, key: str) -> None:
    assert await pool.fetchval("SELECT last_seen_at FROM users") is None
    assert (await ask(client, f"Bearer {key}")).status_code == 200
    async with asyncio.timeout(10):
        while (seen := await pool.fetchval("SELECT last_seen_at FROM users")) is None:
            await asyncio.sleep(0.01)
    distrustful = create_app(pool, authenticator=Authenticator(ApiKeys(pool), trust_seconds=0))
    async with distrustful.router.lifespan_context(distrustful):
        transport = httpx.ASGITransport(app=distrustful)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as other:
            assert (await ask(other, f"Bearer {key}")).status_code == 200
    assert await pool.fetchval("SELECT last_seen_at FROM users") == seen


@pytest.mark.parametrize("media_type", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize(
    "document", ["{ viewer { email } }", "mutation { deleteUser(input: {id: 1}) { replayed } }"]
)
async def test_no_credential_and_a_bad_credential_are_both_401(
    client: httpx.AsyncClient, key: str, media_type: str, document: str
) -> None:
    wrong = api_key.written(1, api_key.new_secret())
    for authorization in (None, "Bearer x", f"Bearer {wrong}", f"Bearer {key}x"):
        headers = {"accept": media_type} | ({} if authorization is None else {"authorization": authorization})
        answer = await client.post("/graphql", json={"query": document}, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert answer.headers["www-authenticate"] == "Bearer"
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert "data" not in answer.json()
    open_to_all = await client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"accept": media_type}
    )
    assert (open_to_all.status_code, open_to_all.json()) == (200, {"data": {"__typename": "Query"}})
