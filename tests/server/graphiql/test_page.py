"""GraphiQL's page and its files over HTTP."""

import html
import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.graphiql.page import assets, page
from server.graphiql.tabs import Tab

WEB = Path(__file__).parents[3] / "web"
SOURCE = WEB / "index.html"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
TABS = [
    Tab("Who am I?", "query Viewer { viewer { email } }"),
    Tab("One keyword", "query Keyword($id: ID!) { keyword(id: $id) { mentionsCount } }", {"id": "Keyword:1"}),
]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder with the real template and three built files."""
    folder = tmp_path / "graphiql"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(SOURCE.read_text("utf-8"), "utf-8")
    (folder / "assets" / "index-1a2b.js").write_text("export {};\n")
    (folder / "assets" / "index-3c4d.css").write_text("body { margin: 0 }\n")
    (folder / ".stamp").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    return folder


def serve(built: Path, *, api_key: str | None = "lg_demo", tabs: list[Tab] = TABS) -> httpx.AsyncClient:
    async def graphiql(request: Request) -> Response:
        origin = str(request.base_url).rstrip("/")
        return page(endpoint="/graphql", origin=origin, api_key=api_key, tabs=tabs, built=built)

    app = Starlette(routes=[Route("/graphql", graphiql), assets(built=built)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(built) as client:
        yield client


def configuration(answer: httpx.Response) -> object:
    found = re.findall(r'<script type="application/json" id="graphiql-config">(.*?)</script>', answer.text)
    assert len(found) == 1
    return json.loads(found[0])


async def test_the_page_contains_endpoint_headers_and_tabs_as_data(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert configuration(answer) == {
        "endpoint": "/graphql",
        "headers": {"Authorization": "Bearer lg_demo"},
        "tabs": [
            {"title": "Who am I?", "query": "query Viewer { viewer { email } }", "variables": None},
            {
                "title": "One keyword",
                "query": "query Keyword($id: ID!) { keyword(id: $id) { mentionsCount } }",
                "variables": {"id": "Keyword:1"},
            },
        ],
    }


async def test_without_a_key_no_headers_are_configured(built: Path) -> None:
    async with serve(built, api_key=None, tabs=[]) as client:
        answer = await client.get("/graphql")

    assert configuration(answer) == {"endpoint": "/graphql", "headers": None, "tabs": []}


async def test_the_page_forbids_caching_framing_and_foreign_scripts(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/graphql")

    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_hostile_configuration_cannot_leave_its_script_element(built: Path) -> None:
    hostile = "</script><script>alert(1)</script><!-- <SCRIPT ]]> \u2028 & ' \""
    tab = Tab(hostile, hostile, {hostile: hostile})

    async with serve(built, api_key=hostile, tabs=[tab]) as client:
        answer = await client.get("/graphql")

    assert "alert" in answer.text
    assert "<script>alert" not in answer.text
    assert answer.text.count("</script>") == SOURCE.read_text("utf-8").count("</script>")
    assert configuration(answer) == {
        "endpoint": "/graphql",
        "headers": {"Authorization": f"Bearer {hostile}"},
        "tabs": [{"title": hostile, "query": hostile, "variables": {hostile: hostile}}],
    }


async def test_without_built_files_the_page_shows_how_to_build_them_and_a_curl_command(
    tmp_path: Path,
) -> None:
    async with serve(tmp_path / "nothing") as client:
        answer = await client.get("/graphql")

    assert answer.status_code == 503
    assert "<code>make web</code>" in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert shown_command(answer) == [
        "curl",
        "http://127.0.0.1:8000/graphql",
        "-H",
        "Content-Type: application/json",
        "-H",
        "Authorization: Bearer lg_demo",
        "-d",
        '{"query": "query Viewer { viewer { email } }", "variables": {}}',
    ]


async def test_the_shown_command_survives_hostile_values(tmp_path: Path) -> None:
    hostile = "'; rm -rf $HOME </pre><script>alert(1)</script>"

    async with serve(tmp_path / "nothing", api_key=hostile, tabs=[Tab("", hostile)]) as client:
        answer = await client.get("/graphql")

    assert "<script>" not in answer.text
    assert shown_command(answer)[5:] == [
        f"Authorization: Bearer {hostile}",
        "-d",
        json.dumps({"query": hostile, "variables": {}}),
    ]


def shown_command(answer: httpx.Response) -> list[str]:
    """Return the command on the page as a shell splits it."""
    [shown] = re.findall(r"<pre>(.*?)</pre>", answer.text, re.DOTALL)
    return shlex.split(html.unescape(shown).replace("\\\n", ""))


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("index-1a2b.js", "text/javascript; charset=utf-8", "export {};\n"),
        ("index-3c4d.css", "text/css; charset=utf-8", "body { margin: 0 }\n"),
    ],
)
async def test_assets_may_be_cached_for_ever(
    client: httpx.AsyncClient, name: str, kind: str, content: str
) -> None:
    answer = await client.get(f"/graphiql/assets/{name}")

    assert answer.status_code == 200
    assert answer.text == content
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == POLICY


async def test_a_cached_asset_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/graphiql/assets/index-1a2b.js")
    again = await client.get(
        "/graphiql/assets/index-1a2b.js", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/assets/nothing.js",
        "/graphiql/assets/",
        "/graphiql/assets/../index.html",
        "/graphiql/assets/..%2f.stamp",
        "/graphiql/assets/%2e%2e/.stamp",
        "/graphiql/assets/..%2f..%2foutside.txt",
        "/graphiql/assets/..%5c..%5coutside.txt",
        "/graphiql/assets//etc/passwd",
        "/graphiql/assets/%2fetc%2fpasswd",
        "/graphiql/assets/index-1a2b.js%00",
        "/graphiql/.stamp",
        "/graphiql/index.html",
    ],
)
async def test_paths_outside_of_the_assets_are_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "coding", "ending"),
    [
        ("gzip, deflate, br, zstd", "zstd", ".zst"),
        ("gzip, br", "br", ".br"),
        ("gzip", "gzip", ".gz"),
        ("br;q=0, *", "zstd", ".zst"),
        ("identity", None, ""),
        ("", None, ""),
    ],
)
async def test_an_asset_travels_as_the_build_has_compressed_it(
    tmp_path: Path, accepted: str, coding: str | None, ending: str
) -> None:
    (tmp_path / "assets").mkdir()
    for each in ("", ".zst", ".br", ".gz"):
        (tmp_path / "assets" / f"index-1a2b.js{each}").write_text(f"the file {each}")
    async with serve(tmp_path) as client:
        request = client.build_request(
            "GET", "/graphiql/assets/index-1a2b.js", headers={"accept-encoding": accepted}
        )
        answer = await client.send(request, stream=True)
        body = b"".join([piece async for piece in answer.aiter_raw()])
        known = {"accept-encoding": accepted, "if-none-match": answer.headers["etag"]}
        again = await client.get("/graphiql/assets/index-1a2b.js", headers=known)

    assert body.decode() == f"the file {ending}"
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (again.status_code, again.headers["etag"]) == (304, answer.headers["etag"])


async def test_an_asset_without_compressed_files_travels_as_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql/assets/index-1a2b.js", headers={"accept-encoding": "br"})
    assert (answer.text, answer.headers.get("content-encoding")) == ("export {};\n", None)


async def test_assets_built_while_the_server_runs_are_found(tmp_path: Path) -> None:
    async with serve(tmp_path) as client:
        before = await client.get("/graphiql/assets/index-1a2b.js")
        (tmp_path / "assets").mkdir()
        (tmp_path / "assets" / "index-1a2b.js").write_text("export {};\n")
        after = await client.get("/graphiql/assets/index-1a2b.js")

    assert (before.status_code, after.status_code) == (404, 200)


def test_the_npm_lock_pins_every_package_by_content_and_names_no_registry() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text("utf-8"))["packages"]
    del packages[""]

    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
