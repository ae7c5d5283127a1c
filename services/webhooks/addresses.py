"""The fence of webhooks: the URLs and the network addresses to which the server sends.

A URL is checked when it is stored. Each address of its host is checked again when the server connects, because the name
may then have other addresses. A development setting takes the fence away.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

LONGEST_URL: Final = 2048
PORTS: Final = frozenset({443, 8443})
_USUAL_PORT: Final = {"https": 443, "http": 80}
_LARGEST_PORT: Final = 65_535
_LONGEST_HOST: Final = 253

_REFUSED_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # metadata of Azure
            "169.254.0.0/16",  # link-local, metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
"""The only allocated global addresses. Loopback, mapped, NAT64, local and multicast addresses are outside of it."""
_REFUSED_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols, among them Teredo and ORCHID
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",
            "3ffe::/16",
            "3fff::/20",
        ),
    )
)
_LOCAL_NAMES: Final = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "home.arpa",
)
_URL: Final = re.compile(r"[!#-;=?-\[\]_a-z~%]+", re.ASCII | re.IGNORECASE)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII | re.IGNORECASE)
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII | re.IGNORECASE)


class RefusedAddressError(Exception):
    """The fence refuses the URL or the address. The message says why, and how to fix it."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The rules for URLs and addresses. `allow_private` is for development only."""

    allow_private: bool = False

    def check_url(self, url: str) -> None:
        """Raise `RefusedAddressError` for a URL to which the server does not send."""
        if len(url) > LONGEST_URL:
            raise RefusedAddressError(f"Must have at most {LONGEST_URL:,} characters, but has {len(url):,}.")
        if not _URL.fullmatch(url):
            raise RefusedAddressError(
                "Must be a URL of visible ASCII characters without quotes, backslashes and braces. Encode other characters."
            )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise RefusedAddressError("Must be a URL such as `https://example.com/hooks`.") from None
        self._check_scheme(parts.scheme)
        if "@" in parts.netloc:
            raise RefusedAddressError(
                "Must not contain a user name or a password. Verify the signature instead."
            )
        if "#" in url:
            raise RefusedAddressError("Must not have a fragment (`#…`).")
        self._check_port(parts.scheme, port, parts.netloc)
        self._check_host(parts.netloc, parts.hostname or "")

    def _check_scheme(self, scheme: str) -> None:
        if scheme == "https" or (scheme == "http" and self.allow_private):
            return
        raise RefusedAddressError("Must begin with `https://`.")

    def _check_port(self, scheme: str, port: int | None, netloc: str) -> None:
        if netloc.endswith(":") or not 0 < (port or _USUAL_PORT[scheme]) <= _LARGEST_PORT or port == 0:
            raise RefusedAddressError("Must have a valid port, or none.")
        if not self.allow_private and (port or _USUAL_PORT[scheme]) not in PORTS:
            raise RefusedAddressError(
                f"Must use the port {' or '.join(map(str, sorted(PORTS)))}, not {port}."
            )

    def _check_host(self, netloc: str, host: str) -> None:
        address = _literal(host, bracketed=netloc.startswith("["))
        if address is not None:
            self.check_address(address)
            return
        labels = host.split(".")
        if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
            raise RefusedAddressError(
                "Must have a host name of letters, digits, hyphens and dots, such as `example.com`."
            )
        if _NUMBER.fullmatch(labels[-1]):
            raise RefusedAddressError(
                "Must have an IPv4 address of four decimal numbers without leading zeros."
            )
        if self.allow_private:
            return
        if len(labels) == 1 or any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES):
            raise RefusedAddressError("Must have the name of a public host, such as `example.com`.")

    def check_address(self, text: str) -> None:
        """Raise `RefusedAddressError` for an address that is not of the public internet."""
        if not self.allow_private and not is_public(text):
            raise RefusedAddressError(f"{text} is not an address of the public internet.")

    def check_addresses(self, texts: Iterable[str]) -> None:
        """Raise `RefusedAddressError` if one of the addresses of a host is not of the public internet."""
        for text in texts:
            self.check_address(text)


def is_public(text: str) -> bool:
    """Return whether the text is an IP address that is reachable on the public internet, and no other form."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    return (
        address.scope_id is None
        and address in _GLOBAL_V6
        and not any(address in network for network in _REFUSED_V6)
    )


def _literal(host: str, *, bracketed: bool) -> str | None:
    """Return the host if it is an IP address in its usual form."""
    if bracketed and "%" in host:
        raise RefusedAddressError("Must have an IPv6 address without a zone.")
    try:
        return str(IPv6Address(host) if bracketed else IPv4Address(host))
    except AddressValueError:
        if bracketed:
            raise RefusedAddressError("Must have an IPv6 address within the brackets.") from None
        return None
