"""Sessions: sign-in, the cookie, rotation, list, revocation, and the pages that must not use them."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from resolvers.framework.export_columns import export_table_of
from resolvers.framework.global_id import encode
from server.app import create_app
from server.http.auth import Authenticator
from server.http.session_auth import SessionAuthenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys
from services.browsers.passwords import hash_of
from services.browsers.sessions import Sessions
from services.browsers.tokens import digest, new_token
from services.export.jobs import take_turn
from tests.support.rows import add_key, add_keyword, add_user

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
HASH = hash_of(PASSWORD)
SIGN_IN = """mutation ($input: SignInInput!) {
    signIn(input: $input) { viewer { email } userErrors { code message path } }
}"""
SIGN_OUT = "mutation ($input: SignOutInput!) { signOut(input: $input) { endedCount userErrors { code } } }"
SESSIONS = "{ sessions { sessionId address userAgent current } }"
VIEWER = "{ viewer { email } }"
WRONG = "The e-mail address or the password is wrong."
COOKIE, DEVICE = "__Host-leadgraph_session", "__Host-leadgraph_device"
APP = "https://app.example.com"


@pytest.fixture
async def ann(pool: Pool) -> int:
    return await add_person(pool, EMAIL)


async def add_person(pool: Pool, email: str, **values: object) -> int:
    user_id = await add_user(pool, email, **values)
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, HASH))
    return user_id


@asynccontextmanager
async def client_of(
    pool: Pool,
    *,
    trust_seconds: float = 5,
    address: str = "192.0.2.1",
    base_url: str = "https://api.example.com",
) -> AsyncIterator[httpx.AsyncClient]:
    sessions = SessionAuthenticator(Sessions(pool), [APP], trust_seconds=trust_seconds)
    app = create_app(pool, origins=[APP], authenticator=Authenticator(ApiKeys(pool), sessions))
    transport = httpx.ASGITransport(app=app, client=(address, 1234))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=base_url) as made,
    ):
        yield made


@pytest.fixture
async def client(pool: Pool, ann: int) -> AsyncIterator[httpx.AsyncClient]:
    assert ann
    async with client_of(pool, trust_seconds=0) as made:
        yield made


async def ask(
    client: httpx.AsyncClient, document: str, headers: dict[str, str] | None = None, **variables: Any
) -> Any:
    body = {"query": document, "variables": variables}
    return (await client.post("/graphql", json=body, headers=headers)).json()


async def sign_in(client: httpx.AsyncClient, email: str = EMAIL, password: str = PASSWORD) -> Any:
    answer = await ask(client, SIGN_IN, input={"email": email, "password": password})
    return answer["data"]["signIn"]


def refused(message: str, code: str = "WRONG_CREDENTIALS") -> Any:
    return {"viewer": None, "userErrors": [{"code": code, "message": message, "path": ["input"]}]}


async def is_signed_in(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> bool:
    answer = await ask(client, VIEWER, headers)
    return bool(answer.get("data") == {"viewer": {"email": EMAIL}})


async def test_a_sign_in_sets_a_cookie_that_only_the_browser_can_use(client: httpx.AsyncClient) -> None:
    body = {"query": SIGN_IN, "variables": {"input": {"email": "ANN@example.com", "password": PASSWORD}}}
    response = await client.post("/graphql", json=body)

    assert response.json() == {"data": {"signIn": {"viewer": {"email": EMAIL}, "userErrors": []}}}
    session, device = response.headers.get_list("set-cookie")
    token = client.cookies[COOKIE]
    assert session == f"{COOKIE}={token}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
    assert device == (
        f"{DEVICE}={client.cookies[DEVICE]}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure"
    )
    assert len(token) == 43
    assert await is_signed_in(client)


@pytest.mark.usefixtures("ann")
async def test_on_loopback_the_cookie_works_by_http(pool: Pool) -> None:
    async with client_of(pool, base_url="http://localhost:8000") as client:
        await sign_in(client)
        assert set(client.cookies) == {"leadgraph_session", "leadgraph_device"}
        assert await is_signed_in(client)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("header", ["origin", "x-forwarded-proto"])
async def test_behind_a_proxy_with_tls_the_cookie_is_secure(pool: Pool, header: str) -> None:
    values = {"origin": APP, "x-forwarded-proto": "https"}
    async with client_of(pool, base_url="http://127.0.0.1:8000") as client:
        body = {"query": SIGN_IN, "variables": {"input": {"email": EMAIL, "password": PASSWORD}}}
        response = await client.post("/graphql", json=body, headers={header: values[header]})
        assert response.headers["set-cookie"].startswith(COOKIE)
        assert "Secure" in response.headers["set-cookie"]


async def test_the_database_holds_neither_the_password_nor_the_token(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    kept = await pool.fetchval(
        "SELECT string_agg(t::text, ' ') FROM (SELECT s::text FROM sessions s UNION ALL SELECT p::text FROM passwords p "
        "UNION ALL SELECT d::text FROM known_devices d UNION ALL SELECT i::text FROM idempotency_keys i) AS t"
    )
    for secret in (PASSWORD, client.cookies[COOKIE], client.cookies[DEVICE]):
        assert secret not in kept
        assert secret.encode().hex() not in kept
    assert digest(client.cookies[COOKIE]).hex() in kept


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong horse battery"),
        ("ben@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("", ""),
        ("\0", PASSWORD),
        (EMAIL, PASSWORD + "x" * 1000),
        ("a" * 10_000, PASSWORD),
    ],
    ids=["password", "unknown", "without password", "empty", "NUL", "long password", "long address"],
)
async def test_a_wrong_address_and_a_wrong_password_look_the_same(
    client: httpx.AsyncClient, pool: Pool, email: str, password: str
) -> None:
    await add_user(pool, "bob@example.com")
    body = {"query": SIGN_IN, "variables": {"input": {"email": email, "password": password}}}
    response = await client.post("/graphql", json=body)

    assert response.json()["data"]["signIn"] == refused(WRONG)
    assert response.headers.get_list("set-cookie") == []
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_suspended_user_neither_signs_in_nor_stays_signed_in(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    await pool.execute("UPDATE users SET status = 'suspended'")
    assert not await is_signed_in(client)
    assert await sign_in(client) == refused("The user is not active. Ask an operator to activate the user.")


async def test_a_planted_token_is_never_adopted_and_the_old_session_ends(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    planted = new_token()
    client.cookies.set(COOKIE, planted, domain="api.example.com")
    await sign_in(client)
    first = client.cookies[COOKIE]
    assert first != planted
    await sign_in(client)
    assert client.cookies[COOKIE] != first
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 1
    client.cookies.clear()
    for token in (planted, first):
        assert not await is_signed_in(client, {"cookie": f"{COOKIE}={token}"})


async def test_a_cookie_without_the_prefix_counts_on_loopback_only(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    token = client.cookies[COOKIE]
    client.cookies.clear()
    assert await is_signed_in(client, {"cookie": f"{COOKIE}={token}"})
    assert not await is_signed_in(client, {"cookie": f"leadgraph_session={token}"})


async def test_a_signed_out_cookie_is_dead_also_in_other_processes(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    cookie = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    async with client_of(pool, trust_seconds=0.2) as other:
        assert await is_signed_in(other, cookie)
        response = await client.post("/graphql", json={"query": SIGN_OUT, "variables": {"input": {}}})
        assert response.json() == {"data": {"signOut": {"endedCount": 1, "userErrors": []}}}
        assert response.headers["set-cookie"] == (
            f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        )
        client.cookies.clear()
        assert not await is_signed_in(client, cookie)
        await asyncio.sleep(0.25)
        assert not await is_signed_in(other, cookie)


@pytest.mark.usefixtures("ann")
async def test_a_trusted_session_ends_at_once_in_its_own_process(pool: Pool) -> None:
    async with client_of(pool, trust_seconds=60) as client:
        await sign_in(client)
        cookie = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
        assert await is_signed_in(client)
        await ask(client, SIGN_OUT, input={})
        client.cookies.clear()
        assert not await is_signed_in(client, cookie)


async def test_the_answer_to_an_ended_session_deletes_the_cookie_so_that_one_can_sign_in(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    await pool.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    response = await client.post("/graphql", json={"query": VIEWER})
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.headers["set-cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0;")
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, new_token(), domain="api.example.com")
    assert (await sign_in(client))["viewer"] == {"email": EMAIL}


async def test_sessions_are_listed_and_revoked_by_their_user_alone(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await add_person(pool, "ben@example.com", role="operator")
    async with client_of(pool, trust_seconds=0, address="2001:db8::1") as phone, client_of(pool) as ben:
        await sign_in(client)
        await sign_in(phone)
        await sign_in(ben, "ben@example.com")
        listed = (await ask(client, SESSIONS))["data"]["sessions"]
        agent = client.headers["user-agent"]
        assert [{**each, "sessionId": ""} for each in listed] == [
            {"sessionId": "", "address": "2001:db8::1", "userAgent": agent, "current": False},
            {"sessionId": "", "address": "192.0.2.1", "userAgent": agent, "current": True},
        ]
        revoke = "mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { endedCount userErrors { code } } }"
        foreign = await ask(ben, revoke, input={"sessionId": listed[0]["sessionId"]})
        assert foreign["data"]["revokeSession"] == {"endedCount": 0, "userErrors": [{"code": "NOT_FOUND"}]}
        assert await is_signed_in(phone)

        done = await ask(client, revoke, input={"sessionId": listed[0]["sessionId"]})
        assert done["data"]["revokeSession"] == {"endedCount": 1, "userErrors": []}
        assert (await is_signed_in(client), await is_signed_in(phone)) == (True, False)
        wrong = await ask(client, revoke, input={"sessionId": "VXNlcjox"})
        assert wrong["errors"][0]["message"] == "'VXNlcjox' is not the ID of a session."


async def test_signing_out_everywhere_ends_all_sessions_of_the_user(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    async with client_of(pool, trust_seconds=0) as phone:
        await sign_in(client)
        await sign_in(phone)
        answer = await ask(client, SIGN_OUT, input={"everywhere": True})
        assert answer["data"]["signOut"]["endedCount"] == 2
        assert not await is_signed_in(phone)


async def test_an_api_key_has_no_sessions(client: httpx.AsyncClient, pool: Pool, ann: int) -> None:
    headers = {"authorization": f"Bearer {await add_key(pool, ann)}"}
    message = "This requires a session. Sign in with `signIn`, and send its cookie."
    assert await ask(client, SESSIONS, headers) == {"data": {"sessions": []}}
    for document, field in ((SIGN_OUT, "signOut"),):
        answer = await ask(client, document, headers, input={})
        assert answer["data"] == {field: None}
        assert (answer["errors"][0]["message"], answer["errors"][0]["extensions"]["code"]) == (
            message,
            "FORBIDDEN",
        )


CHANGE = """mutation ($input: ChangePasswordInput!) {
    changePassword(input: $input) { viewer { email } userErrors { code message path } }
}"""


async def test_a_changed_password_ends_all_other_sessions_and_replaces_the_token(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    async with client_of(pool, trust_seconds=0) as phone:
        await sign_in(client)
        await sign_in(phone)
        before = client.cookies[COOKIE]
        new = "a wholly new password"
        answer = await ask(client, CHANGE, input={"currentPassword": PASSWORD, "newPassword": new})
        assert answer["data"]["changePassword"] == {"viewer": {"email": EMAIL}, "userErrors": []}
        assert client.cookies[COOKIE] != before
        assert (await is_signed_in(client), await is_signed_in(phone)) == (True, False)
        assert not await is_signed_in(phone, {"cookie": f"{COOKIE}={before}"})
        assert await sign_in(phone) == refused(WRONG)
        assert (await sign_in(phone, password=new))["viewer"] == {"email": EMAIL}


@pytest.mark.parametrize(
    ("current", "new", "error"),
    [
        ("wrong", "long enough password", ("WRONG_CREDENTIALS", "The password is wrong.", "currentPassword")),
        (PASSWORD, "short", ("INVALID", "Must have at least 12 characters, but has 5.", "newPassword")),
        (PASSWORD, "x" * 201, ("TOO_LONG", "Must have at most 200 characters, but has 201.", "newPassword")),
    ],
)
async def test_a_wrong_or_invalid_password_changes_nothing(
    client: httpx.AsyncClient, current: str, new: str, error: tuple[str, str, str]
) -> None:
    await sign_in(client)
    answer = await ask(client, CHANGE, input={"currentPassword": current, "newPassword": new})
    (found,) = answer["data"]["changePassword"]["userErrors"]
    assert (found["code"], found["message"], found["path"]) == (error[0], error[1], ["input", error[2]])
    assert (await sign_in(client))["viewer"] == {"email": EMAIL}


async def test_the_token_rotates_and_the_earlier_one_works_until_the_new_one_is_used(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    first = client.cookies[COOKIE]
    later = "UPDATE sessions SET rotated_at = rotated_at - interval '61 minutes'"
    await pool.execute(later)
    old = {"cookie": f"{COOKIE}={first}"}
    answers = await asyncio.gather(*(client.post("/graphql", json={"query": VIEWER}) for _ in range(5)))
    assert [answer.json() for answer in answers] == [{"data": {"viewer": {"email": EMAIL}}}] * 5
    assert sum("set-cookie" in answer.headers for answer in answers) == 1
    second = client.cookies[COOKIE]
    assert second != first
    client.cookies.clear()

    # A browser that missed the new token gets another one.
    await pool.execute("UPDATE sessions SET rotated_at = rotated_at - interval '2 minutes'")
    answer = await client.post("/graphql", json={"query": VIEWER}, headers=old)
    third = client.cookies[COOKIE]
    assert (answer.status_code, third not in {first, second}) == (200, True)
    client.cookies.clear()
    assert not await is_signed_in(client, {"cookie": f"{COOKIE}={second}"})

    # The use of the new token ends the earlier one.
    await pool.execute("UPDATE sessions SET rotated_at = rotated_at - interval '2 minutes'")
    assert await is_signed_in(client, {"cookie": f"{COOKIE}={third}"})
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT previous_hash FROM sessions") is not None:
            await asyncio.sleep(0.01)
    assert not await is_signed_in(client, old)


async def test_use_defers_the_end_of_a_session_up_to_a_month(client: httpx.AsyncClient, pool: Pool) -> None:
    await sign_in(client)
    await pool.execute(
        "UPDATE sessions SET last_used_at = last_used_at - interval '2 minutes', "
        "expires_at = expires_at - interval '1 day'"
    )
    days = "SELECT round(extract(epoch FROM expires_at - clock_timestamp()) / 86400) FROM sessions"
    assert await pool.fetchval(days) == 6
    assert await is_signed_in(client)
    async with asyncio.timeout(10):
        while await pool.fetchval(days) != 7:
            await asyncio.sleep(0.01)
    await pool.execute(
        "UPDATE sessions SET last_used_at = last_used_at - interval '2 minutes', ends_at = clock_timestamp() + interval '2 days'"
    )
    assert await is_signed_in(client)
    async with asyncio.timeout(10):
        while await pool.fetchval(days) != 2:
            await asyncio.sleep(0.01)


FENCED = [
    ({"content-type": "text/plain"}, "A request with a session must have the Content-Type application/json."),
    (
        {"content-type": "application/x-www-form-urlencoded"},
        "A request with a session must have the Content-Type application/json.",
    ),
    (
        {"content-type": "multipart/form-data; boundary=x"},
        "A request with a session must have the Content-Type application/json.",
    ),
    ({"content-type": ""}, "A request with a session must have the Content-Type application/json."),
    ({"origin": "https://evil.example.com"}, "A page of the origin 'https://evil.example.com' must not"),
    ({"origin": "null"}, "A page of the origin 'null' must not"),
    (
        {"origin": "https://api.example.com.evil.com"},
        "A page of the origin 'https://api.example.com.evil.com' must not",
    ),
    ({"sec-fetch-site": "cross-site"}, "A page of another site must not"),
    ({"sec-fetch-site": "same-site"}, "A page of another site must not"),
    (
        {"origin": "https://api.example.com", "sec-fetch-site": "cross-site"},
        "A page of the origin 'https://api.example.com' must not",
    ),
]


@pytest.mark.parametrize(("headers", "message"), FENCED, ids=[str(headers) for headers, _ in FENCED])
async def test_other_pages_cannot_act_by_the_session(
    client: httpx.AsyncClient, pool: Pool, headers: dict[str, str], message: str
) -> None:
    await sign_in(client)
    content = '{"query": "mutation { updateViewer(input: {name: \\"evil\\"}) { viewer { name } } }"}'
    sent = {"content-type": "application/json", **headers}
    response = await client.post("/graphql", content=content, headers=sent)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (403, "FORBIDDEN")
    assert error["message"].startswith(message)
    assert await pool.fetchval("SELECT name FROM users") == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": APP, "sec-fetch-site": "cross-site"},
        {"origin": APP},
        {"origin": "https://api.example.com", "sec-fetch-site": "same-origin"},
        {"origin": "https://api.example.com"},
        {"content-type": "application/json; charset=utf-8"},
    ],
)
async def test_own_and_listed_pages_can_act_by_the_session(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await sign_in(client)
    assert await is_signed_in(client, headers)


async def test_pages_that_are_not_listed_cannot_sign_anyone_in(client: httpx.AsyncClient, pool: Pool) -> None:
    body = {"query": SIGN_IN, "variables": {"input": {"email": EMAIL, "password": PASSWORD}}}
    response = await client.post("/graphql", json=body, headers={"origin": "https://evil.example.com"})
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "set-cookie" not in response.headers
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_get_from_another_site_has_no_session_and_a_get_never_writes(
    client: httpx.AsyncClient, pool: Pool, method: str
) -> None:
    await sign_in(client)
    query = {"query": VIEWER}
    foreign = await client.request(method, "/graphql", params=query, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    own = await client.request(method, "/graphql", params=query, headers={"sec-fetch-site": "same-origin"})
    assert own.status_code == 200
    writing = {"query": 'mutation { updateViewer(input: {name: "evil"}) { viewer { name } } }'}
    refused = await client.request(
        method, "/graphql", params=writing, headers={"sec-fetch-site": "same-origin"}
    )
    assert refused.status_code == 405
    assert await pool.fetchval("SELECT name FROM users") == ""


async def test_a_session_streams_mentions_and_finds_exports(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    lines = {"content-type": "application/x-ndjson"}
    response = await client.post("/ingest/mentions", content="", headers=lines)
    assert response.status_code == 200
    foreign = await client.post(
        "/ingest/mentions", content="", headers={**lines, "sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    plain = await client.post("/ingest/mentions", content="", headers={"content-type": "text/plain"})
    message = "A request with a session must have the Content-Type application/x-ndjson."
    assert (plain.status_code, plain.json()["errors"][0]["message"]) == (403, message)
    for headers, status in (
        ({}, 404),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}, 404),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ):
        found = await client.get("/exports/RXhwb3J0OjE=/download", headers=headers)
        assert found.status_code == status, headers


async def test_without_a_credential_a_sign_in_stands_alone_and_its_payload_has_the_new_viewer(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    signing_in = f'signIn(input: {{email: "{EMAIL}", password: "{PASSWORD}"}}) {{ viewer {{ name keywords {{ totalCount }} }} }}'
    renaming = 'updateViewer(input: {name: "new"}) { viewer { name } }'
    response = await client.post("/graphql", json={"query": f"mutation {{ {signing_in} {renaming} }}"})
    assert (response.status_code, "set-cookie" in response.headers) == (401, False)
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0
    alone = await ask(client, f"mutation {{ {signing_in} }}")
    assert alone == {"data": {"signIn": {"viewer": {"name": "", "keywords": {"totalCount": 0}}}}}
    both = await ask(client, f"mutation {{ {signing_in} {renaming} }}")
    assert both["data"]["updateViewer"] == {"viewer": {"name": "new"}}


async def test_a_key_in_the_header_counts_before_the_cookie(client: httpx.AsyncClient, pool: Pool) -> None:
    await sign_in(client)
    key = await add_key(pool, await add_user(pool, "ben@example.com"), [api_key.READ_LEADS])
    answer = await ask(
        client, VIEWER, {"authorization": f"Bearer {key}", "origin": "https://evil.example.com"}
    )
    assert answer == {"data": {"viewer": {"email": "ben@example.com"}}}
    wrong = await client.post("/graphql", json={"query": VIEWER}, headers={"authorization": "Bearer x"})
    assert wrong.status_code == 401


async def test_the_documents_of_the_guide_sign_in_and_create_a_token(
    client: httpx.AsyncClient, pool: Pool, ann: int
) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "sign-in.md").read_text()
    signing_in, creating = re.findall(r"```graphql\n(.*?)```", guide, re.DOTALL)
    (variables,) = map(json.loads, re.findall(r"```json\n(.*?)```", guide, re.DOTALL))
    answer = await ask(client, signing_in, input={"email": EMAIL, "password": PASSWORD})
    assert answer["data"]["signIn"]["userErrors"] == []
    key = {"authorization": f"Bearer {await add_key(pool, ann)}"}
    created = (await ask(client, creating, key, **variables))["data"]["createBrowserToken"]
    assert (created["token"][:11], created["userErrors"]) == ("lg_browser_", [])


async def test_a_sign_in_takes_a_fixed_number_of_statements(pool: Pool, ann: int) -> None:
    assert ann
    app = create_app(pool, explain=True)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        variables = {"input": {"email": EMAIL, "password": PASSWORD}}
        statements = []
        for _ in range(2):
            response = await client.post("/graphql", json={"query": SIGN_IN, "variables": variables})
            statements.append(response.json()["extensions"]["statements"])
        assert statements[0] == ["account_to_sign_in", "open_session", "note_devices", "users by id"]
        assert statements[1] == [
            *("account_to_sign_in", "end_session_by_token", "open_session", "note_devices"),
            "users by id",
        ]
        for document, expected in ((SESSIONS, ["sessions_of_user"]), (SIGN_OUT, ["end_session"])):
            response = await client.post("/graphql", json={"query": document, "variables": {"input": {}}})
            assert response.json()["extensions"]["statements"] == expected


CREATE_EXPORT = """mutation ($input: CreateExportInput!) {
    createExport(input: $input) { export { id } userErrors { code } }
}"""
EXPORTS = "{ exports { nodes { url downloadUrl } } }"


async def test_a_session_downloads_the_file_of_an_export_by_its_url(
    client: httpx.AsyncClient, pool: Pool, ann: int
) -> None:
    await add_keyword(pool, ann, "crm")
    await add_person(pool, "ben@example.com", role="operator")
    await sign_in(client)
    given = {"list": {"keywords": {"fields": ["KEYWORD"]}}}
    created = await ask(client, CREATE_EXPORT, input=given)
    assert created["data"]["createExport"]["userErrors"] == []
    while await take_turn(pool, export_table_of):
        pass
    (export,) = (await ask(client, EXPORTS))["data"]["exports"]["nodes"]
    url = export["url"]
    assert (url, export["downloadUrl"]) == (
        f"/exports/{created['data']['createExport']['export']['id']}/download",
        None,
    )
    for site, mode in (("same-origin", "cors"), ("same-site", "navigate"), ("none", "navigate")):
        got = await client.get(url, headers={"sec-fetch-site": site, "sec-fetch-mode": mode})
        assert (got.status_code, gzip.decompress(got.content)) == (200, b'{"keyword":"crm"}\n'), site
    plain = await client.get(url, params={"gzip": "false"})
    assert plain.text == '{"keyword":"crm"}\n'
    foreign = await client.get(url, headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    assert foreign.status_code == 403

    async with client_of(pool) as ben:
        await sign_in(ben, "ben@example.com")
        assert (await ben.get(url)).status_code == 404
    await pool.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    assert (await client.get(url)).status_code == 401


KEYS = "{ apiKeys { nodes { name state } } }"
CREATE_KEY = """mutation ($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { secret apiKey { id expiresAt } userErrors { code message path } }
}"""
ROTATE_KEY = """mutation ($input: RotateApiKeyInput!) {
    rotateApiKey(input: $input) { secret apiKey { id scopes } userErrors { code message path } }
}"""
REVOKE_KEY = """mutation ($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) { apiKey { state } userErrors { code } }
}"""
STORED_KEYS = "SELECT id, user_id, scopes, expires_at, revoked_at FROM api_keys ORDER BY id"
SIGN_IN_AGAIN = (
    "The sign-in of this session was more than an hour ago. Sign in again to create or rotate API keys."
)


async def keys_of(client: httpx.AsyncClient) -> Any:
    return (await ask(client, KEYS))["data"]["apiKeys"]["nodes"]


async def create_key(client: httpx.AsyncClient, *scopes: str, **more: Any) -> Any:
    given = {"name": "page", "scopes": scopes or ("read:leads",), **more}
    return (await ask(client, CREATE_KEY, input=given))["data"]["createApiKey"]


async def test_a_session_creates_lists_rotates_and_revokes_lasting_keys(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    await sign_in(client)
    made = await create_key(client, "read:leads", "write:leads")
    assert (made["userErrors"], made["apiKey"]["expiresAt"]) == ([], None)
    assert await keys_of(client) == [{"name": "page", "state": "ACTIVE"}]

    rotated = await ask(client, ROTATE_KEY, input={"id": made["apiKey"]["id"], "overlapSeconds": 0})
    assert rotated["data"]["rotateApiKey"]["apiKey"]["scopes"] == ["read:leads", "write:leads"]
    assert [each["state"] for each in await keys_of(client)] == ["ACTIVE", "EXPIRED"]
    header = {"authorization": f"Bearer {rotated['data']['rotateApiKey']['secret']}"}
    await ask(client, SIGN_OUT, input={})
    assert await is_signed_in(client, header)

    await sign_in(client)
    key_id = rotated["data"]["rotateApiKey"]["apiKey"]["id"]
    await pool.execute("UPDATE sessions SET created_at = created_at - interval '2 hours'")
    revoked = await ask(client, REVOKE_KEY, input={"id": key_id})
    assert revoked["data"]["revokeApiKey"] == {"apiKey": {"state": "REVOKED"}, "userErrors": []}
    assert [each["state"] for each in await keys_of(client)] == ["REVOKED", "EXPIRED"]


async def test_a_session_grants_no_scope_that_it_lacks(
    client: httpx.AsyncClient, pool: Pool, ann: int
) -> None:
    await add_key(pool, ann, ["read:leads", "bulk:read"])
    await sign_in(client)
    before = await pool.fetch(STORED_KEYS)
    message = "This session lacks the scope `bulk:read`, so it cannot grant the scope to another key."
    made = await create_key(client, "read:leads", "bulk:read")
    assert made["userErrors"] == [{"code": "INVALID", "message": message, "path": ["input", "scopes", "1"]}]
    key_id = encode("ApiKey", before[0]["id"])
    rotated = (await ask(client, ROTATE_KEY, input={"id": key_id}))["data"]["rotateApiKey"]
    assert rotated["userErrors"] == [{"code": "INVALID", "message": message, "path": ["input", "id"]}]
    assert await pool.fetch(STORED_KEYS) == before


async def test_a_session_requires_a_recent_sign_in_to_create_and_rotate_keys(
    client: httpx.AsyncClient, pool: Pool, ann: int
) -> None:
    await add_key(pool, ann)
    await sign_in(client)
    before = await pool.fetch(STORED_KEYS)
    await pool.execute("UPDATE sessions SET created_at = created_at - interval '61 minutes'")
    refusal = [{"code": "SIGN_IN_REQUIRED", "message": SIGN_IN_AGAIN, "path": ["input"]}]
    assert (await create_key(client))["userErrors"] == refusal
    key_id = encode("ApiKey", before[0]["id"])
    rotated = (await ask(client, ROTATE_KEY, input={"id": key_id}))["data"]["rotateApiKey"]
    assert (rotated["secret"], rotated["userErrors"]) == (None, refusal)
    assert await pool.fetch(STORED_KEYS) == before

    await sign_in(client)
    await pool.execute("UPDATE sessions SET created_at = created_at - interval '59 minutes'")
    assert (await create_key(client))["userErrors"] == []


async def test_sessions_of_others_and_of_operators_do_not_see_or_change_the_keys_of_a_user(
    pool: Pool, ann: int
) -> None:
    await add_key(pool, ann)
    await add_person(pool, "ben@example.com", role="operator")
    before = await pool.fetch(STORED_KEYS)
    key_id = encode("ApiKey", before[0]["id"])
    missing = [{"code": "NOT_FOUND", "message": "The API key does not exist.", "path": ["input", "id"]}]
    async with client_of(pool) as ben:
        await sign_in(ben, "ben@example.com")
        assert await keys_of(ben) == []
        rotated = await ask(ben, ROTATE_KEY, input={"id": key_id})
        assert rotated["data"]["rotateApiKey"]["userErrors"] == missing
        revoked = await ask(ben, REVOKE_KEY, input={"id": key_id})
        assert revoked["data"]["revokeApiKey"]["userErrors"] == [{"code": "NOT_FOUND"}]
    assert await pool.fetch(STORED_KEYS) == before


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    "end",
    ["DELETE FROM sessions", "UPDATE sessions SET expires_at = clock_timestamp()"],
    ids=["ended", "expired"],
)
async def test_a_session_that_has_ended_creates_no_key_even_while_a_server_trusts_it(
    pool: Pool, end: str
) -> None:
    async with client_of(pool, trust_seconds=60) as client:
        await sign_in(client)
        assert await is_signed_in(client)
        await pool.execute(end)
        answer = await ask(client, CREATE_KEY, input={"name": "x", "scopes": ["read:leads"]})
        (error,) = answer["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            "This session has ended. Sign in again.",
            "FORBIDDEN",
        )
    assert await pool.fetch(STORED_KEYS) == []


@pytest.mark.usefixtures("ann")
async def test_a_session_creates_a_key_by_a_fixed_number_of_statements(pool: Pool) -> None:
    app = create_app(pool, explain=True)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        await sign_in(client)
        answer = await ask(client, CREATE_KEY, input={"name": "x", "scopes": ["read:leads"]})
    assert answer["extensions"]["statements"] == [
        *("hold_user", "is_session_recent", "count_working_keys", "create")
    ]
