"""The memory of processes over time."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.soak.place import backends_of

EVERY_SECONDS: Final = 0.5
LATER_GROWTH_MB: Final = 20.0
"""The allowed growth between a tenth of the life of a process and its end."""
_SETTLED: Final = 0.1
_LONG_ENOUGH_SECONDS: Final = 120
"""The length of a life that can be judged. A tenth of a shorter one is the start of the process."""
_RESIDENT: Final = re.compile(r"VmRSS:\s+(\d+) kB")
_ANONYMOUS: Final = re.compile(r"RssAnon:\s+(\d+) kB")


@dataclass(slots=True)
class Life:
    """The memory of one process in MB, with the time of each sample in seconds."""

    name: str
    times: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        return max(self.sizes)

    @property
    def settled(self) -> float:
        """The memory after a tenth of the life."""
        at = self.times[0] + _SETTLED * (self.times[-1] - self.times[0])
        return next(size for time_, size in zip(self.times, self.sizes, strict=True) if time_ >= at)

    @property
    def growth(self) -> float:
        return self.sizes[-1] - self.settled

    @property
    def slope(self) -> float:
        """The growth per minute after the first tenth, by least squares."""
        start = len(self.times) // 10
        times, sizes = self.times[start:], self.sizes[start:]
        middle, mean = sum(times) / len(times), sum(sizes) / len(sizes)
        spread = sum((each - middle) ** 2 for each in times)
        if not spread:
            return 0.0
        return 60 * sum((t - middle) * (s - mean) for t, s in zip(times, sizes, strict=True)) / spread

    @property
    def seconds(self) -> float:
        return self.times[-1] - self.times[0]

    @property
    def is_judged(self) -> bool:
        return self.seconds >= _LONG_ENOUGH_SECONDS

    @property
    def is_flat(self) -> bool:
        return not self.is_judged or self.growth <= LATER_GROWTH_MB

    def text(self) -> str:
        return (
            f"{self.name}: peak {self.peak:.0f} MB, after 10 % {self.settled:.0f} MB, at the end {self.sizes[-1]:.0f} MB, "
            f"{self.slope:+.2f} MB/min over {self.seconds:.0f} s{'' if self.is_judged else ' (too short to judge)'}"
        )


class Watch:
    """Samples the memory of processes and of PostgreSQL's backends. Of backends, shared memory does not count."""

    def __init__(self, postmaster: Callable[[], int | None]) -> None:
        self._postmaster = postmaster
        self.lives: dict[int, Life] = {}
        self._names: dict[int, str] = {}
        self._stopped = threading.Event()

    def add(self, name: str, pid: int) -> None:
        self._names[pid] = name

    def sample(self) -> None:
        for pid, name in list(self._names.items()):
            self._note(pid, name, _RESIDENT)
        try:
            postmaster = self._postmaster()
            backends = backends_of(postmaster) if postmaster else []
        except OSError:
            backends = []  # PostgreSQL restarts
        for pid in backends:
            self._note(pid, "PostgreSQL backend", _ANONYMOUS)

    def _note(self, pid: int, name: str, column: re.Pattern[str]) -> None:
        try:
            found = column.search(Path(f"/proc/{pid}/status").read_text())
        except OSError:
            found = None
        if found is None:
            self._names.pop(pid, None)
            return
        life = self.lives.setdefault(pid, Life(name))
        life.times.append(time.monotonic())
        life.sizes.append(int(found[1]) / 1024)

    def run(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            self.sample()

    def stop(self) -> None:
        self._stopped.set()

    def worst(self) -> list[Life]:
        """Return the life of each kind of process that grew most, of those that lived long enough."""
        found: dict[str, Life] = {}
        for life in self.lives.values():
            known = found.get(life.name)
            if known is None or (life.is_judged, life.growth) > (known.is_judged, known.growth):
                found[life.name] = life
        return list(found.values())


@contextmanager
def watching(postmaster: Callable[[], int | None]) -> Iterator[Watch]:
    """Sample in a thread during the context."""
    watch = Watch(postmaster)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join()
