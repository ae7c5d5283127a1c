"""Limits of failed sign-ins, which slow guessing down and keep no user out.

Only failures count. A user who comes from a known device has a count of that device alone, so that failures of others
elsewhere never matter. A count is a leaky bucket: it forgets failures one by one, at the rate of its limit. The counts
are those of this process: a guess also costs the time of its hash, which bounds the guesses of all processes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal, NamedTuple, TypeAlias

from services.accounts.buckets import Buckets, BucketTimes

_Kind: TypeAlias = Literal["device", "client", "network", "account"]
_Count: TypeAlias = tuple[_Kind, tuple[str, ...]]


class Quota(NamedTuple):
    """The failures that are allowed within a time."""

    failures: int
    seconds: int


LIMITS: Final[Mapping[_Kind, Quota]] = {
    "device": Quota(10, 900),
    "client": Quota(10, 900),
    "network": Quota(100, 900),
    "account": Quota(100, 3600),
}
COUNTS_KEPT: Final = 100_000
"""The most counts in memory, which take 30 MB. Each failure costs a hash, so that new ones push out only old ones."""
_IPV6_NETWORK: Final = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in to an account, from a network, and what the account knows of both.

    `device` identifies the browser if the account knows it.
    """

    account: str
    network: str
    device: str | None = None
    is_network_known: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the account has been used from this device or this network."""
        return self.device is not None or self.is_network_known

    @property
    def counts(self) -> list[_Count]:
        """The counts to which a failure adds."""
        if self.device is not None:
            return [("device", (self.account, self.device))]
        own: list[_Count] = [("client", (self.account, self.network)), ("network", (self.network,))]
        return own if self.is_network_known else [*own, ("account", (self.account,))]


class SignInLimits:
    """The counts of failed sign-ins in this process."""

    def __init__(self) -> None:
        self._times = BucketTimes(COUNTS_KEPT)
        self._buckets = {kind: Buckets(*quota, self._times) for kind, quota in LIMITS.items()}

    def wait(self, attempt: Attempt) -> int:
        """Return the number of seconds until the attempt is allowed, and 0 if it is allowed now."""
        return max(self._wait(count) for count in attempt.counts)

    def note_failure(self, attempt: Attempt) -> None:
        """Count a wrong password."""
        for count in attempt.counts:
            self._buckets[count[0]].charge(repr(count))

    def forgive(self, attempt: Attempt) -> None:
        """Forget the failures that the right password has explained."""
        count = attempt.counts[0]
        self._buckets[count[0]].refill(repr(count))

    def _wait(self, count: _Count) -> int:
        bucket = self._buckets[count[0]]
        state = bucket.peek(repr(count))
        if state.remaining > 0:
            return 0
        return max(1, math.ceil(state.reset_after - (bucket.size - 1) * bucket.interval))


def network_of(address: str) -> str:
    """Return the network of an address: the address itself, or the first 64 bits of IPv6, which one client has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> _IPV6_NETWORK << _IPV6_NETWORK))
    return str(parsed)
