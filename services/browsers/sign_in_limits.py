"""Limits of failed sign-ins, which slow guessing down and keep no user out.

Only failures count. A user who comes from a known device has a count of that device alone, so that failures of others
elsewhere never matter. The counts are those of this process: a guess also costs the time of its hash, which bounds the
guesses of all processes.
"""

import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

_PER_DEVICE: Final = RateLimitItemPerMinute(10, 15, "device")
_PER_CLIENT: Final = RateLimitItemPerMinute(10, 15, "client")
_PER_NETWORK: Final = RateLimitItemPerMinute(100, 15, "network")
_PER_ACCOUNT: Final = RateLimitItemPerMinute(100, 60, "account")
_IPV6_NETWORK: Final = 64

_Count: TypeAlias = tuple[RateLimitItem, tuple[str, ...]]


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
            return [(_PER_DEVICE, (self.account, self.device))]
        own: list[_Count] = [
            (_PER_CLIENT, (self.account, self.network)),
            (_PER_NETWORK, (self.network,)),
        ]
        return own if self.is_network_known else [*own, (_PER_ACCOUNT, (self.account,))]


class SignInLimits:
    """The counts of failed sign-ins in this process."""

    def __init__(self) -> None:
        self._counts = MovingWindowRateLimiter(MemoryStorage())

    async def wait(self, attempt: Attempt) -> int:
        """Return the number of seconds until the attempt is allowed, and 0 if it is allowed now."""
        waits = [0]
        for item, key in attempt.counts:
            if not await self._counts.test(item, *key):
                stats = await self._counts.get_window_stats(item, *key)
                waits.append(max(1, math.ceil(stats.reset_time - time.time())))
        return max(waits)

    async def note_failure(self, attempt: Attempt) -> None:
        """Count a wrong password."""
        for item, key in attempt.counts:
            await self._counts.hit(item, *key)

    async def forgive(self, attempt: Attempt) -> None:
        """Forget the failures that the right password has explained."""
        item, key = attempt.counts[0]
        await self._counts.clear(item, *key)


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
