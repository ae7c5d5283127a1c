"""The load generator against a server of a few lines."""

import socket
from concurrent.futures import ThreadPoolExecutor

from bench import load

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def serve_and_close_the_idle_connection(listening: socket.socket) -> None:
    first, second = (listening.accept()[0] for _ in range(2))
    with first, second:
        for connection in (first, second):
            assert connection.recv(1000).endswith(b"\r\n\r\n{}")
        first.sendall(ANSWER)
        first.shutdown(socket.SHUT_RDWR)
        second.settimeout(0.3)
        assert not received(second)
        second.sendall(ANSWER)


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except TimeoutError:
        return b""


def test_a_server_may_close_a_connection_after_its_last_response() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        listening.settimeout(20)
        served = pool.submit(serve_and_close_the_idle_connection, listening)
        task = {
            "port": listening.getsockname()[1],
            "path": "/graphql",
            "headers": {},
            "bodies": ["{}"],
            "clients": 2,
            "requests": 2,
            "seconds": 20,
        }
        assert load.run(task)["requests"] == 2
        served.result(20)
