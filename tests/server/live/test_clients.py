"""Unchanged clients of npm and PyPI: they follow, lose their connections, resume, ask and write."""

import asyncio
import json
import os
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse

from server.live.limits import LiveLimits
from tests.support.npm import required_node
from tests.support.ports import free_port
from tests.support.proxy import Proxy, proxied
from tests.support.serving import served
from tests.support.world import World
from web.node import ROOT, Node, installing

EXAMPLE = ROOT / "examples" / "live"
INSTALLED = ROOT / "build" / "example-live"
CLIENTS = ("graphql-ws", "graphql-sse", "apollo-ws", "apollo-sse", "urql-ws", "urql-sse")
SECONDS = 60


@pytest.fixture
def limits() -> LiveLimits:
    return LiveLimits(check_seconds=0.2, ping_seconds=0.3, query_seconds=0.05)


@pytest.fixture(scope="module")
def example() -> Node:
    """Node, after the packages and sources of the example are in the folder `build`."""
    node = required_node()
    with installing(node, EXAMPLE, INSTALLED):
        shutil.rmtree(INSTALLED / "src", ignore_errors=True)
        shutil.copytree(EXAMPLE / "src", INSTALLED / "src")
        shutil.copyfile(EXAMPLE / "tsconfig.json", INSTALLED / "tsconfig.json")
    return node


@dataclass
class Program:
    """The running example with one of its clients."""

    name: str
    process: asyncio.subprocess.Process

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            found = await self.process.stdout.readline()
        if not found:
            assert self.process.stderr is not None
            raise AssertionError(f"{self.name} has ended: {(await self.process.stderr.read()).decode()}")
        line: dict[str, Any] = json.loads(found)
        return line

    async def until(self, key: str) -> Any:
        """Return the value of the next line with this key. Lines before it are discarded."""
        while True:
            line = await self.line()
            if key in line:
                return line[key]

    async def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()


@asynccontextmanager
async def program(node: Node, name: str, url: str, key: str, *arguments: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        node.program,
        "src/main.ts",
        name,
        *arguments,
        cwd=INSTALLED,
        env={**os.environ, "LEADGRAPH_URL": url, "LEADGRAPH_API_KEY": key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(name, process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
async def proxy(origin: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server, which cuts connections."""
    async with proxied(f"{origin}/graphql") as made:
        yield made


def test_the_types_of_the_example_are_right(example: Node) -> None:
    compiler = INSTALLED / "node_modules" / "typescript" / "bin" / "tsc"
    example.run("the types are wrong", compiler, where=INSTALLED)


FAULTY_REQUEST = """
import { webSocket } from "./src/streams.ts";
const { LEADGRAPH_URL, LEADGRAPH_API_KEY } = process.env;
const follow = (request) => new Promise((resolve) => webSocket(LEADGRAPH_URL, () => LEADGRAPH_API_KEY)
  .subscribe(request, { next() {}, error: resolve, complete: () => resolve("complete") }));
console.log(JSON.stringify({ failed: String(await follow({ query: "{ __typename }", variables: { big: 1n } })) }));
process.exit();
"""


async def test_a_request_that_cannot_be_sent_fails_instead_of_being_retried_without_end(
    world: World, origin: str, example: Node
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(example.program, "--input-type=module", "--eval", FAULTY_REQUEST),
        cwd=INSTALLED,
        env={
            **os.environ,
            "LEADGRAPH_URL": f"{origin}/graphql",
            "LEADGRAPH_API_KEY": world.keys["ann"],
        },
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert json.loads(output) == {"failed": "TypeError: Do not know how to serialize a BigInt"}


async def write(world: World, keyword_id: int, prefix: str) -> None:
    chance = random.Random(prefix)  # noqa: S311 - the same pauses in every run
    for number in range(20):
        await world.add_mention(keyword_id, external_id=f"{prefix} {number}")
        await asyncio.sleep(chance.random() / 10)


async def cut(proxy: Proxy) -> None:
    for seconds in (0.3, 0.9, 0.5):
        await asyncio.sleep(seconds)
        proxy.cut()


async def test_clients_resume_after_cuts_and_send_live_queries_and_mutations(
    world: World, proxy: Proxy, example: Node
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    (foreign,) = await world.rows("keywords", "ben")
    await world.add_mention(keyword["id"], external_id="before")

    async def follows(running: Program) -> None:
        found: list[str] = []
        while "last" not in found:
            found += await running.until("added")
        own = [[each for each in found if each.startswith(f"{writer} ")] for writer in range(3)]
        assert (running.name, own) == (
            running.name,
            [[f"{writer} {number}" for number in range(20)] for writer in range(3)],
        )
        assert (running.name, len(found)) == (running.name, 61)

    async def writes(running: Program) -> None:
        await running.write(f"by {running.name}")
        assert await running.until("created") == f"by {running.name}"
        await running.write("words of ann")
        assert await running.until("created") == "ALREADY_EXISTS"

    async with AsyncExitStack() as stack:
        programs = [
            await stack.enter_async_context(program(example, name, proxy.url, world.keys["ann"]))
            for name in CLIENTS
        ]
        for running in programs:
            assert (running.name, await running.line()) == (running.name, {"newest": ["before"]})
            assert (running.name, await running.until("total")) == (running.name, 1)
        async with asyncio.TaskGroup() as group:
            for writer in range(3):
                group.create_task(write(world, keyword["id"], str(writer)))
            group.create_task(write(world, foreign["id"], "foreign"))
            group.create_task(cut(proxy))
        await world.add_mention(keyword["id"], external_id="last")
        await asyncio.gather(*map(follows, programs))
        await asyncio.gather(*map(writes, programs))
        await world.add_keyword("ben", "foreign")
        await world.add_keyword("ann", "the last")
        for running in programs:
            while await running.until("total") != len(CLIENTS) + 2:
                pass


async def test_clients_resume_on_the_next_server_of_the_address(
    world: World, database_url: str, server_folder: Path, example: Node
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    port = free_port()
    settings = {"PORT": str(port), "WORKERS": "0"}
    found: dict[str, list[str]] = {name: [] for name in CLIENTS}

    async def follow(running: Program, last: str) -> None:
        while last not in found[running.name]:
            found[running.name] += await running.until("added")

    async with AsyncExitStack() as stack:
        async with served(database_url, server_folder, settings):
            url = f"http://127.0.0.1:{port}/graphql"
            programs = [
                await stack.enter_async_context(program(example, name, url, world.keys["ann"]))
                for name in CLIENTS
            ]
            for running in programs:
                assert (running.name, await running.until("total")) == (running.name, 1)
            await world.add_mention(keyword["id"], external_id="one")
            await asyncio.gather(*(follow(running, "one") for running in programs))
        await world.add_mention(keyword["id"], external_id="two")
        async with served(database_url, server_folder, settings):
            await world.add_mention(keyword["id"], external_id="three")
            await asyncio.gather(*(follow(running, "three") for running in programs))
            await world.add_keyword("ann", "other")
            for running in programs:
                while await running.until("total") != 2:
                    pass
    assert found == {name: ["one", "two", "three"] for name in CLIENTS}


CLOSED = {"failed": 4403}
REFUSED = {"failed": "Error: The credential does not work."}
SOCKET_CLOSED = {
    "failed": "Error: Socket closed with event 4403 This is not an API key. "
    "The header must be `Authorization: Bearer lg_live_…`."
}
WRONG_CREDENTIAL = {
    "graphql-ws": CLOSED,
    "graphql-sse": REFUSED,
    "apollo-ws": SOCKET_CLOSED,
    "apollo-sse": REFUSED,
    "urql-ws": CLOSED,
    "urql-sse": REFUSED,
}


async def test_clients_are_told_errors_as_they_expect_them(world: World, origin: str, example: Node) -> None:
    async def told(name: str, key: str, *arguments: str) -> dict[str, Any]:
        async with program(example, name, f"{origin}/graphql", key, *arguments) as running:
            found = await running.line()
            while "total" in found:
                found = await running.line()
            return found

    refused = await asyncio.gather(*(told(name, world.keys["ann"], "nonsense") for name in CLIENTS))
    assert dict(zip(CLIENTS, refused, strict=True)) == {
        name: {"codes": ["BAD_USER_INPUT"]} for name in CLIENTS
    }
    unknown = await asyncio.gather(*(told(name, "lg_live_nonsense", "nonsense") for name in CLIENTS))
    assert dict(zip(CLIENTS, unknown, strict=True)) == WRONG_CREDENTIAL


FOLLOWED = "subscription ($after: String) { mentionAdded(after: $after) { mentions { externalId } cursor } }"


async def test_httpx_sse_resumes_by_the_id_of_the_last_event(world: World, proxy: Proxy) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    found: list[str] = []
    last = ""

    async def follow(client: httpx.AsyncClient) -> None:
        nonlocal last
        headers = {"last-event-id": last} if last else {}
        body = {"query": FOLLOWED}
        async with aconnect_sse(client, "POST", proxy.url, json=body, headers=headers) as source:
            begun.set()
            async for event in source.aiter_sse():
                if not event.data:  # httpx-sse makes an event of the comment that keeps a stream open
                    continue
                told = json.loads(event.data)["data"]["mentionAdded"]
                assert (event.event, event.id) == ("next", told["cursor"])
                last = event.id
                found.extend(each["externalId"] for each in told["mentions"])
                if found[-1] == "0 19":
                    return

    async def follow_always() -> None:
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {world.keys['ann']}"}) as client:
            while "0 19" not in found:
                with suppress(httpx.TransportError):
                    await follow(client)

    begun = asyncio.Event()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(follow_always())
        await begun.wait()
        await asyncio.sleep(0.3)
        await world.add_mention(keyword["id"], external_id="first")
        while not found:
            await asyncio.sleep(0.01)
        group.create_task(write(world, keyword["id"], "0"))
        group.create_task(cut(proxy))
    assert found == ["first", *(f"0 {number}" for number in range(20))]


async def test_httpx_sse_follows_a_live_query(world: World, origin: str) -> None:
    headers = {"authorization": f"Bearer {world.keys['ann']}"}
    body = {"query": "query @live { keywords { totalCount } }"}
    async with (
        asyncio.timeout(SECONDS),
        httpx.AsyncClient(headers=headers) as client,
        aconnect_sse(client, "POST", f"{origin}/graphql", json=body) as source,
    ):
        counts = []
        async for event in source.aiter_sse():
            if not event.data:
                continue
            counts.append(json.loads(event.data)["data"]["keywords"]["totalCount"])
            if counts[-1] == 3:
                break
            await world.add_keyword("ben", f"foreign {counts[-1]}")
            await world.add_keyword("ann", f"another {counts[-1]}")
    assert counts == [1, 2, 3]
