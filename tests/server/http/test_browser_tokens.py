"""Browser tokens: short-lived, with a part of the scopes of an API key, and dead with the key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys
from services.browsers.browser_tokens import BrowserTokens
from services.browsers.tokens import digest, new_browser_token
from tests.support.rows import add_key, add_user

CREATE = """mutation ($input: CreateBrowserTokenInput!) {
    createBrowserToken(input: $input) { token expiresAt replayed userErrors { code message path } }
}"""
EMAIL = "ann@example.com"


@pytest.fixture
async def key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool, EMAIL), [api_key.READ_LEADS, api_key.WRITE_LEADS])


@asynccontextmanager
async def client_of(pool: Pool, *, trust_seconds: float = 0) -> AsyncIterator[httpx.AsyncClient]:
    authenticator = Authenticator(ApiKeys(pool), tokens=BrowserTokens(pool), trust_seconds=trust_seconds)
    app = create_app(pool, authenticator=authenticator, explain=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as made,
    ):
        yield made


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(pool) as made:
        yield made


async def ask(client: httpx.AsyncClient, credential: str, document: str, **variables: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {credential}"}
    return await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)


async def create(client: httpx.AsyncClient, credential: str, *scopes: str, **more: Any) -> Any:
    answer = (await ask(client, credential, CREATE, input={"scopes": scopes, **more})).json()
    return answer["data"]["createBrowserToken"] or answer["errors"][0]


async def new(client: httpx.AsyncClient, key: str, *scopes: str, **more: Any) -> str:
    made = await create(client, key, *(scopes or ("read:leads",)), **more)
    assert made["userErrors"] == []
    return str(made["token"])


async def refusal(client: httpx.AsyncClient, token: str) -> str:
    response = await ask(client, token, "{ viewer { email } }")
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    return str(error["message"])


async def test_a_token_acts_for_its_user_within_its_scopes(client: httpx.AsyncClient, key: str) -> None:
    token = await new(client, key)
    answer = await ask(client, token, "{ viewer { email } leads { totalCount } }")
    assert answer.json()["data"] == {"viewer": {"email": EMAIL}, "leads": {"totalCount": 0}}
    for document, scope in (
        ("{ keywords { totalCount } }", "read:keywords"),
        ('mutation { deleteLead(input: {id: "x"}) { userErrors { code } } }', "write:leads"),
    ):
        (error,) = (await ask(client, token, document)).json()["errors"]
        assert (error["extensions"]["code"], scope in error["message"]) == ("FORBIDDEN", True)


async def test_creating_takes_one_statement_and_stores_no_token(
    client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    response = await ask(client, key, CREATE, input={"scopes": ["read:leads", "read:leads"]})
    token = response.json()["data"]["createBrowserToken"]["token"]
    assert response.json()["extensions"] == {"statements": ["create_browser_token"]}
    (row,) = await pool.fetch("SELECT * FROM browser_tokens")
    assert (row["token_hash"], row["scopes"]) == (digest(token), ["read:leads"])
    assert (row["expires_at"] - row["created_at"]).total_seconds() == pytest.approx(900, abs=1)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            {"scopes": ["read:leads", "read:keywords"]},
            ("INVALID", "Must be a scope of this API key, which lacks `read:keywords`.", ["scopes", "1"]),
        ),
        ({"scopes": []}, ("REQUIRED", "Must name at least one scope.", ["scopes"])),
        (
            {"scopes": ["read:leads"], "expiresIn": 59},
            ("INVALID", "Must be between 60 and 3,600 seconds.", ["expiresIn"]),
        ),
        (
            {"scopes": ["read:leads"], "expiresIn": 3601},
            ("INVALID", "Must be between 60 and 3,600 seconds.", ["expiresIn"]),
        ),
    ],
)
async def test_a_token_never_has_more_than_its_key_nor_lives_longer_than_an_hour(
    client: httpx.AsyncClient, pool: Pool, key: str, given: Any, error: tuple[str, str, list[str]]
) -> None:
    made = await create(client, key, *given.pop("scopes"), **given)
    assert made["token"] is None
    (found,) = made["userErrors"]
    assert (found["code"], found["message"], found["path"]) == (error[0], error[1], ["input", *error[2]])
    assert await pool.fetchval("SELECT count(*) FROM browser_tokens") == 0


async def test_a_token_cannot_create_tokens(client: httpx.AsyncClient, key: str) -> None:
    error = await create(client, await new(client, key), "read:leads")
    assert error["message"] == (
        "A browser token requires an API key. A session or a browser token cannot create one."
    )


async def test_a_token_creates_and_rotates_no_keys(client: httpx.AsyncClient, pool: Pool) -> None:
    user_id = await add_user(pool, "ben@example.com")
    token = await new(client, await add_key(pool, user_id), "write:keys", "read:keys", "read:leads")
    key_id = encode("ApiKey", await pool.fetchval("SELECT id FROM api_keys"))
    before = await pool.fetch("SELECT id, expires_at, revoked_at FROM api_keys")
    for document in (
        'mutation { createApiKey(input: {name: "x", scopes: ["read:leads"]}) { secret } }',
        f'mutation {{ rotateApiKey(input: {{id: "{key_id}"}}) {{ secret }} }}',
    ):
        (error,) = (await ask(client, token, document)).json()["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            "A browser token cannot create or rotate API keys. Use an API key or a session.",
            "FORBIDDEN",
        )
    assert await pool.fetch("SELECT id, expires_at, revoked_at FROM api_keys") == before


async def test_a_repeated_call_shows_no_token_again(client: httpx.AsyncClient, pool: Pool, key: str) -> None:
    token = await new(client, key, idempotencyKey="k")
    again = await create(client, key, "read:leads", idempotencyKey="k")
    assert again == {"token": None, "expiresAt": None, "replayed": True, "userErrors": []}
    assert await pool.fetchval("SELECT count(*) FROM browser_tokens") == 1
    assert token not in str(await pool.fetchval("SELECT response::text FROM idempotency_keys"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "UPDATE api_keys SET revoked_at = now()",
            "The API key of this browser token was revoked or has expired.",
        ),
        (
            "UPDATE api_keys SET expires_at = now()",
            "The API key of this browser token was revoked or has expired.",
        ),
        ("UPDATE users SET status = 'suspended'", "The user of this browser token is not active."),
        ("DELETE FROM api_keys", "This browser token does not exist or has expired. Create a new token."),
        (
            "UPDATE browser_tokens SET expires_at = now()",
            "This browser token does not exist or has expired. Create a new token.",
        ),
    ],
)
async def test_a_token_stops_with_its_key_its_user_and_its_time(
    client: httpx.AsyncClient, pool: Pool, key: str, change: str, message: str
) -> None:
    token = await new(client, key)
    async with client_of(pool, trust_seconds=60) as trusting:
        assert (await ask(trusting, token, "{ viewer { email } }")).status_code == 200
    await pool.execute(change)
    assert await refusal(client, token) == message


async def test_no_token_is_trusted_beyond_its_end(pool: Pool, key: str) -> None:
    async with client_of(pool, trust_seconds=60) as trusting:
        token = await new(trusting, key)
        await pool.execute("UPDATE browser_tokens SET expires_at = clock_timestamp() + interval '1 second'")
        assert (await ask(trusting, token, "{ viewer { email } }")).status_code == 200
        await asyncio.sleep(1.1)
        assert (await refusal(trusting, token)).startswith(
            "This browser token does not exist or has expired."
        )


@pytest.mark.parametrize("number", range(4))
async def test_a_forged_token_is_refused(client: httpx.AsyncClient, key: str, number: int) -> None:
    token = await new(client, key)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    forged = [changed, new_browser_token(), token.upper(), token[:-1]][number]
    expected = (
        "This browser token does not exist or has expired. Create a new token."
        if number < 2
        else "This is not an API key. The header must be `Authorization: Bearer lg_live_…`."
    )
    assert await refusal(client, forged) == expected


async def test_a_token_makes_no_download_links_because_these_act_for_the_key(
    client: httpx.AsyncClient, pool: Pool, key: str
) -> None:
    token = await new(client, key)
    made = "mutation { createExport(input: {list: {leads: {}}}) { export { id } userErrors { code } } }"
    assert (await ask(client, token, made)).json()["data"]["createExport"]["userErrors"] == []
    await pool.execute(
        "UPDATE exports SET status = 'succeeded', started_at = clock_timestamp(), finished_at = clock_timestamp(), "
        "expires_at = clock_timestamp() + interval '1 day'"
    )
    answer = await ask(client, token, "{ exports { nodes { url downloadUrl } } }")
    (export,) = answer.json()["data"]["exports"]["nodes"]
    assert (export["url"] is None, export["downloadUrl"]) == (False, None)
