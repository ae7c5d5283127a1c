"""Computations that are running in this process, so that other tasks can wait for them."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from services.figures.cache.entry import Entry

Flight = asyncio.Future[Entry | None]
"""Resolves to an entry, to the computation's exception, or to None if its leader has left it."""


class Flights:
    """The running computations, by key."""

    def __init__(self) -> None:
        self._running: dict[str, Flight] = {}

    def of(self, keys: Collection[str]) -> dict[str, Flight]:
        return {key: self._running[key] for key in keys if key in self._running}

    @contextmanager
    def led(
        self, keys: Collection[str], *, runs_again: Callable[[], bool] = lambda: False
    ) -> Iterator[dict[str, Flight]]:
        """Lead flights for keys without one. Flights that are unresolved at the end resolve to None.

        So do those of a leader that `runs_again` on another server: its failure is not the one of the others.
        """
        loop = asyncio.get_running_loop()
        flights: dict[str, Flight] = {key: loop.create_future() for key in keys}
        self._running |= flights
        try:
            yield flights
        except Exception as failure:
            for flight in () if runs_again() else _open(flights):
                flight.set_exception(failure)
                flight.exception()  # marks it as retrieved, if no task waits for it
            raise
        finally:
            for flight in _open(flights):
                flight.set_result(None)
            for key in flights:
                del self._running[key]


def _open(flights: dict[str, Flight]) -> Iterator[Flight]:
    return (flight for flight in flights.values() if not flight.done())
