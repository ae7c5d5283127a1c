"""Garbage collections that stop the process for about ten milliseconds at most.

A collection of all objects takes as long as there are objects, such as those of prepared documents, of cached figures
and of a response under way. Here, the survivors of each such collection are frozen: later collections skip them, and
visit only what came since. A frozen object is still freed when the last reference to it goes. Only a cycle of objects
that was in use during a collection and is dropped later stays in memory; operations make no such cycles.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (5_000, 2, 1)
"""New containers until a collection of the youngest, the middle and all generations. A response is thousands of
containers that die together, and a collection in between finds nothing. A full collection visits at most 30,000 new
containers: a stream of mentions makes thousands per batch, and other users wait meanwhile."""


@contextmanager
def short_collections() -> Iterator[None]:
    """Freeze all existing objects, and the survivors of each full collection during the context."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.callbacks.append(_freeze_survivors)
    try:
        yield
    finally:
        gc.callbacks.remove(_freeze_survivors)
        gc.set_threshold(*before)
        gc.unfreeze()


def _freeze_survivors(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:  # noqa: PLR2004 - the oldest generation
        gc.freeze()


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage during the context, and freeze what it made.

    Imports make hundreds of thousands of objects that stay. Each collection in between would visit them all.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
