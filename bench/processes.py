"""What a server's processes use, from /proc; None where the system has none."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_KIB = 1024
_USER_TIME, _SYSTEM_TIME = 11, 12  # fields of /proc/PID/stat, counted from behind the name


def tree(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    for children in (PROC / str(pid) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))


def peak_bytes(pid: int) -> int | None:
    """The sum of the most memory that each process held so far, or since `forget_peak`."""
    return _memory(pid, "VmHWM:")


def resident_bytes(pid: int) -> int | None:
    """The memory that its processes hold now."""
    return _memory(pid, "VmRSS:")


def forget_peak(pid: int) -> None:
    """Has the most memory be measured from here on, where the system can."""
    for process in tree(pid):
        with suppress(OSError):
            (PROC / str(process) / "clear_refs").write_text("5")


def _memory(pid: int, name: str) -> int | None:
    if not PROC.is_dir():
        return None
    statuses = [(PROC / str(process) / "status").read_text() for process in tree(pid)]
    found = [line.split()[1] for status in statuses for line in status.splitlines() if line.startswith(name)]
    return sum(int(number) for number in found) * _KIB


def cpu_seconds(pid: int) -> float | None:
    """The processor time of all its processes so far."""
    if not PROC.is_dir():
        return None
    stats = [(PROC / str(process) / "stat").read_text().rpartition(")")[2].split() for process in tree(pid)]
    ticks = sum(int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME]) for fields in stats)
    return ticks / os.sysconf("SC_CLK_TCK")


def processor() -> str:
    """Its name, as far as the system tells."""
    described = PROC / "cpuinfo"
    lines = described.read_text().splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")
