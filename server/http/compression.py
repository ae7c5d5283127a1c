"""Compression of answers by gzip, Brotli or Zstandard, as `Accept-Encoding` asks.

An attacker who chooses a part of an answer can guess a secret in the same answer by its compressed size (BREACH).
docs/decisions/0042-transport.md says which answers are compressed, and why this is safe.
"""

import asyncio
import gzip
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import brotli
import zstandard
from graphql import OperationType
from starlette.requests import Request

from server.http.protocol import BODIES, Answer, weights

CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
    "br": lambda body: brotli.compress(body, quality=4),
    "gzip": lambda body: gzip.compress(body, compresslevel=1, mtime=0),
}
"""The content codings at a cheap level, the cheapest first. They release the interpreter lock."""
LEAST_BYTES: Final = 1_000
"""The shortest body that is compressed. A shorter one fits into a packet as it is."""
MOST_BYTES_AT_ONCE: Final = 50_000
"""The longest body that the event loop compresses. A thread compresses a longer one."""


def coding_of(accept_encoding: str, offered: Sequence[str] = tuple(CODINGS)) -> str | None:
    """Return the content coding with the highest weight, or None for an answer without a coding.

    Among equals, the first one of the offered wins.
    """
    accepted = weights(accept_encoding)
    if not accepted.keys() - {""}:
        return None
    others = accepted.get("*", 0.0)
    best = max(offered, key=lambda coding: accepted.get(coding, others))
    weight = accepted.get(best, others)
    return best if weight > 0 and weight >= accepted.get("identity", 0.0) else None


def is_safe(request: Request, operation: OperationType | None, content: Mapping[str, Any]) -> bool:
    """Return whether the answer may be compressed.

    Answers of mutations may contain new secrets, and errors repeat words of the request. A browser sends cookies also
    for pages of other sites. With cookies, the request must therefore come from the own origin, or have a body: a JSON
    body of a page of another origin needs a preflight.
    """
    if operation is not OperationType.QUERY or "errors" in content:
        return False
    if "cookie" not in request.headers or request.method in BODIES:
        return True
    return request.headers.get("sec-fetch-site") == "same-origin"


async def compressed(request: Request, answer: Answer) -> Answer:
    """Return the answer in a coding that the client accepts. A short one stays as it is."""
    if len(answer.body) < LEAST_BYTES:
        return answer
    coding = coding_of(request.headers.get("accept-encoding", ""))
    varies = any(name == b"vary" and b"accept-encoding" in value for name, value in answer.raw_headers)
    varying = {} if varies else {"vary": "accept-encoding"}
    if coding is None:
        return answer.with_body(bytes(answer.body), varying)
    compress = CODINGS[coding]
    body = bytes(answer.body)
    packed = compress(body) if len(body) <= MOST_BYTES_AT_ONCE else await asyncio.to_thread(compress, body)
    return answer.with_body(packed, varying | {"content-encoding": coding})
