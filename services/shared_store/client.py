"""Clients of a Redis or Valkey: of one server, of the primary that Sentinels know, or of a cluster.

    redis://user:password@host:6379/0                    rediss:// with TLS, unix:// by a socket
    redis+sentinel://user:password@host:26379,host:26379/service/0
    redis+cluster://user:password@host:6379,host:6379

The schemes `rediss+sentinel` and `rediss+cluster` use TLS. Options such as `?ssl_ca_certs=FILE` are those of redis-py.
"""

from typing import Any, Final, TypeAlias, cast
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedSSLConnection
from redis.backoff import NoBackoff

Client: TypeAlias = Redis | RedisCluster

CONNECTIONS: Final = 16
SENTINEL_SECONDS: Final = 0.1
"""Time limit of the answer of one Sentinel. If it passes, the next one is asked. A handshake of TLS takes longer."""
SENTINEL_PORT, PORT = 26_379, 6379
_SENTINEL, _CLUSTER = "+sentinel", "+cluster"


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary, whose number is limited. Callers wait for a free one."""


def open_client(url: str, *, timeout_seconds: float) -> Client:
    """Return a client that connects on demand, without retries. Raise `ValueError` for an address of no known form."""
    parts = urlsplit(url)
    timeouts = {"socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds}
    common: dict[str, Any] = {
        **timeouts,
        "protocol": 2,  # old servers reject the greeting of protocol 3
        "driver_info": None,
    }
    if parts.scheme.endswith(_SENTINEL):
        return _of_sentinels(parts, common)
    if parts.scheme.endswith(_CLUSTER):
        return _of_cluster(parts, common)
    pool = BlockingConnectionPool.from_url(
        url, max_connections=CONNECTIONS, timeout=timeout_seconds, **common
    )
    return Redis(connection_pool=pool)


async def disconnect(client: Client) -> None:
    """Close all connections. The client opens others on demand, by the names and the topology of then."""
    if isinstance(client, RedisCluster):
        await client.aclose()
    else:
        await client.connection_pool.disconnect()


async def close(client: Client) -> None:
    """Close the client for good."""
    await disconnect(client)
    await client.aclose()
    manager = (
        None
        if isinstance(client, RedisCluster)
        else getattr(client.connection_pool, "sentinel_manager", None)
    )
    if manager is not None:
        for sentinel in manager.sentinels:
            await sentinel.aclose()


def _of_sentinels(parts: SplitResult, common: dict[str, Any]) -> Redis:
    service, _, database = parts.path.removeprefix("/").partition("/")
    if not service or not (database or "0").isdecimal():
        raise ValueError("the path must be the name of a service, and a number of a database if it is not 0")
    options = _options(parts) | common | {"db": int(database or "0")}
    login = {name: options[name] for name in ("username", "password") if name in options}
    if (password := options.pop("sentinel_password", None)) is not None:
        login = {"password": password} if password else {}
    tls = options.pop("connection_class", None) is SSLConnection
    seconds = common["socket_timeout"] if tls else SENTINEL_SECONDS
    asked = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    encrypted = {name: value for name, value in options.items() if name.startswith("ssl_")}
    manager = cast("Any", Sentinel)(  # redis-py has no types here
        _hosts(parts, SENTINEL_PORT),
        sentinel_kwargs=common | asked | login | encrypted | {"ssl": tls, "retry": Retry(NoBackoff(), 0)},
    )
    kind = {"connection_class": SentinelManagedSSLConnection} if tls else {}
    pool = cast("Any", _SentinelPool)(
        unquote(service),
        manager,
        max_connections=CONNECTIONS,
        timeout=common["socket_timeout"],
        **options,
        **kind,
    )
    return Redis(connection_pool=pool)


def _of_cluster(parts: SplitResult, common: dict[str, Any]) -> RedisCluster:
    if parts.path not in {"", "/", "/0"}:
        raise ValueError("a cluster has the database 0 only")
    options = _options(parts) | common
    tls = options.pop("connection_class", None) is SSLConnection
    options.pop("db", None)
    nodes = [ClusterNode(host, port) for host, port in _hosts(parts, PORT)]
    retry = Retry(NoBackoff(), 0)
    return RedisCluster(startup_nodes=nodes, ssl=tls, retry=retry, **options)


def _options(parts: SplitResult) -> dict[str, Any]:
    """Return redis-py's options for the login, the scheme and the query of an address."""
    login, at, _ = parts.netloc.rpartition("@")
    scheme = parts.scheme.partition("+")[0]
    query = [each for each in parts.query.split("&") if not each.startswith("sentinel_password=")]
    plain = parts._replace(scheme=scheme, netloc=f"{login}{at}host", path="", query="&".join(query))
    options = dict(parse_url(urlunsplit(plain)))
    options.pop("host")
    for each in parts.query.split("&"):
        if each.startswith("sentinel_password="):
            options["sentinel_password"] = unquote(each.partition("=")[2])
    return options


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    found = []
    for each in parts.netloc.rpartition("@")[2].split(","):
        address = urlsplit(f"//{each}")
        if not address.hostname:
            raise ValueError("a host is missing")
        found.append((address.hostname, address.port or port))
    return found
