"""Addresses of PostgreSQL with one or several hosts, in the forms of the driver and of libpq.

    postgresql://user:password@one:5432,two:5432/leadgraph?target_session_attrs=read-write
    postgresql://user:password@/leadgraph?host=one,two&port=5432,5432

With several hosts, connections lead to the one that accepts writes, unless `target_session_attrs` says otherwise.
"""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

_ANY: Final = "any"
ATTRIBUTES: Final = (_ANY, "primary", "read-write")
"""The allowed values of `target_session_attrs`. Leadgraph writes, so none of them prefers a standby."""
DEFAULT: Final = "read-write"
_ATTRIBUTE, _HOST, _PORT = "target_session_attrs", "host", "port"
_IP6: Final = re.compile("[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")
_LARGEST_PORT: Final = 65_535
_MISSING: Final = "a host is missing before or after a comma"
_REFUSED: Final = {
    "hostaddr": "`host` takes addresses, too",
    "load_balance_hosts": "one host at a time is the primary",
    "service": "write its hosts into the address",
}


def canonical(url: str) -> str:
    """Return the address with its hosts before the path, as all programs read it. With several hosts, state `target_session_attrs`.

    Raise `ValueError` with the words of a sentence about an address that no form allows.
    """
    parts = urlsplit(url)
    if not parts.query and "," not in parts.netloc:
        return url
    options = _options(parts)
    hosts = _hosts(parts, options.pop(_HOST, None), options.pop(_PORT, None))
    wanted = options.get(_ATTRIBUTE)
    if wanted is not None and wanted not in ATTRIBUTES:
        raise ValueError(f"{_ATTRIBUTE} must be {', '.join(ATTRIBUTES[:-1])} or {ATTRIBUTES[-1]}")
    if len(hosts) > 1:
        options.setdefault(_ATTRIBUTE, DEFAULT)
    return _made(parts, ",".join(hosts), options)


def single_hosts(url: str) -> list[str]:
    """Return an address for each host, in order. Raise `ValueError` like `canonical`."""
    url = canonical(url)
    parts = urlsplit(url)
    if "," not in parts.netloc.rpartition("@")[2]:
        return [url]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    return [_made(parts, host, options) for host in parts.netloc.rpartition("@")[2].split(",")]


def of_standby(url: str) -> str:
    """Return the address of one standby, like `canonical`. Raise `ValueError` for several hosts and a wanted primary."""
    if dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get(_ATTRIBUTE, _ANY) != _ANY:
        raise ValueError(f"leave {_ATTRIBUTE} out of the address of a replica: only standbys are used anyway")
    found = canonical(url)
    if len(single_hosts(found)) > 1:
        raise ValueError("an address of a replica has one host: give each replica an address of its own")
    return found


def place_of(url: str) -> str:
    """Return the hosts and ports of an address, or the folder of a socket, for messages."""
    return unquote(urlsplit(url).netloc.rpartition("@")[2]) or "localhost"


def _options(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    for name in (_HOST, _PORT, _ATTRIBUTE):
        if sum(each == name for each, _ in pairs) > 1:
            raise ValueError(f"`{name}` stands there twice: separate several values by commas")
    for name, reason in _REFUSED.items():
        if name in options:
            raise ValueError(f"the option `{name}` is not supported: {reason}")
    return options


def _hosts(parts: SplitResult, named: str | None, ports: str | None) -> list[str]:
    """Return the hosts with their ports, percent-encoded as in front of a path. The path of a socket is a host, too."""
    login_and_hosts = parts.netloc.rpartition("@")[2]
    if login_and_hosts and (named is not None or ports is not None):
        raise ValueError(
            "the hosts stand there twice: name hosts and ports either before the path or as options"
        )
    if named is None and ports is None:
        given = login_and_hosts.split(",")
        if len(given) > 1 and any(not host or host.startswith(":") for host in given):
            raise ValueError(_MISSING)
        return given
    hosts = (named or "localhost").split(",")
    numbers = (ports or "").split(",")
    if len(numbers) not in {1, len(hosts)}:
        raise ValueError(f"{len(hosts)} hosts have {len(numbers)} ports: give one port, or one for each host")
    if len(numbers) == 1:
        numbers *= len(hosts)
    return [_with_port(host, number) for host, number in zip(hosts, numbers, strict=True)]


def _with_port(host: str, port: str) -> str:
    if not host:
        raise ValueError(_MISSING)
    if port and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) <= _LARGEST_PORT):
        raise ValueError("a port is no number from 1 to 65,535")
    if _IP6.fullmatch(host):
        host = f"[{host}]"
    name = host if host.startswith("[") else quote(unquote(host), safe="")
    return f"{name}:{port}" if port else name


def _made(parts: SplitResult, hosts: str, options: dict[str, str]) -> str:
    login, at, _ = parts.netloc.rpartition("@")
    query = "&".join(f"{name}={quote(value, safe='/:')}" for name, value in options.items())
    # `urlunsplit` writes an address without a host without slashes.
    return f"{parts.scheme}://{login}{at}{hosts}{parts.path}{'?' if query else ''}{query}"
