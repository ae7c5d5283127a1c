"""Conditional requests: entity tags of answers, and 304 without running the operation.

A tag is a hash of all that its answer depends on: the release, the document, the variables, the viewer, the state of
the viewer's data, and the quarter of an hour if the answer depends on the time. The state is read before the snapshot
of the answer. A write between the two makes the tag outdated at once, so that a tag never names a newer state than
the answer shows. docs/decisions/0042-transport.md has the proof.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from resolvers.framework.context import Context
from schema.prepared.operation import PreparedOperation
from server.http import protocol
from server.http.etags import tags_in
from services.accounts.data_state import DataState, DataStates, tells_of
from services.accounts.viewer import Viewer
from services.figures.windows import EARLIEST, QUARTER

ASKING: Final = frozenset({"GET", "HEAD", "QUERY"})
"""The methods whose answers get a tag. A POST asks for one by sending `If-None-Match`."""
PACKAGES: Final = ("breadth", "db", "loaders", "resolvers", "schema", "server", "services", "text")
HEADERS: Final = {
    "cache-control": "private, no-cache",
    "vary": "accept, accept-encoding, authorization, cookie",
}
_NO_TAGS: Final[frozenset[str]] = frozenset()


class NotModifiedError(Exception):
    """The client has the current answer."""


class Condition:
    """The condition of one request, and the tag of its answer."""

    def __init__(self, request: Request, media_type: str, states: DataStates) -> None:
        known = request.headers.get("if-none-match")
        self._known = _NO_TAGS if known is None else tags_in(known)
        self._is_asked = known is not None or request.method in ASKING
        self._media_type = media_type
        self._states = states
        self._digest: str | None = None
        self.headers: Mapping[str, str] = {}
        """The headers of the answer, with its tag; empty for an answer without one."""
        self.state: DataState | None = None

    async def check(
        self,
        viewer: Viewer | None,
        operation: PreparedOperation,
        parsed: protocol.GraphQLRequest,
        now: datetime,
    ) -> None:
        """Read the state of the data. Raise `NotModifiedError` if the client has the answer of this state."""
        if not self._is_asked or viewer is None or not operation.depends_on_viewer_alone:
            return
        self.state = await self._states.read(viewer)
        if self.state is None:
            return
        self._digest = _digest(self._media_type, viewer, parsed, self.state.value)
        for tag in (_tag(self._digest, None), _tag(self._digest, now)):
            if tag in self._known:
                self.headers = _headers(tag)
                raise NotModifiedError

    def conclude(self, context: Context, content: Mapping[str, Any], now: datetime) -> None:
        """Give the answer a tag, if it depends on nothing but what the tag names."""
        if self._digest is None:
            return
        is_exact = not context.is_inexact and tells_of(context.activity)
        if is_exact and "errors" not in content and _is_plain(content):
            self.headers = _headers(_tag(self._digest, now if context.reads_clock else None))


def _is_plain(content: Mapping[str, Any]) -> bool:
    """Return whether the answer explains nothing about this one execution, except the names of its statements."""
    extensions: Mapping[str, object] = content.get("extensions", {})
    return extensions.keys() <= {"statements"}


def _headers(tag: str) -> Mapping[str, str]:
    # Weak: the bytes depend on the content coding.
    return {"etag": f"W/{tag}", **HEADERS}


def _tag(digest: str, now: datetime | None) -> str:
    """Return the tag of an answer: of any time, or of the quarter of an hour."""
    quarter = "" if now is None else f"-{(now - EARLIEST) // QUARTER}"
    return f'"{hashlib.sha256(f"{digest}{quarter}".encode()).hexdigest()[:32]}"'


def _digest(
    media_type: str, viewer: Viewer, parsed: protocol.GraphQLRequest, state: tuple[object, ...]
) -> str:
    parts = [
        release(),
        media_type,
        parsed.query,
        parsed.operation_name,
        parsed.variables,
        [viewer.user_id, str(viewer.role), viewer.key_id, sorted(viewer.scopes)],
        [str(each) for each in state],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def release() -> str:
    """Return a hash of the program: another release may answer differently."""
    root = Path(__file__).resolve().parents[2]
    hashed = hashlib.sha256(version("tzdata").encode())
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            hashed.update(f"\0{path.relative_to(root)}\0".encode() + path.read_bytes())
    return hashed.hexdigest()


def not_modified(condition: Condition, headers: Mapping[str, str]) -> Response:
    """Return the answer 304, which has no body."""
    return Response(status_code=304, headers={**protocol.SAFE_HEADERS, **headers, **condition.headers})
