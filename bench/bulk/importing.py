"""`leadgraph import-posts` of a large file, killed on the way and started again until it succeeds."""

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.bulk.memory import Watch
from bench.bulk.place import EMAIL, Place
from bench.bulk.posts import broken, matching, write_posts
from bench.bulk.report import Part

HOWS: Final = ("SIGKILL", "SIGINT", "PostgreSQL")
_COUNTED: Final = "SELECT mentions_count FROM users WHERE id = $1"
_STORED: Final = """
SELECT jsonb_build_array(count(*), coalesce(sum(substr(external_id, 2)::bigint), 0))::text
FROM mentions WHERE keyword_id = $1 AND external_id LIKE 'p%'
"""


def run(place: Place, watch: Watch, rows: int, every: int, ending: str, kills: int) -> Part:
    """Import the rows of a new file, and compare the mentions and the rejected rows with the file."""
    file, rejects = place.home / f"posts.{ending}", place.home / "rejected.jsonl"
    began = time.monotonic()
    write_posts(file, rows, every)
    part = Part(f"import-posts of {ending}", rows)
    part.notes.append(
        f"file of {file.stat().st_size / 1e6:,.0f} MB, written in {time.monotonic() - began:.0f} s"
    )
    wanted, sum_wanted = matching(rows, every)
    goals = [wanted * (number + 1) // (kills + 1) for number in range(kills)]
    began = time.monotonic()
    _until_done(place, watch, file, rejects, goals)
    part.seconds = time.monotonic() - began
    stored, sum_stored = json.loads(place.value(_STORED, place.keyword_id))
    part.compare("mentions", stored, wanted)
    part.compare("sum of their numbers", sum_stored, sum_wanted)
    lines = _lines(rejects)
    part.compare("rejected rows in the file", len(lines), broken(rows))
    part.compare("distinct rejected rows", len(set(lines)), broken(rows))
    file.unlink()
    rejects.unlink(missing_ok=True)
    return part


def _lines(file: Path) -> list[int]:
    if not file.exists():
        return []
    with file.open() as lines:
        return [json.loads(line)["line"] for line in lines]


def _until_done(place: Place, watch: Watch, file: Path, rejects: Path, goals: Sequence[int]) -> None:
    """Run the command until it succeeds. Interrupt it each time that the mentions reach a goal."""
    left = list(enumerate(goals))
    while True:
        process = place.start(
            *("import-posts", str(file), "--user", EMAIL, "--platform", "web", "--rejects", str(rejects))
        )
        watch.add("import-posts", process.pid)
        while process.poll() is None:
            if left and place.value(_COUNTED, place.user_id) >= left[0][1]:
                _interrupt(place, process, HOWS[left.pop(0)[0] % len(HOWS)])
            time.sleep(0.2)
        if process.returncode == 0:
            return


def _interrupt(place: Place, process: subprocess.Popen[str], how: str) -> None:
    if how == "PostgreSQL":
        place.restart_postgres()
        return
    process.send_signal(signal.Signals[how])
    process.wait()
    place.kills[f"import-posts {how}"] += 1
