"""The configured cache, and warming by command and at start."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres
from db.engine.databases import identity
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.dataloader import DataLoaders
from server.app import create_app
from server.commands import cache as command_module
from server.runtime import cache
from server.runtime.cache import open_cached
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.figures.cache import Cached, CachedFigure, FigureRegistry
from services.figures.cache.redis import RedisBackend
from tests.support.command import Command
from tests.support.databases import copied_database
from tests.support.ports import free_port
from tests.support.rows import add_user
from tests.support.valkey import Valkey


@dataclass(frozen=True, slots=True)
class About:
    user_id: int


@dataclass
class Counted:
    """A figure that counts its computations, and is warmed for each user."""

    runs: int = 0
    failure: Exception | None = None
    cached_figure: CachedFigure[About, int] = field(init=False)

    def __post_init__(self) -> None:
        self.cached_figure = CachedFigure(
            "counted", 1, 60, 60, self.compute, self.warm_questions, models=(User,)
        )

    async def compute(self, _: DataLoaders, questions: Sequence[About]) -> Sequence[int]:
        if self.failure is not None:
            raise self.failure
        self.runs += 1
        return [self.runs for _ in questions]

    def warm_questions(self, user: User, _: datetime) -> Sequence[About]:
        return [About(user.id)]

    async def ask(self, pool: Pool, cached: Cached, user_id: int) -> int:
        loaders = DataLoaders(Reader(pool), Scope(user_id))
        try:
            (figure,) = await cached.get(self.cached_figure, loaders, [About(user_id)])
            return figure.value
        finally:
            await loaders.close()


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="leadgraph-valkey-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Register a figure as the only one."""
    made, known = Counted(), FigureRegistry()
    known.add(made.cached_figure)
    monkeypatch.setattr(command_module, "REGISTRY", known)
    monkeypatch.setattr(cache, "REGISTRY", known)
    return made


@pytest.fixture
async def user_id(pool: Pool) -> int:
    return await add_user(pool, last_seen_at=datetime.now(UTC))


@pytest.fixture
async def cached(pool: Pool, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cached]:
    """Open the cache like a server does."""
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", valkey.url)
    opened = await open_cached(load_settings(), pool)
    yield opened
    await opened.close()


async def test_the_warm_command_stores_figures_that_servers_read(
    command: Command, cached: Cached, pool: Pool, counted: Counted, user_id: int
) -> None:
    result = await command("cache", "warm", "--active-within", "1h", "--top", "5")
    assert result.output == "Warmed 1 users, computed 1 figures.\n"
    assert result.exit_code == 0
    assert await counted.ask(pool, cached, user_id) == 1
    assert cached.statistics.hits == 1
    result = await command("cache", "warm")
    assert result.output == "Warmed 1 users, computed 0 figures.\n"


async def test_a_failed_warm_command_exits_with_1(
    command: Command,
    cached: Cached,  # noqa: ARG001 - it sets the URL
    counted: Counted,
    user_id: int,  # noqa: ARG001 - a user has to exist
) -> None:
    counted.failure = ZeroDivisionError("no")
    result = await command("cache", "warm")
    assert result.stdout == "Warmed 0 users, computed 0 figures. 1 users failed, see the log.\n"
    assert result.exit_code == 1


@pytest.mark.parametrize("within", ["7", "d", "-1d", "1y", "", "999999d"])
async def test_an_invalid_period_is_refused(
    command: Command, within: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", "redis://127.0.0.1:1")
    result = await command("cache", "warm", "--active-within", within)
    assert isinstance(result.exception, CommandError)
    assert str(result.exception) == (
        f"--active-within must be a number and m, h, d or w, such as 7d, not {within!r}."
    )


async def test_warming_requires_a_shared_store(command: Command) -> None:
    result = await command("cache", "warm")
    assert isinstance(result.exception, CommandError)
    assert "LEADGRAPH_WARM_AT_START=1" in str(result.exception)


async def test_warming_an_unavailable_store_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", f"redis://:secret@127.0.0.1:{free_port()}/0")
    result = await command("cache", "warm")
    assert isinstance(result.exception, CommandError)
    assert "The Redis of LEADGRAPH_REDIS_URL does not respond" in str(result.exception)
    assert "secret" not in str(result.exception) + result.output


async def test_an_invalid_redis_url_is_refused_with_the_name_of_its_variable(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", "http://:secret@127.0.0.1:6379")
    with pytest.raises(CommandError, match="LEADGRAPH_REDIS_URL must have the form redis://") as refused:
        await open_cached(load_settings(), pool)
    assert "secret" not in str(refused.value)


async def test_an_unavailable_store_is_logged_at_start_and_figures_are_kept_in_memory(
    pool: Pool,
    counted: Counted,
    user_id: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", f"redis://:secret@127.0.0.1:{port}/0?password=secret")
    opened = await open_cached(load_settings(), pool)
    assert (
        f"The Redis of LEADGRAPH_REDIS_URL (redis://127.0.0.1:{port}/0) is not used for now (" in caplog.text
    )
    assert "secret" not in caplog.text
    assert [await counted.ask(pool, opened, user_id) for _ in range(2)] == [1, 1]  # kept in memory
    await opened.close()


async def test_without_a_redis_url_each_process_has_a_memory_of_the_configured_size(
    pool: Pool, counted: Counted, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_CACHE_MEMORY_MB", "1")
    monkeypatch.setenv("LEADGRAPH_FRAGMENT_MEMORY_MB", "2")
    opened = await open_cached(load_settings(), pool)
    assert [await counted.ask(pool, opened, user_id) for _ in range(2)] == [1, 1]
    assert opened.store._backend._largest_bytes == 1_048_576  # type: ignore[attr-defined]
    assert opened.fragments._largest_bytes == 2_097_152


async def test_databases_of_one_server_do_not_share_figures(
    pool: Pool, cached: Cached, counted: Counted, user_id: int, postgres: EmbeddedPostgres, template: str
) -> None:
    async with (
        copied_database(postgres, template) as name,
        await open_pool(postgres.url(name), size=2) as other,
    ):
        assert await identity(other) != await identity(pool)
        await add_user(other, "ben@example.com")
        elsewhere = await open_cached(load_settings(), other)
        assert await counted.ask(pool, cached, user_id) == 1
        assert await counted.ask(other, elsewhere, user_id) == 2
        await elsewhere.close()


async def test_a_database_role_without_access_to_the_control_file_has_an_identity(pool: Pool) -> None:
    name = await pool.fetchval("SELECT current_database()")
    async with pool.acquire() as connection:
        await connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        await connection.execute("CREATE ROLE restricted")
        await connection.execute("SET ROLE restricted")
        found = await identity(connection)  # type: ignore[arg-type]
        await connection.execute("RESET ROLE")
        await connection.execute("DROP ROLE restricted")
    assert found.startswith(f"{name}-")


async def test_a_server_warms_at_start_and_stops_warming_when_it_ends(
    pool: Pool, counted: Counted, user_id: int
) -> None:
    cached = Cached(pool)
    app = create_app(pool, cached=cached, warm=True)
    async with app.router.lifespan_context(app):
        async with asyncio.timeout(10):
            while counted.runs == 0:
                await asyncio.sleep(0.01)
        assert await counted.ask(pool, cached, user_id) == 1
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]  # so warming waits for a connection
    async with asyncio.timeout(10), app.router.lifespan_context(app):
        pass
    for connection in taken:
        await pool.release(connection)


async def test_a_server_does_not_warm_by_default(pool: Pool, counted: Counted, user_id: int) -> None:
    app = create_app(pool)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.1)
    assert (user_id, counted.runs) == (1, 0)


def test_the_representation_of_the_redis_backend_hides_the_password() -> None:
    assert "secret" not in repr(RedisBackend("redis://:secret@127.0.0.1:6379", timeout_seconds=1))
