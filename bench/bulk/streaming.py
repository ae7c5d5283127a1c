"""`POST /ingest/mentions` with millions of rows in one stream, resumed after kills of the server."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx

from bench.bulk.memory import Watch
from bench.bulk.place import Place, end, kill
from bench.bulk.posts import broken, ingest_lines, matching
from bench.bulk.report import Part

_STORED = "SELECT count(*) FROM mentions WHERE keyword_id = $1"


def run(place: Place, watch: Watch, rows: int, every: int, kills: int) -> Part:
    """Send all rows, and the rest again from the last answered row after each kill of the server."""
    part = Part("POST /ingest/mentions", rows)
    wanted, _ = matching(rows, every)
    goals = [rows * (number + 1) // (kills + 1) for number in range(kills)]
    server, answered, failed, began = place.start_server(watch), 0, 0, time.monotonic()
    while answered < rows:
        with suppress(httpx.TransportError):
            for line in _answers(place, answered, rows, every):
                if "summary" in line:
                    continue
                answered = line["line"]
                failed += line["outcome"] == "FAILED"
                server = _killed(place, server, answered, goals)
        if server.poll() is not None:
            server = place.start_server(watch)
    part.seconds = time.monotonic() - began
    end(server)
    part.compare("mentions", place.value(_STORED, place.keyword_id), wanted)
    part.compare("failed rows", failed, broken(rows))
    return part


def _answers(place: Place, first: int, rows: int, every: int) -> Iterator[dict[str, Any]]:
    """Yield the results of the rows from a number on. Raise `TransportError` when the server is killed."""
    headers = {**place.headers, "content-type": "application/x-ndjson"}
    url = f"{place.origin}/ingest/mentions?firstLine={first + 1}"
    with httpx.stream(
        "POST", url, content=ingest_lines(first, rows, every), headers=headers, timeout=120
    ) as answer:
        for line in answer.iter_lines():
            yield json.loads(line)


def _killed(
    place: Place, server: subprocess.Popen[str], answered: int, goals: list[int]
) -> subprocess.Popen[str]:
    if not goals or answered < goals[0]:
        return server
    goals.pop(0)
    kill(place, "server SIGKILL", server)
    return server
