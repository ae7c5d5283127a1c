"""A store behind TLS is used if its certificate is trusted, and else is like a store that is away."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from db.engine.pool import Pool
from services.figures.cache.redis import RedisBackend
from tests.services.figures.cache.conftest import Laboratory, laboratory_on
from tests.services.figures.cache.test_store_failures import kept, right
from tests.support.certificates import certificate
from tests.support.proxy import proxied
from tests.support.valkey import Valkey

SECONDS = 5


@asynccontextmanager
async def behind_tls(pool: Pool, server: Valkey, file: Path, options: str) -> AsyncIterator[Laboratory]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with proxied(server.url, tls=context) as proxy:
        url = proxy.url.replace("redis://", "rediss://", 1) + options
        laboratory = await laboratory_on(pool, RedisBackend(url, timeout_seconds=SECONDS))
        yield laboratory
        await laboratory.cached.close()


def figures_in(server: Valkey, laboratory: Laboratory) -> int:
    with server.client() as client:
        return len(list(client.scan_iter(f"*test-{id(laboratory)}*")))


async def test_figures_are_kept_in_a_store_with_a_trusted_certificate(
    pool: Pool, own_valkey: Valkey, tmp_path: Path
) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    async with behind_tls(pool, own_valkey, file, f"?ssl_ca_certs={file}") as laboratory:
        assert await kept(laboratory)
        assert await right(laboratory)
        assert laboratory.cached.statistics.errors == 0
        assert figures_in(own_valkey, laboratory) > 0


async def test_a_store_with_another_certificate_is_not_used(
    pool: Pool, own_valkey: Valkey, tmp_path: Path
) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    async with behind_tls(pool, own_valkey, file, "") as laboratory:
        assert await right(laboratory)
        assert await kept(laboratory)  # in the memory of the process
        assert not laboratory.cached.availability.is_used
        assert figures_in(own_valkey, laboratory) == 0
