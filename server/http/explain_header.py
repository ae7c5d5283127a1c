"""The header by which a caller asks for explanations of a response."""

from typing import Final

from starlette.requests import Request

from server.http.protocol import RequestError
from server.runtime.explanation import COST, PROFILE

HEADER: Final = "leadgraph-explain"
_CHOICES: Final = frozenset({COST, PROFILE})
_NOTHING: Final[frozenset[str]] = frozenset()


def asked(request: Request) -> frozenset[str]:
    """Return the explanations that the request asks for. Raise `RequestError` for an unknown one."""
    if HEADER not in request.headers:
        return _NOTHING
    # Several lines of a header are one list.
    lines = [value.decode("latin-1") for name, value in request.scope["headers"] if name == HEADER.encode()]
    names = frozenset(name.strip().lower() for name in ",".join(lines).split(","))
    if not names <= _CHOICES:
        message = "The header Leadgraph-Explain must be `cost`, `profile`, or both, separated by a comma."
        raise RequestError(400, message)
    return names
