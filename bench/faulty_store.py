"""Faults of a Valkey, and their ends."""

import asyncio
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import redis

from tests.support.ports import free_port
from tests.support.proxy import Proxy
from tests.support.valkey import Valkey

SLOW_SECONDS = 0.4


@dataclass(slots=True)
class Store:
    """The Valkey, the proxy of the second server, and the keys of a load that fills the memory of a restart."""

    valkey: Valkey
    proxy: Proxy
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread | None = None

    def command(self, *words: object) -> None:
        with suppress(redis.RedisError), self.valkey.client() as client:
            client.execute_command(*words)


def _kill(store: Store) -> None:
    store.valkey.stop(signal.SIGKILL)


def _start(store: Store) -> None:
    store.valkey.start()


def _stop(store: Store) -> None:
    store.valkey.send(signal.SIGSTOP)


def _continue(store: Store) -> None:
    store.valkey.send(signal.SIGCONT)


def _fill(store: Store) -> None:
    store.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    store.command("CONFIG", "SET", "maxmemory", 1)


def _empty_memory(store: Store) -> None:
    store.command("CONFIG", "SET", "maxmemory", 0)


def _demote(store: Store) -> None:
    store.command("REPLICAOF", "127.0.0.1", free_port())


def _promote(store: Store) -> None:
    store.command("REPLICAOF", "NO", "ONE")


def _load(store: Store) -> None:
    """Let the server load its data again, slowly: it answers LOADING meanwhile."""
    store.command("DEBUG", "POPULATE", 5_000)
    store.command("CONFIG", "SET", "key-load-delay", 500)
    store.command("CONFIG", "SET", "loading-process-events-interval-bytes", 1024)
    store.thread = threading.Thread(target=store.command, args=("DEBUG", "RELOAD"))
    store.thread.start()


def _loaded(store: Store) -> None:
    if store.thread is not None:
        store.thread.join()


def _new_password(store: Store) -> None:
    store.command("CONFIG", "SET", "requirepass", "another")
    store.command("CLIENT", "KILL", "TYPE", "normal")


def _old_password(store: Store) -> None:
    with redis.Redis(port=store.valkey.port, password="another", protocol=2) as client:  # noqa: S106 - as above
        client.config_set("requirepass", store.valkey.password)


def _restart(store: Store) -> None:
    _kill(store)
    _start(store)


def _slow(store: Store) -> None:
    store.proxy.delay_seconds = SLOW_SECONDS


def _fast(store: Store) -> None:
    store.proxy.delay_seconds = 0.0


def _cut_off(store: Store) -> None:
    store.loop.call_soon_threadsafe(store.proxy.refuse)
    store.loop.call_soon_threadsafe(store.proxy.cut)


def _nothing(_: Store) -> None: ...


FAULTS: dict[str, tuple[Callable[[Store], None], Callable[[Store], None]]] = {
    "none": (_nothing, _nothing),
    "killed": (_kill, _start),
    "hung": (_stop, _continue),
    "full": (_fill, _empty_memory),
    "read-only": (_demote, _promote),
    "loading": (_load, _loaded),
    "password": (_new_password, _old_password),
    "emptied": (_restart, _nothing),
    "slow for one": (_slow, _fast),
    "cut off for one": (_cut_off, _nothing),
}
"""The beginning and the end of each fault. The last one stays."""
