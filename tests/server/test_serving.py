"""The address of the server."""

import socket
from pathlib import Path

import httpx
import pytest

from server.runtime.errors import CommandError
from server.serving import bind, origin
from tests.support.ports import free_port
from tests.support.serving import served


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", "http://127.0.0.1"), ("::1", "http://[::1]"), ("::", "http://[::]")]
)
def test_a_socket_listens_on_the_address(host: str, expected: str) -> None:
    with bind(host, 0) as listening:
        assert origin(listening) == f"{expected}:{listening.getsockname()[1]}"
        reached = "::1" if ":" in host else host
        socket.create_connection((reached, listening.getsockname()[1])).close()


def test_an_address_of_another_machine_is_reported_in_one_sentence() -> None:
    message = (
        "LEADGRAPH_HOST must be an address of this machine, not 192.0.2.1. Use 0.0.0.0 for all its addresses."
    )
    with pytest.raises(CommandError) as refused:
        bind("192.0.2.1", free_port())
    assert str(refused.value) == message


async def test_a_server_answers_on_the_address_of_the_setting(
    database_url: str, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default address would refuse a request to the second loopback address."""
    monkeypatch.setenv("LEADGRAPH_HOST", "0.0.0.0")  # noqa: S104 - so that the test reaches another address
    async with served(database_url, server_folder) as (site, _):
        other = site.replace("127.0.0.1", "127.0.0.2")
        assert httpx.get(f"{other}/healthz").json() == {"status": "alive"}
        assert httpx.get(f"{other}/readyz").json() == {"status": "ready"}
