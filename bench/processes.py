"""Memory and processor time of a server's processes, from /proc. None on systems without /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_KIB = 1024
_USER_TIME, _SYSTEM_TIME = 11, 12  # fields of /proc/PID/stat after the name


def tree(pid: int) -> Iterator[int]:
    """Return the IDs of a process and its descendants."""
    yield pid
    for children in (PROC / str(pid) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))


def peak_bytes(pid: int) -> int | None:
    """Return the sum of the peak memory of each process, since its start or the last `forget_peak`."""
    return _memory(pid, "VmHWM:")


def resident_bytes(pid: int) -> int | None:
    """Return the current memory of the processes."""
    return _memory(pid, "VmRSS:")


def forget_peak(pid: int) -> None:
    """Reset the measurement of peak memory, if the system supports it."""
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
    """Return the processor time of all processes so far."""
    if not PROC.is_dir():
        return None
    stats = [(PROC / str(process) / "stat").read_text().rpartition(")")[2].split() for process in tree(pid)]
    ticks = sum(int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME]) for fields in stats)
    return ticks / os.sysconf("SC_CLK_TCK")


def processor() -> str:
    """Return the processor's name, if the system shows it."""
    described = PROC / "cpuinfo"
    lines = described.read_text().splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown processor")
