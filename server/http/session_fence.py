"""The fence of sessions: a browser sends cookies also for pages of other sites, which must not act by them.

A page can send requests to any server without asking: forms, images, and fetches with simple types of content. A session
therefore counts only in requests that such a page cannot send, or that no page but ours has sent.
"""

from collections.abc import Collection
from typing import Final

from starlette.requests import Request

from server.http import protocol
from server.http.request_host import host_of

SIMPLE_TYPES: Final = frozenset(
    {"", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"}
)
"""The types of content that a page can send to another origin without a preflight."""
_OWN_SITES: Final = frozenset({"same-origin", "none"})
DOWNLOADS: Final = "/exports/"
STREAMS: Final = "/ingest/"
STREAM_TYPE: Final = "application/x-ndjson"


class ForeignPageError(protocol.RequestError):
    """A page must not use the session."""

    code = "FORBIDDEN"

    def __init__(self, message: str) -> None:
        super().__init__(403, message)


def refusal_of(request: Request, origins: Collection[str]) -> str | None:
    """Return why the request must not use a session, or None.

    Browsers name the page's origin in `Origin` for each request except GET and HEAD without CORS, and its relation to
    the server in `Sec-Fetch-Site`. A page cannot change either. Other clients send neither: they act for themselves.
    """
    headers = request.headers
    if request.method not in protocol.READING:
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type in SIMPLE_TYPES:
            expected = STREAM_TYPE if request.scope["path"].startswith(STREAMS) else protocol.JSON
            return f"A request with a session must have the Content-Type {expected}."
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin in origins:
        return None
    is_own = _is_own(origin, request) if site is None else site.lower() in _OWN_SITES
    if is_own or _follows_a_link_to_a_file(request, site):
        return None
    page = "another site" if origin is None else f"the origin {origin[:200]!r}"
    return (
        f"A page of {page} must not use the session. Add its origin to LEADGRAPH_CORS_ORIGINS if it may, or send an API "
        "key or a browser token in the header Authorization."
    )


def _is_own(origin: str | None, request: Request) -> bool:
    """Return whether the origin is that of the server, for browsers that send no `Sec-Fetch-Site`."""
    return origin is None or origin.partition("://")[2] == host_of(request)


def _follows_a_link_to_a_file(request: Request, site: str | None) -> bool:
    """Return whether a person follows a link of the front end to a file. No page can read the response."""
    return (
        site == "same-site"
        and request.method in protocol.READING
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.scope["path"].startswith(DOWNLOADS)
    )
