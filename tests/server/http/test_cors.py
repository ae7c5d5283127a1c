"""CORS: pages of the listed origins may call the API and read its responses, and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app

APP, OTHER = "https://app.example.com", "https://other.example.com"
EXPOSED = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, ETag, Content-Disposition, Content-Range, Accept-Ranges"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,authorization",
}
QUERY = {"query": "{ __typename }"}


@asynccontextmanager
async def client_of(pool: Pool, *origins: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(pool, origins=origins)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as made:
        yield made


def permissions(response: httpx.Response) -> dict[str, str]:
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control-") or name == "vary"
    }


@pytest.mark.parametrize("path", ["/graphql", "/ingest/mentions", "/exports/x/download"])
async def test_a_preflight_of_a_listed_origin_is_allowed_and_remembered(pool: Pool, path: str) -> None:
    async with client_of(pool, OTHER, APP) as client:
        response = await client.options(path, headers={"origin": APP, **PREFLIGHT})
        assert response.status_code == 200
        assert permissions(response) == {
            "access-control-allow-origin": APP,
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, HEAD, POST, QUERY",
            "access-control-allow-headers": "content-type,authorization",
            "access-control-max-age": "7200",
            "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, "
            "Access-Control-Request-Private-Network",
        }


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", f"{APP}:8443", f"{APP}.evil.com", "http://app.example.com", "HTTPS://APP.EXAMPLE.COM"],
)
async def test_a_preflight_of_another_origin_is_refused_with_the_setting(pool: Pool, origin: str) -> None:
    async with client_of(pool, APP) as client:
        response = await client.options("/graphql", headers={"origin": origin, **PREFLIGHT})
        assert (response.status_code, permissions(response)) == (403, {"vary": "Origin"})
        (error,) = response.json()["errors"]
        assert error["message"] == (
            f"The origin {origin!r} must be in LEADGRAPH_CORS_ORIGINS to call this API from a browser."
        )


async def test_responses_name_a_listed_origin_and_the_headers_that_its_page_may_read(pool: Pool) -> None:
    async with client_of(pool, APP) as client:
        response = await client.post("/graphql", json=QUERY, headers={"origin": APP})
        assert response.json() == {"data": {"__typename": "Query"}}
        assert permissions(response) == {
            "access-control-allow-origin": APP,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": EXPOSED,
            "vary": "Origin",
        }


@pytest.mark.parametrize("headers", [{}, {"origin": OTHER}])
async def test_responses_to_others_differ_by_origin_and_permit_nothing(
    pool: Pool, headers: dict[str, str]
) -> None:
    async with client_of(pool, APP) as client:
        response = await client.post("/graphql", json=QUERY, headers=headers)
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["vary"] == "Origin"


async def test_refusals_and_failures_can_be_read_by_the_page(pool: Pool) -> None:
    async with client_of(pool, APP) as client:
        for request in (
            client.post("/graphql", content="{", headers={"origin": APP, "authorization": "Bearer x"}),
            client.put("/graphql", headers={"origin": APP}),
            client.get("/exports/x/download", headers={"origin": APP}),
            client.post("/ingest/mentions", headers={"origin": APP}),
        ):
            response = await request
            assert response.status_code in {401, 405}
            assert response.headers["access-control-allow-origin"] == APP
            assert response.headers["vary"] == "Origin"


async def test_other_paths_have_no_permissions(pool: Pool) -> None:
    async with client_of(pool, APP) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            response = await client.get(path, headers={"origin": APP})
            assert permissions(response) == {}


async def test_without_listed_origins_responses_have_no_headers_of_cors(pool: Pool) -> None:
    async with client_of(pool) as client:
        assert permissions(await client.post("/graphql", json=QUERY, headers={"origin": APP})) == {}
        response = await client.options("/graphql", headers={"origin": APP, **PREFLIGHT})
        assert (response.status_code, permissions(response)) == (204, {})
