"""A client of a real server process that reads too slowly while eight writers write: told, cut off, and resumed."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.live_client import Socket, socket
from tests.support.serving import served
from tests.support.world import World

TEXT = "subscription ($a: String) { mentionAdded(after: $a) { mentions { externalId content } cursor } }"
WRITERS, STATEMENTS, ROWS = 8, 30, 20


class Written:
    """The mentions of eight writers at once. `half` is set when they have written half of all statements."""

    def __init__(self, world: World, keyword_id: int) -> None:
        self.half = asyncio.Event()
        self._statements = itertools.count(1)
        self._world, self._keyword_id = world, keyword_id

    async def all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for writer in range(WRITERS):
                group.create_task(self._write(writer))

    async def _write(self, writer: int) -> None:
        for statement in range(STATEMENTS):
            await self._world.pool.execute(
                "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
                "SELECT $1, $2, 'web', id, 'https://example.com', repeat('x', 5000) FROM unnest($3::text[]) AS id",
                self._world.users["ann"],
                self._keyword_id,
                [f"{writer} {statement * ROWS + number}" for number in range(ROWS)],
            )
            if next(self._statements) == WRITERS * STATEMENTS // 2:
                self.half.set()
            elif self.half.is_set():
                await asyncio.sleep(0.05)  # so that the second half comes while the client resumes


@asynccontextmanager
async def writing(world: World) -> AsyncIterator[Written]:
    (row,) = await world.rows("keywords", "ann")
    written = Written(world, row["id"])
    async with asyncio.TaskGroup() as group:
        group.create_task(written.all())
        yield written


async def read(made: Socket, found: list[str]) -> str | None:
    """Collect the mentions until all are there. Return the cursor of the error if the client is cut off before."""
    cursor: str | None = None
    while len(found) < WRITERS * STATEMENTS * ROWS:
        message = await made.next()
        if message["type"] == "error":
            (error,) = message["payload"]
            assert error["extensions"]["code"] == "TOO_SLOW"
            assert error["extensions"]["cursor"] == cursor
            return cursor
        event = message["payload"]["data"]["mentionAdded"]
        found += [each["externalId"] for each in event["mentions"]]
        cursor = event["cursor"]
    return None


async def test_a_slow_client_resumes_without_loss_while_others_write(
    world: World, database_url: str, server_folder: Path
) -> None:
    settings = {"WORKERS": "0", "LIVE_BUFFER_EVENTS": "100", "LIVE_PING_SECONDS": "60"}
    key, found = world.keys["ann"], list[str]()
    async with (
        served(database_url, server_folder / "a", settings) as (first, _),
        served(database_url, server_folder / "b", settings) as (second, _),
        socket(first, key) as slow,
    ):
        await slow.subscribe("m", TEXT)
        await slow.nothing(0.5)
        async with writing(world) as written:
            slow.connection.transport.pause_reading()
            await written.half.wait()
            slow.connection.transport.resume_reading()
            cursor = await read(slow, found)
            assert cursor is not None, "the client was not cut off"
            origins = itertools.cycle((second, first))
            while cursor is not None:
                async with socket(next(origins), key) as resumed:
                    await resumed.subscribe("m", TEXT, a=cursor)
                    cursor = await read(resumed, found)
    assert len(found) == len(set(found))
    for writer in range(WRITERS):
        own = [each for each in found if each.startswith(f"{writer} ")]
        assert own == [f"{writer} {number}" for number in range(STATEMENTS * ROWS)]
