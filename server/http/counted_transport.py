"""A transport that counts the bytes that the client has taken."""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable
from typing import Any


class CountedTransport(asyncio.Transport):
    """Passes calls on to another transport, but calls `close` of the owner instead of closing at once.

    A transport that `ends` counts as closing, and drops what is still written.
    """

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._close = close
        self._written = 0
        self.ends = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.ends:
            self._written += len(data)
            self._transport.write(data)

    def taken_bytes(self) -> int:
        """Return the number of bytes that the client's side has acknowledged, of all bytes written."""
        return self._written - self.get_write_buffer_size() - self._unacknowledged_bytes()

    def _unacknowledged_bytes(self) -> int:
        """Return the size of the kernel's buffer.

        Without it, a slow client seems to stand still: the kernel takes new bytes only after its buffer, of
        megabytes, has emptied by a third.
        """
        try:
            found = fcntl.ioctl(self.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return 0
        (size,) = struct.unpack("i", found)
        return int(size)

    def close(self) -> None:
        self._close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def forget_owner(self) -> None:
        """Close at once from now on."""
        self._close = self._transport.close

    def close_now(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self.ends or self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()

    def write_eof(self) -> None:
        self._transport.write_eof()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
