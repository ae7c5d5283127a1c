"""The callers that `/metrics` answers: local callers, callers with the token, and callers of an own address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app, create_metrics_app
from server.metrics.endpoint import MetricsAccess
from server.metrics.metrics import WorkerMetrics
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from server.serving import bind_metrics
from tests.support.ports import free_port

TOKEN = "a-secret-of-the-monitoring"
CLOSED = "Metrics are open to this machine only. Set LEADGRAPH_METRICS_ADDRESS or LEADGRAPH_METRICS_TOKEN."
NO_TOKEN = "Metrics require the header `Authorization: Bearer` with the token of LEADGRAPH_METRICS_TOKEN."


@asynccontextmanager
async def caller(
    pool: Pool, access: MetricsAccess | None, *, ip: str = "127.0.0.1", host: str = "localhost:8000"
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(pool, metrics_access=access)
    transport = httpx.ASGITransport(app=app, client=(ip, 5000))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.0.1", "::1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
async def test_local_callers_read_metrics_without_a_setting(pool: Pool, ip: str, host: str) -> None:
    async with caller(pool, MetricsAccess(), ip=ip, host=host) as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert "leadgraph_request_seconds_count" in answer.text


@pytest.mark.parametrize(
    ("ip", "host", "headers"),
    [
        ("10.0.0.1", "localhost", {}),
        ("::ffff:10.0.0.1", "localhost", {}),
        ("not an address", "localhost", {}),
        ("127.0.0.1", "leads.example", {}),
        ("127.0.0.1", "localhost.leads.example", {}),
        ("127.0.0.1", "localhost", {"x-forwarded-for": "127.0.0.1"}),
        ("127.0.0.1", "localhost", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", "localhost", {"via": "1.1 proxy"}),
        ("127.0.0.1", "localhost", {"x-real-ip": "127.0.0.1"}),
    ],
)
async def test_all_other_callers_are_refused_without_a_setting(
    pool: Pool, ip: str, host: str, headers: dict[str, str]
) -> None:
    async with caller(pool, MetricsAccess(), ip=ip, host=host) as client:
        answer = await client.get("/metrics", headers=headers)
        assert refusal(answer) == (403, "FORBIDDEN", CLOSED)


async def test_a_token_opens_metrics_to_its_bearers_only(pool: Pool) -> None:
    async with caller(pool, MetricsAccess(TOKEN), ip="10.0.0.1", host="leads.example") as client:
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
    async with caller(pool, MetricsAccess(TOKEN)) as client:
        for given in (
            "",
            TOKEN,
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            "Bearer ",
            "Basic x",
            "Bearer ä",
        ):
            answer = await client.get("/metrics", headers=[(b"authorization", given.encode())])
            assert refusal(answer) == (401, "UNAUTHENTICATED", NO_TOKEN)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_metrics_with_an_own_address_are_absent_from_the_public_port(pool: Pool) -> None:
    async with caller(pool, None) as client:
        assert refusal(await client.get("/metrics"))[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_an_own_address_serves_metrics_and_nothing_else(token: str | None) -> None:
    app = create_metrics_app(WorkerMetrics(), MetricsAccess(token, own_address=True))
    transport = httpx.ASGITransport(app=app, client=("10.0.0.1", 5000))
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.2:9464") as client:
        answer = await client.get("/metrics", headers=headers)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert "leadgraph_job_seconds_count" in answer.text
        assert refusal(await client.get("/graphql", headers=headers))[:2] == (404, "NOT_FOUND")
        assert refusal(await client.post("/metrics", headers=headers))[:2] == (405, "BAD_REQUEST")
        if token is not None:
            assert refusal(await client.get("/metrics")) == (401, "UNAUTHENTICATED", NO_TOKEN)


def test_a_second_process_cannot_take_the_address_of_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("LEADGRAPH_METRICS_ADDRESS", f"127.0.0.1:{port}")
    listening = bind_metrics(load_settings())
    assert listening is not None
    with listening:
        assert listening.getsockname() == ("127.0.0.1", port)
        with pytest.raises(CommandError) as refused:
            bind_metrics(load_settings())
    assert str(refused.value) == (
        f"Port {port} cannot be used (Address already in use). Stop the program that listens there, or choose another "
        "port, for example with LEADGRAPH_METRICS_ADDRESS=127.0.0.1:9465."
    )
