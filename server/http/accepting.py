"""Accepting connections beside other processes, so that each process gets its share.

Event loops accept all waiting connections at once. A process that is faster by a moment would take all connections of a
proxy, and keep them. Here, a process accepts one connection at a time. If it has more than another one, it leaves the
connection to the others for a moment first.
"""

import asyncio
import logging
import mmap
import socket
from collections.abc import Callable
from contextlib import suppress
from struct import Struct
from typing import Final

logger = logging.getLogger("leadgraph")

LEAVE_SECONDS: Final = 0.005
"""Time in which a connection is left to processes with fewer connections. They may be busy, so it is short."""
RETRY_SECONDS: Final = 1.0
"""Time without accepting after a failure, such as too many open files."""
ABSENT: Final = 2**31
"""The number of a place without a process: no connection is left to it."""
_NUMBER: Final = Struct("@I")
_NO_CONNECTION: Final = (BlockingIOError, InterruptedError, ConnectionAbortedError)


class Loads:
    """The numbers of connections of all processes, in memory that forked processes share."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._memory = mmap.mmap(-1, places * _NUMBER.size)
        for place in range(places):
            self.note(place, ABSENT)

    def note(self, place: int, connections: int) -> None:
        """Note the number of connections of the process at a place."""
        _NUMBER.pack_into(self._memory, place * _NUMBER.size, connections)

    def has_least(self, place: int) -> bool:
        """Return whether no other process has fewer connections than the one at this place."""
        numbers = [_NUMBER.unpack_from(self._memory, each * _NUMBER.size)[0] for each in range(self._places)]
        return bool(numbers[place] <= min(numbers))


class Acceptor:
    """Accepts connections of a listening socket for the process at a place. `connections` returns their number."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        connections: Callable[[], int],
        loads: Loads,
        place: int,
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._connections = connections
        self._loads = loads
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[None]] = set()
        self._accepts = False
        listening.setblocking(False)
        self.start()

    def start(self) -> None:
        """Accept connections, unless that is so already."""
        if not self._accepts:
            self._accepts = True
            self.note_load()
            self._loop.add_reader(self._listening, self._offered)

    def note_load(self) -> None:
        """Tell the other processes the number of connections."""
        if self._accepts:
            self._loads.note(self._place, self._connections() + len(self._opening))

    def stop(self) -> None:
        """Accept no more connections."""
        self._accepts = False
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        self._loop.remove_reader(self._listening)
        self._loads.note(self._place, ABSENT)

    def _offered(self) -> None:
        """Accept a connection now, or after a moment if another process has fewer."""
        self.note_load()
        if self._loads.has_least(self._place):
            self._accept()
        else:
            self._rest(LEAVE_SECONDS, self._accept)

    def _rest(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listening)

        def go_on() -> None:
            self._resting = None
            self._loop.add_reader(self._listening, self._offered)
            then()

        self._resting = self._loop.call_later(seconds, go_on)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except _NO_CONNECTION:  # another process has accepted it
            return
        except OSError as failure:
            logger.warning("No connection can be accepted (%s): trying again in %g s", failure, RETRY_SECONDS)
            self._rest(RETRY_SECONDS, self._accept)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the client has left
            await self._loop.connect_accepted_socket(self._protocol, connection)
