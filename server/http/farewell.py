"""The end of a stream by the server: its client has a moment to read what is written, and no more."""

import time
from typing import Final

from starlette.types import Scope

_KEY: Final = "leadgraph.farewell"


def say_farewell(scope: Scope) -> None:
    """Note that the request of the scope ends now, whatever its client still has to read."""
    scope.setdefault(_KEY, time.monotonic())


def farewell_of(scope: Scope) -> float | None:
    """Return the time of the farewell, or None."""
    at: float | None = scope.get(_KEY)
    return at
