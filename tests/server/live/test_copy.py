"""The partner's program `copy_leads.py`: its copy equals the list after cuts, restarts and concurrent writers."""

import asyncio
import json
import os
import random
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.support.proxy import proxied
from tests.support.world import World
from web.node import ROOT

SECONDS = 30


@asynccontextmanager
async def program(url: str, key: str, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        ROOT / "examples" / "python" / "copy_leads.py",
        path,
        env={**os.environ, "LEADGRAPH_URL": url, "LEADGRAPH_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def following(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        assert await process.stdout.readline() == b"following\n"


def copied(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as copy:
        return {id_: json.loads(lead) for id_, lead in copy.execute("SELECT id, lead FROM leads")}


async def listed(origin: str, key: str) -> dict[str, Any]:
    query = "{ leads(first: 100) { nodes { id status notes } } }"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client:
        answer = await client.post(f"{origin}/graphql", json={"query": query})
    return {lead["id"]: lead for lead in answer.json()["data"]["leads"]["nodes"]}


async def equal(origin: str, key: str, path: Path) -> dict[str, Any]:
    """Wait until the copy equals the list, and return it."""
    expected = await listed(origin, key)
    for _ in range(10 * SECONDS):
        if copied(path) == expected:
            break
        await asyncio.sleep(0.1)
    assert copied(path) == expected
    return expected


async def test_the_copy_of_the_program_equals_the_list_after_cuts_and_deletions(
    world: World, origin: str, tmp_path: Path
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    path, key = tmp_path / "copy.db", world.keys["ann"]
    for number in range(5):
        await world.add_lead(await world.add_mention(keyword["id"], external_id=f"first {number}"))

    async def write(writer: int) -> None:
        chance = random.Random(writer)  # noqa: S311 - the same writes in every run
        made = []
        for number in range(12):
            mention = await world.add_mention(keyword["id"], external_id=f"{writer} {number}")
            made.append(await world.add_lead(mention))
            await world.change("leads", chance.choice(made), notes=f"{writer} {number}")
            if number % 4 == 3:
                await world.pool.execute("DELETE FROM leads WHERE id = $1", made.pop(0))
            await asyncio.sleep(chance.random() / 20)

    async with proxied(f"{origin}/graphql") as proxy:
        url = proxy.url.replace("@", "")
        async with program(url, key, path) as running:
            await following(running)
            async with asyncio.TaskGroup() as group:
                for writer in range(3):
                    group.create_task(write(writer))
                for seconds in (0.2, 0.8):
                    await asyncio.sleep(seconds)
                    proxy.cut()
                    await following(running)
            assert len(await equal(origin, key, path)) == 5 + 3 * 9
        await write(3)  # while the program does not run
        async with program(url, key, path) as running:
            await following(running)
            assert len(await equal(origin, key, path)) == 5 + 4 * 9


async def test_the_program_reads_the_list_again_if_its_cursor_has_expired_and_ends_if_it_is_refused(
    world: World, origin: str, tmp_path: Path
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    path, key, url = tmp_path / "copy.db", world.keys["ann"], f"{origin}/graphql"
    lead = await world.add_lead(await world.add_mention(keyword["id"]))
    async with program(url, key, path) as running:
        await following(running)
    await world.pool.execute("DELETE FROM leads WHERE id = $1", lead)
    with closing(sqlite3.connect(path)) as copy, copy:
        copy.execute("UPDATE progress SET cursor = 'nonsense'")
    async with program(url, key, path) as running:
        await following(running)
        assert await equal(origin, key, path) == {}
    async with program(url, "lg_live_nonsense", path) as running:
        _, errors = await asyncio.wait_for(running.communicate(), SECONDS)
        assert (running.returncode, b"This is not an API key" in errors) == (1, True)
