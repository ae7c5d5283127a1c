"""Collections of all objects visit only what came since the one before."""

import gc

from server.runtime.garbage import THRESHOLDS, short_collections


class Node:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.own = self


def test_survivors_of_a_full_collection_are_frozen() -> None:
    before = gc.get_threshold()
    with short_collections():
        assert gc.get_threshold() == THRESHOLDS
        kept = [[number] for number in range(20_000)]
        gc.collect()
        assert len(gc.get_objects()) < 10_000
        assert len(kept) == 20_000
        Node()
        assert gc.collect() >= 1
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
    assert any(each is kept for each in gc.get_objects())


def test_a_frozen_object_is_freed_with_its_last_reference() -> None:
    with short_collections():
        kept = [[number] for number in range(20_000)]
        gc.collect()
        before = gc.get_freeze_count()
        del kept
        assert before - gc.get_freeze_count() == 20_001
