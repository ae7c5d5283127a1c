"""The interface of a store, in this process's memory or shared by processes."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol


class Claim(NamedTuple):
    """The result of reading keys and locking them for computation at once."""

    values: list[bytes | None]
    """The stored values of the keys, read after the attempt to lock."""
    held: list[str]
    """The keys that the caller has locked. Other callers hold the rest."""
    failures: list[Exception]
    """Failures to set a lock. Such keys count as held, so two callers may compute the same value."""


class Backend(Protocol):
    """Bulk operations, and locks. A lock is a separate key that expires with its lease."""

    shared: ClassVar[bool]
    """True if other processes see the same entries."""

    async def multi_get(self, keys: Sequence[str]) -> list[bytes | None]: ...

    async def heads(self, keys: Sequence[str], length: int) -> Sequence[bytes | None]:
        """Return the first bytes of each value, or None for a value that does not exist."""

    async def multi_set(self, pairs: Iterable[tuple[str, bytes]], ttl: float) -> object: ...

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim: ...

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None: ...

    async def release(self, keys: Sequence[str], token: bytes) -> None: ...

    def is_unusable(self, failure: Exception) -> bool:
        """Return whether the failure concerns the whole store, not a key."""

    async def probe(self) -> None:
        """Use the store like the operations do. Raise an exception if it cannot be used."""

    async def close(self) -> object: ...
