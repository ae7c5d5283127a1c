"""The page of sales teams: one HTML file for all its paths, under a strict Content-Security-Policy.

`web/build.py` builds the files. Without them, the page shows how to build them.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from server.http import protocol
from server.http.static_files import Assets

BUILT: Final = Path(__file__).parents[1] / "static" / "page"
PREFIXES: Final = ("/inbox", "/leads", "/keywords", "/integrations", "/exports", "/settings")
"""The paths of the page besides `/`. Each may have further segments, which the page reads itself."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # the file names the current assets, and a demo signs its visitor in
    "Vary": "Accept",
}
MISSING: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Leadgraph</title>
</head>
<body>
<h1>The page is not built yet</h1>
<p>The files of the page are missing. Run <code>make web</code> and reload this page. The server need not restart.</p>
<p>The API itself works at <a href="/graphql">/graphql</a>.</p>
</body>
</html>
"""

Finish: TypeAlias = Callable[[Request, Response], Awaitable[None]]


def wants_page(request: Request) -> bool:
    """Return whether a browser asks for a page."""
    return protocol.media_type_of(request, html=True) == protocol.HTML


def page(built: Path = BUILT) -> Response:
    """Return the page, or build instructions if the folder `built` lacks the files."""
    try:
        html = (built / "index.html").read_text("utf-8")
    except FileNotFoundError:
        return HTMLResponse(MISSING, status_code=503, headers=HEADERS)
    return HTMLResponse(html, headers=HEADERS)


def routes(
    finish: Finish, *, otherwise: Callable[[Request], Awaitable[Response]], built: Path = BUILT
) -> list[BaseRoute]:
    """Return the routes of the page and its assets. `finish` may add cookies to the page.

    `otherwise` answers `/` to clients that are no browsers.
    """

    async def respond(request: Request) -> Response:
        if not wants_page(request):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        response = page(built)
        await finish(request, response)
        return response

    async def home(request: Request) -> Response:
        return await (respond if wants_page(request) else otherwise)(request)

    paths = [path for prefix in PREFIXES for path in (prefix, f"{prefix}/{{rest:path}}")]
    return [
        Route("/", home),
        Mount("/page/assets", app=Assets(built / "assets", POLICY)),
        *(Route(path, respond) for path in paths),
    ]
