"""The page over HTTP: its paths, headers and assets, its documents, and the sign-in of a demo."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from db.engine.pool import Pool
from server.app import LOOPBACK, create_app
from server.http.documents import Documents
from server.http.trusted_documents import open_documents
from server.page.documents import page_documents
from server.page.page import PREFIXES, routes
from server.runtime.settings import Settings
from tests.support.rows import add_key, add_user

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PATHS = ["/", *PREFIXES, "/leads/TGVhZDox", "/settings/keys/new"]
VIEWER = "query Viewer { viewer { __typename email id name role timeZone } }"


async def otherwise(_: Request) -> Response:
    return PlainTextResponse("otherwise")


async def finish(_: Request, response: Response) -> None:
    response.headers["x-finished"] = "yes"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Leadgraph</title>")
    (folder / "assets" / "index-1a2b.js").write_text("export {};\n")
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(b"export {};\n"))
    (folder / ".stamp").write_text("secret")
    return folder


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=routes(finish, otherwise=otherwise, built=built))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000"
    ) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_a_browser_gets_the_page_at_each_of_its_paths(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=HTML)
    assert (answer.status_code, answer.text) == (200, "<!doctype html><title>Leadgraph</title>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-finished"] == "yes"


@pytest.mark.parametrize("path", PATHS[1:])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5"])
async def test_other_clients_find_nothing_at_the_paths_of_the_page(
    client: httpx.AsyncClient, path: str, accept: str
) -> None:
    assert (await client.get(path, headers={"accept": accept})).status_code == 404


async def test_other_clients_are_led_to_the_api(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).text == "otherwise"


@pytest.mark.parametrize("path", ["/inboxes", "/lead", "/page", "/page/index.html", "/index.html", "/.stamp"])
async def test_other_paths_do_not_exist(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers=HTML)).status_code == 404


async def test_assets_are_immutable_and_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page/assets/index-1a2b.js", headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.text) == (200, "export {};\n")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/page/assets/..%2f.stamp", "/page/assets/../.stamp", "/page/assets/"])
async def test_no_path_leaves_the_folder_of_assets(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL("http://127.0.0.1:8000", raw_path=path.encode()))
    assert answer.status_code == 404


async def test_without_built_files_the_page_says_how_to_build_them(tmp_path: Path) -> None:
    app = Starlette(routes=routes(finish, otherwise=otherwise, built=tmp_path / "nothing"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answer = await client.get("/leads", headers=HTML)
    assert answer.status_code == 503
    assert "<code>make web</code>" in answer.text
    assert answer.headers["content-security-policy"] == POLICY


async def test_without_the_page_browsers_are_led_to_the_api(pool: Pool) -> None:
    async with client_of(pool, has_page=False) as client:
        answer = await client.get("/", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (307, "/graphql")
        for path in ("/inbox", "/page/assets/x.js"):
            answer = await client.get(path, headers=HTML)
            assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def client_of(pool: Pool, **options: object) -> httpx.AsyncClient:
    app = create_app(pool, **options)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


# The sign-in of a demo


@pytest.fixture
async def demo_key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool, "demo@example.com"))


async def viewer(client: httpx.AsyncClient) -> object:
    return (await client.post("/graphql", json={"query": "{ viewer { email } }"})).json().get("data")


async def test_a_demo_signs_a_browser_in_with_the_page(pool: Pool, demo_key: str) -> None:
    async with client_of(pool, demo_key=demo_key, hosts=LOOPBACK) as client:
        answer = await client.get("/leads", headers=HTML)
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith("leadgraph_session=")
        assert cookie.endswith("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
        assert await viewer(client) == {"viewer": {"email": "demo@example.com"}}
        assert "set-cookie" not in (await client.get("/", headers=HTML)).headers
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 1


async def test_the_session_of_a_demo_has_its_browser_and_address(pool: Pool, demo_key: str) -> None:
    async with client_of(pool, demo_key=demo_key, hosts=LOOPBACK) as client:
        await client.get("/", headers=HTML | {"user-agent": "Browser 1.0 " + "x" * 400})
    found = await pool.fetchrow("SELECT host(address::inet) AS address, user_agent FROM sessions")
    assert found is not None
    assert tuple(found) == ("127.0.0.1", "Browser 1.0 " + "x" * 288)


async def test_a_demo_signs_in_by_its_page_alone(pool: Pool, demo_key: str) -> None:
    async with client_of(pool, demo_key=demo_key, hosts=LOOPBACK) as client:
        for path, accept in (("/", "*/*"), ("/leads", "*/*"), ("/graphql", "text/html")):
            assert "set-cookie" not in (await client.get(path, headers={"accept": accept})).headers
        refused = await client.get("/", headers=HTML | {"host": "evil.example"})
        assert (refused.status_code, refused.headers.get("set-cookie")) == (400, None)
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("destination", ["empty", "iframe", "image", "script"])
async def test_scripts_and_frames_of_other_sites_open_no_session(
    pool: Pool, demo_key: str, destination: str
) -> None:
    foreign = HTML | {"sec-fetch-site": "cross-site"}
    async with client_of(pool, demo_key=demo_key, hosts=LOOPBACK) as client:
        answer = await client.get("/", headers=foreign | {"sec-fetch-dest": destination})
        assert "set-cookie" not in answer.headers
        assert await pool.fetchval("SELECT count(*) FROM sessions") == 0
        followed_link = await client.get("/", headers=foreign | {"sec-fetch-dest": "document"})
        assert "set-cookie" in followed_link.headers


@pytest.mark.usefixtures("demo_key")
async def test_a_server_without_a_demo_opens_no_session(pool: Pool) -> None:
    async with client_of(pool) as client:
        assert "set-cookie" not in (await client.get("/", headers=HTML)).headers
        assert await viewer(client) != {"viewer": {"email": "demo@example.com"}}
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize(
    "change", ["UPDATE users SET status = 'suspended'", "UPDATE api_keys SET revoked_at = now()"]
)
async def test_a_demo_without_a_working_user_opens_no_session(pool: Pool, demo_key: str, change: str) -> None:
    await pool.execute(change)
    async with client_of(pool, demo_key=demo_key, hosts=LOOPBACK) as client:
        answer = await client.get("/", headers=HTML)
    assert "set-cookie" not in answer.headers
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


# Documents


async def test_a_server_of_trusted_documents_runs_those_of_the_page(
    pool: Pool, demo_key: str, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"mine": "{ viewer { name } }"}')
    settings = Settings(home=tmp_path, documents="enforce", trusted_documents=manifest)
    hash_ = next(key for key, text in page_documents().items() if text == VIEWER)
    headers = {"authorization": f"Bearer {demo_key}"}
    async with client_of(pool, documents=open_documents(settings, page_documents())) as client:
        answer = await client.post("/graphql", json={"documentId": hash_}, headers=headers)
        assert answer.json()["data"]["viewer"]["email"] == "demo@example.com"
        answer = await client.post("/graphql", json={"documentId": "mine"}, headers=headers)
        assert answer.json()["data"] == {"viewer": {"name": ""}}
        other = await client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
        assert other.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_a_server_without_the_documents_of_the_page_says_so(pool: Pool, demo_key: str) -> None:
    headers = {"authorization": f"Bearer {demo_key}"}
    async with client_of(pool, documents=Documents()) as client:
        answer = await client.post(
            "/graphql", json={"documentId": next(iter(page_documents()))}, headers=headers
        )
    assert answer.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
