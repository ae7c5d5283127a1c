"""One stream of rows: read in batches, stored batch by batch, and answered line by line."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from db.engine.steps import Steps
from resolvers.framework.errors import UNAVAILABLE
from resolvers.framework.global_id import encode
from resolvers.ingest import read_id
from server.http.protocol import RETRY_SOON, RequestError
from server.ingest.ndjson_response import NdjsonResponse
from server.ingest.options import IngestOptions, Results
from server.ingest.streaming_body import DisconnectedError, EncodingError, StreamingBody
from server.runtime.stopping import Stopping
from services.ingest.ndjson import LONGEST_LINE_BYTES, BadLineError, Line, LineSplitter, object_of
from services.ingest.row import FailedRow, NewRow, Row, row_of
from services.ingest.row_errors import IngestErrorCode, RowError
from services.ingest.write import ErrorPolicy, IngestedMention, IngestOutcome, RowResult

ROWS_PER_BATCH = 1000
BYTES_PER_BATCH = 4_000_000
LINGER_SECONDS = 0.2
"""Pause of the client after which the rows before it are written."""
LONGEST_WAIT_SECONDS = 1.0
"""How long a row waits for more rows to share a batch while the client sends without a pause."""
SILENCE_SECONDS = 30.0
"""Time limit for each line of the client. Blank lines count."""
MOST_ROWS_AT_ONCE = 10_000
MOST_BYTES_AT_ONCE = 16_000_000

_SILENT = (
    f"The stream sent no line for {SILENCE_SECONDS:.0f} seconds. Answered rows are stored. Send blank lines to "
    "keep a stream open."
)
STOPPING = "The server stops. Answered rows are stored. Send the other rows again."
_TOO_LARGE = (
    f"With REJECT_ALL, a stream must have at most {MOST_ROWS_AT_ONCE:,} rows and {MOST_BYTES_AT_ONCE:,} bytes. "
    "No row is stored."
)

IngestBatch = Callable[[Sequence[Row], ErrorPolicy], Awaitable[list[RowResult]]]


_UNAVAILABLE = 503


class StreamError(RequestError):
    """An error that ends the stream. The status is used only if the response has not started."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        soon = dict(RETRY_SOON) if status == _UNAVAILABLE else None
        super().__init__(status, message, headers or soon)
        self.code = code


@dataclass(slots=True)
class _RowBatch:
    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    size_bytes: int = 0
    began: float = 0.0

    @property
    def is_due(self) -> bool:
        return bool(self.rows) and time.monotonic() - self.began >= LONGEST_WAIT_SECONDS

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= ROWS_PER_BATCH or self.size_bytes >= BYTES_PER_BATCH

    def add(self, line: Line) -> None:
        if not self.rows:
            self.began = time.monotonic()
        self.rows.append(_row(line))
        self.lines.append(line.number)
        self.size_bytes += len(line.text or b"")


def _row(line: Line) -> Row:
    if line.text is None:
        too_long = f"A line must have at most {LONGEST_LINE_BYTES:,} bytes."
        return FailedRow([RowError(IngestErrorCode.TOO_LONG, too_long)])
    try:
        return row_of(object_of(line.text), read_id)
    except BadLineError as bad:
        return FailedRow([RowError(IngestErrorCode.BAD_LINE, str(bad))])


class IngestStream:
    """Reads rows from the body, stores them with `ingest`, and writes their results into the response.

    `steps` makes the steps in which it reads rows, and those in which it answers them.
    """

    def __init__(
        self,
        body: StreamingBody,
        response: NdjsonResponse,
        ingest: IngestBatch,
        options: IngestOptions,
        stopping: Stopping,
        steps: Callable[[], Steps],
    ) -> None:
        self._read_steps, self._answer_steps = steps(), steps()
        self._body = body
        self._response = response
        self._ingest = ingest
        self._options = options
        self._stopping = stopping
        self._outcomes: Counter[IngestOutcome] = Counter()
        self._created = 0

    async def run(self) -> None:
        """Store all rows of the stream.

        Raise `StreamError` for an error that ends the stream, `DisconnectedError` if the client has gone, and the
        exceptions of `ingest`. Rows before the error are stored, except with REJECT_ALL.
        """
        if self._options.on_error == ErrorPolicy.REJECT_ALL:
            await self._ingest_at_once()
        else:
            await self._ingest_batches()

    def summary(self, *, complete: bool) -> dict[str, Any]:
        counts = {outcome: self._outcomes[outcome] for outcome in IngestOutcome}
        return {
            "rows": sum(counts.values()),
            **{outcome.value: count for outcome, count in counts.items()},
            "mentionsCreated": self._created,
            "complete": complete,
        }

    async def _ingest_batches(self) -> None:
        queue: asyncio.Queue[_RowBatch | None] = asyncio.Queue(maxsize=1)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ingest_queue(queue))
                error: BaseException | None = await self._read_into(queue)
        except BaseExceptionGroup as failed:
            error = failed.exceptions[0]
        if error is not None:
            raise error  # outside of the handler, so that the error keeps its own context

    async def _read_into(self, queue: asyncio.Queue[_RowBatch | None]) -> Exception | None:
        """Read all batches, and return the error that ended the stream early, if any.

        The error is returned, not raised, so that the batches before it are still stored.
        """
        error: Exception | None = None
        try:
            async with aclosing(self._batches()) as batches:
                async for batch in batches:
                    await queue.put(batch)
        except (DisconnectedError, StreamError) as ended:
            error = ended
        await queue.put(None)
        return error

    async def _ingest_queue(self, queue: asyncio.Queue[_RowBatch | None]) -> None:
        while (batch := await queue.get()) is not None:
            await self._write_results(batch, await self._ingest(batch.rows, self._options.on_error))

    async def _ingest_at_once(self) -> None:
        whole = _RowBatch()
        async with aclosing(self._batches()) as batches:
            async for batch in batches:
                whole.rows += batch.rows
                whole.lines += batch.lines
                whole.size_bytes += batch.size_bytes
                if len(whole.rows) > MOST_ROWS_AT_ONCE or whole.size_bytes > MOST_BYTES_AT_ONCE:
                    raise StreamError(413, "TOO_LARGE", _TOO_LARGE)
        results = await self._ingest(whole.rows, self._options.on_error)
        if any(result.outcome == IngestOutcome.FAILED for result in results):
            self._response.status = 422
        await self._write_results(whole, results)

    async def _batches(self) -> AsyncGenerator[_RowBatch]:
        """Yield full batches, and smaller ones if the client pauses or is slow."""
        batch = _RowBatch()
        try:
            async for lines in self._lines():
                for line in lines or ():
                    if self._read_steps.are_due():
                        await self._read_steps.next()
                    batch.add(line)
                    if batch.is_full:
                        yield batch
                        batch = _RowBatch()
                if batch.is_due or (lines is None and batch.rows):
                    yield batch
                    batch = _RowBatch()
        except StreamError:
            if batch.rows:
                yield batch
            raise
        if batch.rows:
            yield batch

    async def _lines(self) -> AsyncGenerator[list[Line] | None]:
        """Yield the lines that end in each piece of the body, and None if the client pauses.

        Raise `StreamError` for damage, after a long silence, and when the server stops.
        """
        lines, last_line_at = LineSplitter(self._options.first_line), 0.0
        piece: bytes | None = None
        while piece != b"":
            try:
                piece = await self._body.read(LINGER_SECONDS)
            except EncodingError as damage:
                raise StreamError(400, "BAD_REQUEST", str(damage)) from damage
            number = lines.number
            yield None if piece is None else list(lines.feed(piece) if piece else lines.end())
            if lines.number > number:
                last_line_at = self._body.waited_seconds
            elif self._body.waited_seconds - last_line_at > SILENCE_SECONDS:
                raise StreamError(408, "TIMEOUT", _SILENT)
            if self._stopping.ends_streams and piece != b"":
                raise StreamError(503, UNAVAILABLE, STOPPING)

    async def _write_results(self, batch: _RowBatch, results: Sequence[RowResult]) -> None:
        written: list[dict[str, Any]] = []
        for line, row, result in zip(batch.lines, batch.rows, results, strict=True):
            if self._answer_steps.are_due():
                await self._answer_steps.next()
            self._outcomes[result.outcome] += 1
            self._created += sum(mention.created for mention in result.mentions)
            if self._options.results == Results.ALL or result.outcome == IngestOutcome.FAILED:
                written.append({"line": line, "outcome": result.outcome.name, **_details(row, result)})
        if written:
            await self._response.write(written)


def _details(row: Row, result: RowResult) -> dict[str, Any]:
    if result.errors:
        return {"errors": [error._asdict() | {"code": error.code.name} for error in result.errors]}
    if isinstance(row, NewRow) and row.keyword_id is not None:
        return {"id": encode("Mention", result.mentions[0].id)}
    return {"mentions": [_mention(mention) for mention in result.mentions]}


def _mention(mention: IngestedMention) -> dict[str, Any]:
    return {
        "id": encode("Mention", mention.id),
        "keywordId": encode("Keyword", mention.keyword_id),
        "outcome": (IngestOutcome.CREATED if mention.created else IngestOutcome.DUPLICATE).name,
    }
