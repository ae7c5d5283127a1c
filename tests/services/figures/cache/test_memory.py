"""The memory store is a bounded LRU cache."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from services.figures.cache.memory import OVERHEAD_BYTES, MemoryBackend

ENTRY = OVERHEAD_BYTES + 1 + 100
"""The size of an entry with a one-letter key and a hundred bytes."""


async def keep(backend: MemoryBackend, *keys: str, ttl: float = 60) -> None:
    for key in keys:
        await backend.multi_set([(key, bytes(100))], ttl=ttl)


async def kept(backend: MemoryBackend, keys: str) -> str:
    """Return the keys that have an entry. The check counts as use, from left to right."""
    found = await backend.multi_get(list(keys))
    return "".join(key for key, value in zip(keys, found, strict=True) if value is not None)


async def test_the_least_recently_used_entry_is_evicted() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b", "c")
    assert await kept(backend, "a") == "a"
    await keep(backend, "d")
    assert await kept(backend, "abcd") == "acd"
    assert backend.size_bytes == 3 * ENTRY


async def test_a_rewritten_entry_counts_once() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b", "a", "a", "c")
    assert await kept(backend, "abc") == "abc"
    assert (len(backend), backend.size_bytes) == (3, 3 * ENTRY)


async def test_an_oversized_entry_is_not_stored_and_evicts_nothing_else() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b")
    await backend.multi_set([("b", bytes(4 * ENTRY))], ttl=60)
    assert await kept(backend, "ab") == "a"


async def test_entries_expire() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", ttl=0.02)
    await keep(backend, "b")
    await asyncio.sleep(0.03)
    assert await kept(backend, "ab") == "b"
    assert (len(backend), backend.size_bytes) == (1, ENTRY)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 600)), max_size=60))
async def test_the_memory_bound_always_holds(writes: list[tuple[str, int]]) -> None:
    backend = MemoryBackend(1500)
    for key, size in writes:
        await backend.multi_set([(key, bytes(size))], ttl=60)
        assert backend.size_bytes <= 1500
        assert (await backend.multi_get([key]))[0] == bytes(size)
    sizes = [len(key) + len(value) + OVERHEAD_BYTES for key, (_, value) in backend._entries.items()]
    assert backend.size_bytes == sum(sizes)
