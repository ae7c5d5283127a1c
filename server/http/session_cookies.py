"""The cookies of sessions and devices.

Scripts cannot read them (HttpOnly), and browsers do not send them from pages of other sites (SameSite=Lax). With HTTPS,
their names begin with `__Host-`: a browser takes such a cookie from this host alone, and sends it by HTTPS alone. Only on
the client's own machine the cookies also work by HTTP.
"""

from typing import Final

from starlette.requests import Request

from resolvers.framework.exchange import Exchange
from server.http.request_host import host_of, is_loopback, is_plain_loopback
from services.browsers.sessions import LONGEST_SECONDS
from services.browsers.tokens import is_token

SESSION: Final = "leadgraph_session"
DEVICE: Final = "leadgraph_device"
HOST_PREFIX: Final = "__Host-"
_DEVICE_SECONDS: Final = 400 * 86_400
"""Browsers keep no cookie for longer."""


def token_of(request: Request, name: str) -> str | None:
    """Return the token in a cookie, or None without one.

    The name without the prefix counts on loopback only: elsewhere, other servers of the site could set the cookie.
    """
    header = request.headers.get("cookie")
    if header is None or name not in header:
        return None
    found = dict(_pairs(header))
    token = found.get(HOST_PREFIX + name)
    if token is None and is_loopback(host_of(request)):
        token = found.get(name)
    return token if token is not None and is_token(token) else None


def _pairs(header: str) -> list[tuple[str, str]]:
    """Return the cookies in reverse order: of several with a name, the first one counts."""
    pairs = [part.strip().partition("=") for part in header.split(";")]
    return [(name, value) for name, _, value in reversed(pairs)]


def set_cookies(request: Request, exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Return the headers that set and delete the cookies of a response."""
    is_plain = is_plain_loopback(request)
    cookies = []
    if exchange.new_session is not None:
        cookies.append(_cookie(SESSION, exchange.new_session, LONGEST_SECONDS, is_plain))
    elif exchange.ends_session:
        cookies.append(_cookie(SESSION, "", 0, is_plain))
    if exchange.new_device is not None:
        cookies.append(_cookie(DEVICE, exchange.new_device, _DEVICE_SECONDS, is_plain))
    return [(b"set-cookie", cookie.encode()) for cookie in cookies]


def _cookie(name: str, value: str, seconds: int, is_plain: bool) -> str:
    attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    return (
        f"{name}={value}; {attributes}" if is_plain else f"{HOST_PREFIX}{name}={value}; {attributes}; Secure"
    )
