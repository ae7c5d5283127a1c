"""The ways of ingest. Each stores prepared input, and fails unless all mentions are new."""

import asyncio
import csv
import json
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.posts import as_item
from bench.servers import Running, ServerError
from db.engine.pool import Connection, Pool
from db.models import Platform
from db.statements.ingest import NewMention, NewPost
from services.importing.columns import open_posts
from services.importing.run import import_posts
from services.ingest.row import NewRow
from services.ingest.write import ingest
from services.matching.keyword_matchers import KeywordMatcher
from text.lexemes import vector

ROWS_PER_BATCH = 1000
COLUMNS = ["user_id", "keyword_id", *NewPost._fields, "search"]
INGEST = """
mutation Ingest($input: IngestMentionsInput!) {
  ingestMentions(input: $input) { createdCount results { outcome mentions { mentionId } errors { message } } }
}
"""

Run = Callable[[], Awaitable[None]]
Prepare = Callable[[Sequence[NewMention]], Run]


@dataclass(frozen=True, slots=True)
class Way:
    """A way of ingest. `prepare` does the unmeasured work, and returns the function to measure."""

    name: str
    title: str
    prepare: Prepare


def _record(user_id: int, mention: NewMention) -> tuple[object, ...]:
    post = mention.post
    return user_id, mention.keyword_id, *post, vector(post.title, post.content)


def batches(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [rows[start : start + ROWS_PER_BATCH] for start in range(0, len(rows), ROWS_PER_BATCH)]


class Ways:
    def __init__(self, pool: Pool, user_id: int, server: Running, folder: Path) -> None:
        self._pool = pool
        self._user_id = user_id
        self._server = server
        self._folder = folder

    def all(self) -> list[Way]:
        return [
            Way("copy", "COPY, no triggers and no foreign keys", self._copy_without_triggers),
            Way("triggers", "COPY", self._copy),
            Way("set", "the set-wise path alone", self._set),
            Way("mutation", "`ingestMentions`", self._mutation),
            Way("stream", "`POST /ingest/mentions`", self._stream),
            Way("matched", "the same, keywords found in the text", self._matched_stream),
            Way("analyzed", "the same, and analysed", self._analyzed_stream),
            Way("import", "`import-posts`, keywords found in the text", self._import),
        ]

    async def fill(self, mentions: Sequence[NewMention]) -> None:
        await self._copy(mentions)()

    def _copy(self, mentions: Sequence[NewMention]) -> Run:
        records = [_record(self._user_id, mention) for mention in mentions]

        async def run() -> None:
            async with self._pool.acquire() as connection:
                await _copy_in(connection, records)

        return run

    def _copy_without_triggers(self, mentions: Sequence[NewMention]) -> Run:
        records = [_record(self._user_id, mention) for mention in mentions]

        async def run() -> None:
            async with self._pool.acquire() as connection:
                await connection.execute("SET session_replication_role = replica")
                try:
                    await _copy_in(connection, records)
                finally:
                    await connection.execute("RESET session_replication_role")

        return run

    def _set(self, mentions: Sequence[NewMention]) -> Run:
        rows = [NewRow(mention.post, mention.keyword_id) for mention in mentions]

        async def run() -> None:
            matcher = KeywordMatcher(self._user_id)
            for batch in batches(rows):
                _require(
                    sum(len(row.mentions) for row in await ingest(self._pool, matcher, batch)), len(batch)
                )

        return run

    def _mutation(self, mentions: Sequence[NewMention]) -> Run:
        bodies = [
            orjson.dumps({"query": INGEST, "variables": {"input": {"items": list(map(as_item, batch))}}})
            for batch in batches(mentions)
        ]

        async def run() -> None:
            headers = {**self._server.server.headers, "content-type": "application/json"}
            async with httpx.AsyncClient(headers=headers, timeout=300) as client:
                for body in bodies:
                    answer = await client.post(f"{self._origin}/graphql", content=body)
                    created = answer.json()["data"]["ingestMentions"]["createdCount"]
                    _require(created, min(ROWS_PER_BATCH, len(mentions)))

        return run

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def _stream(self, mentions: Sequence[NewMention]) -> Run:
        body = _lines([as_item(mention) for mention in mentions])
        return lambda: self._send(body, "created", len(mentions))

    def _matched_stream(self, mentions: Sequence[NewMention]) -> Run:
        body = _lines([as_item(mention, keyword=False) for mention in mentions])
        return lambda: self._send(body, "created", len(mentions))

    def _analyzed_stream(self, mentions: Sequence[NewMention]) -> Run:
        body = _lines([as_item(mention, keyword=False) for mention in mentions])
        return lambda: self._send(body, "created", len(mentions), "?analyze=true")

    @property
    def again(self) -> Way:
        """Send a stream of rows that exist already."""
        return Way("again", "`POST /ingest/mentions`, all of it there before", self._repeated_stream)

    def _repeated_stream(self, mentions: Sequence[NewMention]) -> Run:
        body = _lines([as_item(mention) for mention in mentions])
        return lambda: self._send(body, "duplicate", len(mentions))

    async def _send(self, body: bytes, outcome: str, number: int, query: str = "") -> None:
        """Send while reading, like curl."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        head = [
            f"POST /ingest/mentions{query} HTTP/1.1",
            "host: 127.0.0.1",
            "connection: close",
            "content-type: application/x-ndjson",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in self._server.server.headers.items()),
        ]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + body)
        last = b""
        while piece := await reader.read(1_000_000):
            last = (last + piece)[-2000:]
        writer.close()
        lines = [line for line in last.splitlines() if line.startswith(b'{"summary"')]
        _require(json.loads(lines[-1])["summary"][outcome] if lines else 0, number)

    def _import(self, mentions: Sequence[NewMention]) -> Run:
        with tempfile.NamedTemporaryFile(
            "w", suffix=".csv", dir=self._folder, delete=False, newline="", encoding="utf-8"
        ) as file:
            writer = csv.writer(file)
            writer.writerow(("id", "title", "content", "url", "author", "likes", "comments", "published"))
            for _, post in mentions:
                counts = (post.likes, post.comments, "2026-01-31T12:00:00Z")
                writer.writerow((post.external_id, post.title, post.content, post.url, post.author, *counts))
        path = Path(file.name)

        async def run() -> None:
            matcher = KeywordMatcher(self._user_id)
            with open_posts(path, Platform.REDDIT) as posts:
                summary = await import_posts(self._pool, matcher, posts, ahead=True)
            await asyncio.to_thread(path.unlink)
            _require(summary.created, len(mentions))

        return run


async def _copy_in(connection: Connection, records: Sequence[tuple[Any, ...]]) -> None:
    for batch in batches(records):
        await connection.copy_records_to_table("mentions", records=batch, columns=COLUMNS)


def _lines(items: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)


def _require(found: int, expected: int) -> None:
    if found != expected:
        raise ServerError(f"{found} rows were stored instead of {expected}.")
