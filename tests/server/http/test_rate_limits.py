"""Rate limits over HTTP: headers, the field, refunds and refusals, for GraphQL, streams and downloads."""

from collections.abc import AsyncIterator

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app
from server.http.admission import Admission, AdmissionLimits
from services.accounts.rate_limit import RateLimits
from tests.support.rows import add_key, add_user

FIELD = "{ rateLimit { limit remaining cost resetAt } }"
LARGE = "{ keywords(first: 100) { nodes { mentions(first: 90) { nodes { id } } } } }"
ROW = '{"platform": "X", "externalId": "1", "url": "https://x.example", "content": "text"}\n'


@pytest.fixture
async def key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool))


@pytest.fixture
async def client(pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool, rate_limits=RateLimits(120)))
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as made:
        yield made


async def test_answers_state_the_policy_and_what_is_left(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": FIELD})
    assert answer.headers["ratelimit-policy"] == '"default";q=120;w=60, "user";q=240;w=60'
    assert answer.headers["ratelimit"] == '"default";r=119;t=1'
    state = answer.json()["data"]["rateLimit"]
    assert (state["limit"], state["remaining"], state["cost"]) == (120, 119, 1)
    assert state["resetAt"].endswith("+00:00")


async def test_unused_points_come_back(client: httpx.AsyncClient) -> None:
    document = LARGE.replace("{ keywords", "{ rateLimit { cost } keywords", 1)
    for _ in range(5):  # without refunds, the second would be refused
        answer = await client.post("/graphql", json={"query": document})
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["rateLimit"]["cost"] > 60


@pytest.mark.parametrize(("holder", "refusal"), [("own", "too many operations"), ("other", "is busy")])
async def test_an_operation_that_is_not_admitted_keeps_its_points(
    pool: Pool, key: str, holder: str, refusal: str
) -> None:
    admission = Admission(AdmissionLimits(slots=1, user_slots=1, wait_seconds=0.01))
    app = create_app(pool, rate_limits=RateLimits(120), admission=admission)
    headers = {"authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        async with admission.slot(await pool.fetchval("SELECT id FROM users") if holder == "own" else 0):
            for _ in range(3):  # without refunds, the second would lack points
                answer = await client.post("/graphql", json={"query": LARGE})
                assert refusal in answer.json()["errors"][0]["message"]
        answer = await client.post("/graphql", json={"query": "{ viewer { email } }"})
        assert int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) >= 120 - 4


async def test_a_key_without_points_gets_429_everywhere(client: httpx.AsyncClient, pool: Pool) -> None:
    for _ in range(120):
        answer = await client.post("/graphql", json={"query": "{ viewer { email } }"})
    answers = [
        await client.post("/graphql", json={"query": LARGE}),
        await client.get("/graphql", params={"query": LARGE}),
    ]
    for answer in answers:
        assert answer.status_code == 429
        assert answer.headers["ratelimit"].startswith('"default";r=')
        assert 0 < int(answer.headers["retry-after"]) <= 60
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert "points and" in error["message"]
    limits = RateLimits(1)
    app = create_app(pool, rate_limits=limits)
    key = await add_key(pool, await add_user(pool, "bob@example.com"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://test",
        headers={"authorization": f"Bearer {key}"},
    ) as bob:
        stream = {"content-type": "application/x-ndjson"}
        first = await bob.post("/graphql", json={"query": "{ viewer { email } }"})
        ingest = await bob.post("/ingest/mentions", content=ROW, headers=stream)
    assert first.status_code == 200
    assert (ingest.status_code, ingest.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert ingest.headers["retry-after"] == "60"


async def test_without_a_limit_the_field_is_null(pool: Pool, key: str) -> None:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post(
            "/graphql", json={"query": FIELD}, headers={"authorization": f"Bearer {key}"}
        )
    assert answer.json() == {"data": {"rateLimit": None}}
    assert "ratelimit" not in answer.headers
