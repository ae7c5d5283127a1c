"""Addresses of servers in settings: their form, and their text without secrets.

A wrong address may hold a password anywhere. Its error therefore shows nothing of the address.
"""

import re
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from server.runtime.errors import CommandError

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#\[\]@]*)(:(\d{1,5}))?")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LARGEST_PORT: Final = 65_535
_ENCODE: Final = (
    "with special characters of the password in percent-encoding, such as %40 for @ and %2F for /"
)


def require_address(variable: str, url: str, *, schemes: Collection[str], form: str) -> None:
    """Raise `CommandError`, without any part of the address, unless it has the form."""
    parts = _split(url)
    if parts is None or parts.scheme not in schemes or not _is_plain(parts):
        raise CommandError(f"{variable} must have the form {form}, {_ENCODE}.")


def without_password(url: str) -> str:
    """Return a checked address without its password and without its options, for messages."""
    parts = urlsplit(url)
    user, host = _user(parts), parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, query="", fragment=""))


def without_secrets(text: str, url: str) -> str:
    """Return a library's message about the address without the address's password."""
    password = urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, "…")
    return text


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _user(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[0].partition(":")[0]


def _is_plain(parts: SplitResult) -> bool:
    """Return whether no part can be a piece of another, as after a bare `@`, `/`, `#` or `?` in a password.

    A comma in the path separates two addresses.
    """
    login, _, hosts = parts.netloc.rpartition("@")
    if "@" in login or {"@", ","} & set(parts.path) or "@" in parts.query or parts.fragment:
        return False
    return all(_is_host(host) for host in hosts.split(","))


def _is_host(text: str) -> bool:
    match = _HOST.fullmatch(text)
    return match is not None and (match[3] is None or 1 <= int(match[3]) <= _LARGEST_PORT)


def split_address(address: str) -> tuple[str, int]:
    """Return the IP address and the port of `127.0.0.1:9464` or `[::1]:9464`. Raise `ValueError`."""
    host, _, port = address.rpartition(":")
    if not _PORT.fullmatch(port) or not 0 < int(port) <= _LARGEST_PORT:
        raise ValueError(f"{port} is not a port")
    is_bracketed = host.startswith("[") and host.endswith("]")
    ip = ip_address(host[1:-1] if is_bracketed else host)
    if is_bracketed != isinstance(ip, IPv6Address):
        raise ValueError(f"{host} has the wrong form")
    return str(ip), int(port)
