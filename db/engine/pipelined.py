"""Commands as messages of PostgreSQL's extended protocol, without the Sync that ends a round trip.

The driver sends its next statement behind them. PostgreSQL runs both, and skips the statement if a command fails. The
driver accepts the answers to the commands, because they are those of a statement that it has prepared anew.
"""

from functools import lru_cache
from struct import pack


def messages_of(commands: tuple[str, ...]) -> bytes:
    """Return the messages that run commands without parameters and rows, one after the other."""
    return b"".join(map(_messages_of_one, commands))


@lru_cache(1024)
def _messages_of_one(command: str) -> bytes:
    return _parse(command) + _BIND + _EXECUTE


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + pack("!i", len(body) + 4) + body


def _parse(command: str) -> bytes:
    """Return the message that prepares the unnamed statement, which has no types of parameters."""
    return _message(b"P", b"\0" + command.encode() + b"\0" + pack("!h", 0))


_BIND = _message(b"B", b"\0\0" + pack("!hhh", 0, 0, 0))
_EXECUTE = _message(b"E", b"\0" + pack("!i", 0))
