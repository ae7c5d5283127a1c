"""The processes of a server, and their connections, as Linux shows them."""

import re
from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the running children of a process, in the order of their start."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (status := _status(folder)) is not None:
            parent, state = status
            if parent == pid and state != "Z":
                found.append(int(folder.name))
    return sorted(found)


def _status(folder: Path) -> tuple[int, str] | None:
    """Return the parent and the state of a process; None if it has ended."""
    try:
        state, parent = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
    except OSError:
        return None
    return int(parent), state


def is_running(pid: int) -> bool:
    status = _status(Path("/proc") / str(pid))
    return status is not None and status[1] != "Z"


def peers(pid: int, port: int) -> set[int]:
    """Return the ports of the clients whose connections to the port the process holds."""
    held = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(str(file.readlink()))
        except OSError:
            continue
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        local, remote, inode = (columns[at] for at in (1, 2, 9))
        if int(local.partition(":")[2], 16) == port and f"socket:[{inode}]" in held:
            found.add(int(remote.partition(":")[2], 16))
    return found - {0}


def threads(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"Threads:\s+(\d+)", status)
    assert found is not None
    return int(found[1])
