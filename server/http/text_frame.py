"""The frame of a whole text in a WebSocket, as a server sends it (RFC 6455)."""


def text_frame(text: bytes) -> bytes:
    """Return the frame. Servers mask no frames."""
    length = len(text)
    if length < 126:  # noqa: PLR2004 - of RFC 6455, like the sizes below
        return bytes((0x81, length)) + text
    if length < 65_536:  # noqa: PLR2004
        return b"\x81\x7e" + length.to_bytes(2, "big") + text
    return b"\x81\x7f" + length.to_bytes(8, "big") + text
