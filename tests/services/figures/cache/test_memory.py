"""The memory of one process is bounded, and keeps what was used last."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from services.figures.cache.memory import OVERHEAD_BYTES, MemoryBackend

ENTRY = OVERHEAD_BYTES + 1 + 100
"""The size of an entry with a key of one letter and a hundred bytes."""


async def keep(backend: MemoryBackend, *keys: str, ttl: float = 60) -> None:
    for key in keys:
        await backend.multi_set([(key, bytes(100))], ttl=ttl)


async def kept(backend: MemoryBackend, keys: str) -> str:
    """Those of the keys that have an entry; looking counts as use, from left to right."""
    found = await backend.multi_get(list(keys))
    return "".join(key for key, value in zip(keys, found, strict=True) if value is not None)


async def test_what_was_used_longest_ago_makes_room() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b", "c")
    assert await kept(backend, "a") == "a"
    await keep(backend, "d")
    assert await kept(backend, "abcd") == "acd"
    assert backend.size_bytes == 3 * ENTRY


async def test_an_entry_that_is_kept_again_takes_its_room_once() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b", "a", "a", "c")
    assert await kept(backend, "abc") == "abc"
    assert (len(backend), backend.size_bytes) == (3, 3 * ENTRY)


async def test_what_is_larger_than_all_room_is_not_kept_and_drives_nothing_out() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", "b")
    await backend.multi_set([("b", bytes(4 * ENTRY))], ttl=60)
    assert await kept(backend, "ab") == "a"


async def test_entries_end() -> None:
    backend = MemoryBackend(3 * ENTRY)
    await keep(backend, "a", ttl=0.02)
    await keep(backend, "b")
    await asyncio.sleep(0.03)
    assert await kept(backend, "ab") == "b"
    assert (len(backend), backend.size_bytes) == (1, ENTRY)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 600)), max_size=60))
async def test_the_bound_holds_whatever_is_kept(writes: list[tuple[str, int]]) -> None:
    backend = MemoryBackend(1500)
    for key, size in writes:
        await backend.multi_set([(key, bytes(size))], ttl=60)
        assert backend.size_bytes <= 1500
        assert (await backend.multi_get([key]))[0] == bytes(size)
    sizes = [len(key) + len(value) + OVERHEAD_BYTES for key, (_, value) in backend._entries.items()]
    assert backend.size_bytes == sum(sizes)
