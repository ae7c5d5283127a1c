"""Turns of users at the rendering of payloads. A user with slow documents must not hold up the webhooks of others."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LONG_SECONDS: Final = 0.5
SHARE: Final = 4
"""A user rests for this many times as long as a long rendering took. It then takes a fifth of the time at most."""


class RenderingTurns:
    """The users who rest after a long rendering."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    @contextmanager
    def turn(self, user_id: int) -> Iterator[None]:
        """Measure the rendering of the context, and let its user rest if it was long."""
        began = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            if now - began > LONG_SECONDS:
                self._until[user_id] = now + SHARE * (now - began)

    def resting(self) -> set[int]:
        """Return the users who rest now."""
        now = time.monotonic()
        self._until = {user_id: until for user_id, until in self._until.items() if until > now}
        return set(self._until)
