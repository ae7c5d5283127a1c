"""An export of millions of rows, and its download, while worker and server are killed."""

import hashlib
import json
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from bench.bulk.memory import Watch
from bench.bulk.place import Place, end, kill
from bench.bulk.report import Part

CREATE: Final = """
mutation($input: CreateExportInput!) { createExport(input: $input) { export { id } userErrors { message } } }
"""
STATE: Final = "query($id: ID!) { export(id: $id) { status rowsCount rowsTotal error url } }"
PIECE_BYTES: Final = 1 << 16
ADD_LOGS: Final = """
INSERT INTO integration_logs (user_id, integration_id, kind, status, items_found, message, created_at)
SELECT $1, $2, 'sync', 'succeeded', n, 'the run ' || md5(n::text) || ' read a page of posts',
    '2026-01-01'::timestamptz + n / 3 * interval '1 second'
FROM generate_series($3::bigint, $4::bigint) AS n
"""
ROWS_PER_INSERT: Final = 100_000


@dataclass(slots=True)
class _Rows:
    """The rows of a file as they arrive. `seen` has a bit for each number."""

    seen: bytearray
    inflater: Any = field(default_factory=lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))
    rest: bytes = b""
    rows: int = 0
    doubled: int = 0

    def feed(self, piece: bytes) -> None:
        *lines, self.rest = (self.rest + self.inflater.decompress(piece)).split(b"\n")
        for line in lines:
            number = json.loads(line)["itemsFound"]
            place, bit = divmod(number, 8)
            self.rows += 1
            self.doubled += bool(self.seen[place] >> bit & 1)
            self.seen[place] |= 1 << bit


def run(place: Place, watch: Watch, rows: int, kills: int) -> Part:
    """Export the logs of an integration and download the file, resumed after each kill."""
    part = Part("export of integration logs", rows)
    began = time.monotonic()
    _add_logs(place, rows)
    part.notes.append(f"rows inserted in {time.monotonic() - began:.0f} s")
    server = place.start_server(watch)
    try:
        began = time.monotonic()
        url, server = _write(place, watch, server, rows, kills)
        part.seconds = time.monotonic() - began
        began = time.monotonic()
        found, size, resumed, server = _download(place, watch, server, url, rows, kills)
        seconds = time.monotonic() - began
        part.notes.append(
            f"download of {size / 1e6:,.0f} MB in {seconds:.0f} s, resumed {resumed} times, the rows of which are checked"
        )
    finally:
        end(server)
    part.compare("rows in the file", found.rows, rows)
    part.compare("distinct rows", sum(byte.bit_count() for byte in found.seen), rows)
    part.compare("doubled rows", found.doubled, 0)
    return part


def _add_logs(place: Place, rows: int) -> None:
    integration = place.value(
        "INSERT INTO integrations (user_id, provider, kind, name, external_account_id) "
        "VALUES ($1, 'reddit', 'source', 'Bulk', 'bulk') RETURNING id",
        place.user_id,
    )
    for first in range(0, rows, ROWS_PER_INSERT):
        last = min(first + ROWS_PER_INSERT, rows) - 1
        place.value(ADD_LOGS, place.user_id, integration, first, last)


def _ask(place: Place, query: str, **variables: object) -> Any:
    body = {"query": query, "variables": variables}
    answer = httpx.post(f"{place.origin}/graphql", json=body, headers=place.headers, timeout=60)
    return answer.json()["data"]


def _write(place: Place, watch: Watch, server: Any, rows: int, kills: int) -> tuple[str, Any]:
    """Create the export and wait for its end. Kill the worker and the server on the way."""
    wanted = {"list": {"integrationLogs": {}}, "format": "JSON_LINES"}
    export_id = _ask(place, CREATE, input=wanted)["createExport"]["export"]["id"]
    goals = [rows * (number + 1) // (kills + 1) for number in range(kills)]
    worker, last = place.start_worker(watch), 0
    try:
        while True:
            state = _ask(place, STATE, id=export_id)["export"]
            if state["status"] not in {"QUEUED", "RUNNING"}:
                break
            if state["rowsCount"] < last:
                raise RuntimeError(f"The export lost rows: {last} became {state['rowsCount']}.")
            last = state["rowsCount"]
            if goals and last >= goals[0]:
                goals.pop(0)
                kill(place, "worker SIGKILL", worker)
                worker = place.start_worker(watch)
                kill(place, "server SIGKILL", server)
                server = place.start_server(watch)
            time.sleep(0.5)
    finally:
        end(worker)
    if state["status"] != "SUCCEEDED":
        raise RuntimeError(f"The export is {state['status']}: {state['error']}")
    return state["url"], server


def _download(
    place: Place, watch: Watch, server: Any, url: str, rows: int, kills: int
) -> tuple[_Rows, int, int, Any]:
    """Download the file. After each kill of the server, request the rest with Range and If-Range."""
    found, digest = _Rows(bytearray(rows // 8 + 1)), hashlib.sha256()
    size, position, etag, resumed = 1, 0, "", 0
    goals: list[int] | None = None
    while position < size:
        headers = (
            {**place.headers, "range": f"bytes={position}-", "if-range": etag} if position else place.headers
        )
        with (
            suppress(httpx.TransportError),
            httpx.stream("GET", place.origin + url, headers=headers, timeout=120) as answer,
        ):
            if answer.status_code != (206 if position else 200) or (etag and answer.headers["etag"] != etag):
                raise RuntimeError(f"The download cannot be resumed: {answer.status_code}")
            etag, resumed = answer.headers["etag"], resumed + bool(position)
            size = position + int(answer.headers["content-length"])
            if goals is None:
                goals = [size * (number + 1) // (kills + 1) for number in range(kills)]
            for piece in answer.iter_raw(PIECE_BYTES):
                digest.update(piece)
                found.feed(piece)
                position += len(piece)
                if goals and position >= goals[0]:
                    goals.pop(0)
                    kill(place, "server SIGKILL in a download", server)
                    break
        if server.poll() is not None:
            server = place.start_server(watch)
    return found, size, resumed, server
