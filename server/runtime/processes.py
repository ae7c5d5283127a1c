"""Several processes that serve together: forked from one, started again when one ends, and stopped together.

The supervisor binds the sockets and loads the schema, and the processes share both. It serves nothing itself. Each
process has a line to the supervisor, a pair of sockets: the process says when it is ready, and the supervisor when to
stop. The end of a line tells a process that the supervisor has died (docs/decisions/0057-processes.md).
"""

import logging
import multiprocessing
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Final, TypeAlias

from server.runtime.errors import CommandError
from server.runtime.signals import stop_on_sigterm

logger = logging.getLogger("leadgraph")

DRAIN: Final = b"d"
"""Refuse nothing yet, but let balancers know that the server stops."""
NOW: Final = b"n"
"""Stop without the time to drain."""
FORCE: Final = b"f"
"""Stop without the time for running requests, too."""
_READY: Final = b"r"

DEATHS_SECONDS: Final = 60.0
QUICK_RESTARTS: Final = 3
"""The deaths in `DEATHS_SECONDS` after which a process is started again at once."""
LONGEST_PAUSE: Final = 30.0
RETRY_SECONDS: Final = 1.0
"""Time until another attempt if the system has no room for a process."""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Line:
    """A process's end of its line to the supervisor, and its place among the processes, from 0."""

    place: int
    socket: socket.socket

    def say_ready(self) -> None:
        """Tell the supervisor that the process serves."""
        with suppress(OSError):  # the supervisor has died, and the process notices that by itself
            self.socket.send(_READY)

    def orders(self) -> bytes | None:
        """Return the orders that have arrived. Return None if the supervisor has died."""
        try:
            return self.socket.recv(16, socket.MSG_DONTWAIT) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None


Work: TypeAlias = Callable[[Line], None]


@dataclass(eq=False, slots=True)
class _Process:
    """A process as the supervisor sees it."""

    place: int
    process: BaseProcess
    line: socket.socket
    is_ready: bool = False

    def order(self, order: bytes) -> None:
        with suppress(OSError):  # the process has ended
            self.line.send(order)

    @property
    def end(self) -> str:
        """How the process ended."""
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def pause_after(deaths: int) -> float:
    """Return the seconds until a process is started again, after so many deaths within a minute."""
    return 0.0 if deaths <= QUICK_RESTARTS else min(2.0 ** (deaths - QUICK_RESTARTS - 1), LONGEST_PAUSE)


class Supervisor:
    """Runs `work` in a `number` of processes until SIGINT or SIGTERM.

    The first process starts alone, so that a server that cannot start says so once. `sockets` are closed here when the
    server stops: the last process that closes them lets the system refuse connections. Processes that have not ended
    `seconds` after the signal are killed. `when_ended` receives the place of each process that has ended.
    """

    def __init__(
        self,
        work: Work,
        number: int,
        *,
        sockets: Sequence[socket.socket] = (),
        seconds: float = 45,
        when_ready: Callable[[], None] = lambda: None,
        when_ended: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._work = work
        self._number = number
        self._sockets = sockets
        self._seconds = seconds
        self._when_ready = when_ready
        self._when_ended = when_ended
        self._running: dict[int, _Process] = {}
        self._due: dict[int, float] = dict.fromkeys(range(number), 0.0)
        """The places without a process, and the times at which they get one."""
        self._deaths: deque[float] = deque()
        self._is_announced = False
        self._signals: list[int] = []
        self._ordered: list[bytes] = []
        self._killed_at = 0.0
        self._woken, self._waking = socket.socketpair()

    def run(self) -> None:
        """Run until all processes have ended. Raise `CommandError` if none of them can be kept running."""
        for end in (self._woken, self._waking):
            end.setblocking(False)
        before = {number: signal.signal(number, self._note_signal) for number in _SIGNALS}
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        try:
            while self._running or not self._ordered:
                self._start_due()
                self._look()
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._kill()

    def _note_signal(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _start_due(self) -> None:
        """Start the processes that are due: at first one, and the others when it is ready."""
        if self._ordered:
            return
        has_begun = self._is_announced or any(each.is_ready for each in self._running.values())
        for place, at in sorted(self._due.items()):
            if at <= time.monotonic() and (has_begun or not self._running):
                del self._due[place]
                self._start(place)

    def _start(self, place: int) -> None:
        """Fork a process. Its signals wait until it handles them."""
        ours, theirs = socket.socketpair()
        line = Line(place, theirs)
        process = multiprocessing.get_context("fork").Process(target=self._begin, args=(line, ours))
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            process.start()
        except OSError as failure:
            ours.close()
            self._note_no_start(place, failure)
        else:
            self._running[place] = _Process(place, process, ours)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            theirs.close()

    def _note_no_start(self, place: int, failure: OSError) -> None:
        """Plan another attempt, since the other processes serve meanwhile. Before all were ready, give up."""
        if not self._is_announced:
            self._give_up(f"A process of the server cannot start ({failure}).")
        logger.error(
            "Process %d of the server cannot start (%s). Another attempt follows in %g seconds",
            place,
            failure,
            RETRY_SECONDS,
        )
        self._due[place] = time.monotonic() + RETRY_SECONDS

    def _begin(self, line: Line, ours: socket.socket) -> None:
        """Do the work in the new process. Close the other lines, whose ends tell their processes of a death."""
        signal.set_wakeup_fd(-1)
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # a terminal sends it to all, and the supervisor says what it means
        stop_on_sigterm()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        for end in (ours, self._woken, self._waking, *(each.line for each in self._running.values())):
            end.close()
        try:
            self._work(line)
        except CommandError as problem:
            if self._is_announced:
                logger.error("A process of the server cannot start: %s", problem)  # noqa: TRY400 - a sentence is enough
            else:
                sys.stderr.write(f"leadgraph: {problem}\n")
            sys.exit(problem.exit_code)
        except KeyboardInterrupt:  # a SIGTERM before the process served
            sys.exit(0)

    def _look(self) -> None:
        """Wait for news: signals, words of the processes, and their ends."""
        running = list(self._running.values())
        lines = [each.line for each in running if not each.is_ready]
        found = wait([self._woken, *lines, *(each.process.sentinel for each in running)], self._pause())
        with suppress(BlockingIOError):
            self._woken.recv(64)
        while self._signals:
            self._handle(self._signals.pop(0))
        for each in running:
            if each.line in found:
                each.is_ready = self._says_ready(each)
            if each.process.sentinel in found:
                self._bury(each)
        if (
            not self._is_announced
            and len([each for each in self._running.values() if each.is_ready]) == self._number
        ):
            self._is_announced = True
            self._when_ready()
        if self._ordered and time.monotonic() >= self._killed_at:
            self._kill()

    def _pause(self) -> float | None:
        """Return the time until the next start or the last moment of a stop."""
        times = [self._killed_at] if self._ordered else list(self._due.values()) if self._is_announced else []
        return max(0.0, min(times) - time.monotonic()) if times else None

    @staticmethod
    def _says_ready(each: _Process) -> bool:
        with suppress(OSError):
            return each.line.recv(1) == _READY
        return False

    def _handle(self, number: int) -> None:
        """Order all processes to stop. Ctrl-C and a second signal leave no time to drain, a second Ctrl-C none at all."""
        if number == signal.SIGINT:
            order = FORCE if NOW in self._ordered else NOW
        else:
            order = NOW if self._ordered else DRAIN
        self._stop(order)

    def _stop(self, order: bytes) -> None:
        if not self._ordered:
            self._killed_at = time.monotonic() + self._seconds
            self._due.clear()
            for listening in self._sockets:
                listening.close()
        self._ordered.append(order)
        for each in self._running.values():
            each.order(order)

    def _bury(self, each: _Process) -> None:
        """Plan the start of another process at the place of one that has ended."""
        self._forget(each)
        if self._ordered:
            return
        if not self._is_announced:
            self._give_up(
                f"A process of the server ended before all were ready ({each.end}).", each.process.exitcode
            )
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths[0] < now - DEATHS_SECONDS:
            self._deaths.popleft()
        pause = pause_after(len(self._deaths))
        if pause and not self._running:
            self._give_up(
                f"All processes of the server have ended, {len(self._deaths)} times within a minute in total."
            )
        logger.warning(
            "Process %d of the server ended (%s). Another one starts %s",
            each.place,
            each.end,
            f"in {pause:g} seconds" if pause else "now",
        )
        self._due[each.place] = now + pause

    def _give_up(self, sentence: str, code: int | None = None) -> None:
        """Stop the other processes, and end: with a process's own exit code, since it has said why, or with a sentence."""
        self._stop(NOW)
        while self._running and time.monotonic() < self._killed_at:
            self._look()
        if code is not None and code > 0:
            sys.exit(code)
        raise CommandError(f"{sentence} Read the lines of the log before this one.")

    def _kill(self) -> None:
        """Kill the processes that are left."""
        for each in list(self._running.values()):
            logger.error("Process %d of the server did not end in time and is killed", each.place)
            each.process.kill()
            self._forget(each)

    def _forget(self, each: _Process) -> None:
        each.process.join()
        each.line.close()
        del self._running[each.place]
        self._when_ended(each.place)
