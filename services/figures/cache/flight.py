"""Who computes what in this process, so that others can wait for it instead of computing it too."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from services.figures.cache.entry import Entry

Flight = asyncio.Future[Entry | None]
"""Ends in an entry, in the failure of the computation, or in None when its leader was cancelled."""


class Flights:
    """The computations under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}

    def of(self, keys: Collection[str]) -> dict[str, Flight]:
        """Those that somebody leads already."""
        return {key: self._under_way[key] for key in keys if key in self._under_way}

    @contextmanager
    def led(self, keys: Collection[str]) -> Iterator[dict[str, Flight]]:
        """Leads flights for keys that nobody leads. What is not ended inside is given up for others to lead."""
        loop = asyncio.get_running_loop()
        flights: dict[str, Flight] = {key: loop.create_future() for key in keys}
        self._under_way |= flights
        try:
            yield flights
        except Exception as failure:
            for flight in _open(flights):
                flight.set_exception(failure)
                flight.exception()  # perhaps nobody waits for it
            raise
        finally:
            for flight in _open(flights):
                flight.set_result(None)
            for key in flights:
                del self._under_way[key]


def _open(flights: dict[str, Flight]) -> Iterator[Flight]:
    return (flight for flight in flights.values() if not flight.done())


async def outcome(flight: Flight) -> Entry | None:
    """How the flight ends. Whoever stops waiting for it does not end it."""
    return await asyncio.shield(flight)
