"""The cache that settings ask for, warming by command and at start."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from db.embedded import EmbeddedPostgres
from db.engine.databases import identity
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.loader import Loads
from server.app import create_app
from server.commands import cache as command_module
from server.commands.cache import cache_app
from server.runtime import cache
from server.runtime.cache import open_cached
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.figures.cache import Cached, CachedFigure, FigureRegistry
from services.figures.cache.redis import RedisBackend
from tests.support.databases import copied_database
from tests.support.ports import free_port
from tests.support.valkey import Valkey

Command = Callable[..., asyncio.Future[Result]]


@dataclass(frozen=True, slots=True)
class About:
    user_id: int


@dataclass
class Counted:
    """A metric of how often it was computed; it foresees that each user asks for it."""

    runs: int = 0
    failure: Exception | None = None
    cached_figure: CachedFigure[About, int] = field(init=False)

    def __post_init__(self) -> None:
        self.cached_figure = CachedFigure("counted", 1, 60, 60, self.compute, self.warm_questions)

    async def compute(self, _: Loads, questions: Sequence[About]) -> Sequence[int]:
        if self.failure is not None:
            raise self.failure
        self.runs += 1
        return [self.runs for _ in questions]

    async def warm_questions(self, _: Loads, user: User, __: datetime) -> Sequence[About]:
        return [About(user.id)]

    async def ask(self, pool: Pool, cached: Cached, user_id: int) -> int:
        loads = Loads(Reader(pool), Scope(user_id))
        try:
            (figure,) = await cached.get(self.cached_figure, loads, [About(user_id)])
            return figure.value
        finally:
            await loads.close()


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="leadgraph-valkey-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The only metric that is known."""
    made, known = Counted(), FigureRegistry()
    known.add(made.cached_figure)
    monkeypatch.setattr(command_module, "REGISTRY", known)
    monkeypatch.setattr(cache, "REGISTRY", known)
    return made


@pytest.fixture
async def user_id(pool: Pool) -> int:
    found: int = await pool.fetchval(
        "INSERT INTO users (email, last_seen_at) VALUES ('ann@example.com', now()) RETURNING id"
    )
    return found


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`leadgraph cache` on the test's database; in a thread, for it runs an event loop of its own."""
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", database_url)
    return lambda *arguments: asyncio.ensure_future(
        asyncio.to_thread(CliRunner().invoke, cache_app, arguments)
    )


@pytest.fixture
async def cached(pool: Pool, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cached]:
    """As a server opens it."""
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", valkey.url)
    opened = await open_cached(load_settings(), pool)
    yield opened
    await opened.close()


async def test_a_command_warms_what_servers_read(
    command: Command, cached: Cached, pool: Pool, counted: Counted, user_id: int
) -> None:
    result = await command("warm", "--active-within", "1h", "--top", "5")
    assert result.output == "The figures of 1 users are warm; 1 were computed for it.\n"
    assert result.exit_code == 0
    assert await counted.ask(pool, cached, user_id) == 1
    assert cached.statistics.hits == 1
    result = await command("warm")
    assert result.output == "The figures of 1 users are warm; 0 were computed for it.\n"


async def test_a_command_that_failed_says_so_by_its_exit_code(
    command: Command,
    cached: Cached,  # noqa: ARG001 - it sets the URL
    counted: Counted,
    user_id: int,  # noqa: ARG001 - somebody has to be there
) -> None:
    counted.failure = ZeroDivisionError("no")
    result = await command("warm")
    assert result.output == (
        "The figures of 0 users are warm; 0 were computed for it. 1 users failed, as logged.\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("within", ["7", "d", "-1d", "1y", "", "999999d"])
async def test_a_time_that_is_none_is_refused(
    command: Command, within: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", "redis://127.0.0.1:1")
    result = await command("warm", "--active-within", within)
    assert isinstance(result.exception, CommandError)
    assert "is no time: write a number and m, h, d or w, such as 7d" in str(result.exception)


async def test_warming_needs_a_store_that_is_shared(command: Command) -> None:
    result = await command("warm")
    assert isinstance(result.exception, CommandError)
    assert "LEADGRAPH_WARM_AT_START=1" in str(result.exception)


async def test_warming_a_store_that_does_not_answer_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", f"redis://:secret@127.0.0.1:{free_port()}/0")
    result = await command("warm")
    assert isinstance(result.exception, CommandError)
    assert "LEADGRAPH_REDIS_URL does not lead to a Redis that answers" in str(result.exception)
    assert "secret" not in str(result.exception) + result.output


async def test_a_url_that_is_none_is_refused_by_its_variable(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", "http://:secret@127.0.0.1:6379")
    with pytest.raises(CommandError, match="LEADGRAPH_REDIS_URL has to look like redis://") as refused:
        await open_cached(load_settings(), pool)
    assert "secret" not in str(refused.value)


async def test_a_store_that_does_not_answer_is_told_at_start_and_done_without(
    pool: Pool,
    counted: Counted,
    user_id: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", f"redis://:secret@127.0.0.1:{port}/0?password=secret")
    opened = await open_cached(load_settings(), pool)
    assert f"LEADGRAPH_REDIS_URL (redis://127.0.0.1:{port}/0) does not answer" in caplog.text
    assert "secret" not in caplog.text
    assert [await counted.ask(pool, opened, user_id) for _ in range(2)] == [1, 2]
    await opened.close()


async def test_without_a_url_each_process_has_a_memory_of_the_size_that_is_set(
    pool: Pool, counted: Counted, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_CACHE_MEMORY_MB", "1")
    opened = await open_cached(load_settings(), pool)
    assert [await counted.ask(pool, opened, user_id) for _ in range(2)] == [1, 1]
    assert opened._store._backend._largest_bytes == 1_048_576  # type: ignore[attr-defined]


async def test_databases_of_one_server_do_not_share_figures(
    pool: Pool, cached: Cached, counted: Counted, user_id: int, postgres: EmbeddedPostgres, template: str
) -> None:
    async with (
        copied_database(postgres, template) as name,
        await open_pool(postgres.url(name), size=2) as other,
    ):
        assert await identity(other) != await identity(pool)
        await other.execute("INSERT INTO users (email) VALUES ('ben@example.com')")
        elsewhere = await open_cached(load_settings(), other)
        assert await counted.ask(pool, cached, user_id) == 1
        assert await counted.ask(other, elsewhere, user_id) == 2
        await elsewhere.close()


async def test_a_role_that_may_not_see_the_control_file_has_an_identity(pool: Pool) -> None:
    name = await pool.fetchval("SELECT current_database()")
    async with pool.acquire() as connection:
        await connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        await connection.execute("CREATE ROLE restricted")
        await connection.execute("SET ROLE restricted")
        found = await identity(connection)  # type: ignore[arg-type]
        await connection.execute("RESET ROLE")
        await connection.execute("DROP ROLE restricted")
    assert found.startswith(f"{name}-")


async def test_a_server_warms_at_start_and_stops_warming_with_its_end(
    pool: Pool, counted: Counted, user_id: int
) -> None:
    cached = Cached(pool)
    app = create_app(pool, cached=cached, warm=True)
    async with app.router.lifespan_context(app):
        async with asyncio.timeout(10):
            while counted.runs == 0:
                await asyncio.sleep(0.01)
        assert await counted.ask(pool, cached, user_id) == 1
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]  # now it has to wait, and does
    async with asyncio.timeout(10), app.router.lifespan_context(app):
        pass
    for connection in taken:
        await pool.release(connection)


async def test_a_server_does_not_warm_unasked(pool: Pool, counted: Counted, user_id: int) -> None:
    app = create_app(pool)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.1)
    assert (user_id, counted.runs) == (1, 0)


def test_the_backend_keeps_its_url_to_itself() -> None:
    assert "secret" not in repr(RedisBackend("redis://:secret@127.0.0.1:6379", timeout_seconds=1))
