"""What a store has to be able to do, whether it lies in this process or is shared by many."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol

from aiocache.serializers import BaseSerializer


class Claim(NamedTuple):
    """What came of asking for some keys' values and, in the same breath, for the right to compute them."""

    values: list[bytes | None]
    """What lies under the keys, read after the locks were asked for."""
    held: list[str]
    """The keys that are now the claimant's to compute; the others are somebody else's."""
    failures: list[Exception]
    """Why locks could not be set. Their keys are held all the same: then two may compute one value."""


class Backend(Protocol):
    """aiocache's operations on many keys, and locks. A lock is a key of its own that ends with its lease."""

    shared: ClassVar[bool]
    """Whether other processes see the same entries."""

    async def multi_get(self, keys: Sequence[str]) -> list[bytes | None]: ...

    async def multi_set(self, pairs: Iterable[tuple[str, bytes]], ttl: float) -> object: ...

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim: ...

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None: ...

    async def release(self, keys: Sequence[str], token: bytes) -> None: ...

    async def close(self) -> object: ...


class Verbatim(BaseSerializer):  # type: ignore[misc]
    """Bytes in, bytes out: without an encoding aiocache does not try to make text of them."""

    DEFAULT_ENCODING = None

    def dumps(self, value: bytes) -> bytes:
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value
