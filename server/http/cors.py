"""Cross-origin requests of browsers: pages of the configured origins may call the API and read its responses."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http import protocol

ROUTES: Final = ("/graphql", "/ingest/mentions", "/exports/")
"""The beginnings of the paths that pages of other origins may call."""
METHODS: Final = ("GET", "HEAD", "POST", "QUERY")
EXPOSED: Final = (
    "X-Request-Id",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "ETag",
    "Content-Disposition",
    "Content-Range",
    "Accept-Ranges",
)
"""The headers of responses that a page may read, besides those that each page may read."""
PREFLIGHT_SECONDS: Final = 7200
"""Time for which a browser remembers a permission. Chromium remembers none for longer."""


class Cors:
    """Passes requests on, and gives the responses the headers of CORS.

    A page of an allowed origin may send cookies and any header. An answer to another origin has no permission, so that
    the browser hides it from the page.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=["*"],
            allow_credentials=True,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROUTES):
            await self._app(scope, receive, send)
            return

        async def send_varied(message: Message) -> None:
            """Let no cache give the answer for one origin to another."""
            if message["type"] == "http.response.start":
                _vary_by_origin(MutableHeaders(scope=message))
            await send(message)

        refused = self._refused_origin(scope)
        if refused is None:
            await self._cors(scope, receive, send_varied)
            return
        message = (
            f"The origin {refused[:200]!r} must be in LEADGRAPH_CORS_ORIGINS to call this API from a browser."
        )
        error = protocol.RequestError(403, message)
        await protocol.refusal(error, *protocol.request_id(Request(scope)))(scope, receive, send_varied)

    def _refused_origin(self, scope: Scope) -> str | None:
        """Return the origin of a preflight that is not allowed, or None for all other requests."""
        origin = Headers(scope=scope).get("origin")
        return origin if is_preflight(scope) and origin not in self._origins else None


def permissions(headers: Iterable[tuple[bytes, bytes]], origins: Collection[str]) -> dict[str, str]:
    """Return the headers of CORS of a refusal that no application sends, for the headers of its request."""
    origin = next((value.decode("latin-1") for name, value in headers if name == b"origin"), None)
    if origin is None or origin not in origins:
        return {"vary": "Origin"} if origins else {}
    return {
        "vary": "Origin",
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": ", ".join(EXPOSED),
    }


def is_preflight(scope: Scope) -> bool:
    """Return whether a browser asks for the permission of a request."""
    return scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)


def _vary_by_origin(headers: MutableHeaders) -> None:
    names = [name.strip().lower() for name in headers.get("vary", "").split(",")]
    if "origin" not in names:
        headers.add_vary_header("Origin")
