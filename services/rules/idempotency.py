"""Calls that may come twice and must do their work once."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar

import orjson

from db.engine.writer import Writer
from db.statements import idempotency
from services.accounts.viewer import Viewer
from services.rules.user_errors import UserErrorCode, refused
from services.rules.validation import is_storable

LONGEST_KEY = 255
PLACE = "idempotency_key"

Result = TypeVar("Result")


def fingerprint(operation: str, asked: object) -> bytes:
    """Tells one request from another: the SHA-256 of the operation's name and what it was asked."""
    return sha256(orjson.dumps([operation, asked], option=orjson.OPT_SORT_KEYS, default=str)).digest()


async def once(
    writer: Writer,
    viewer: Viewer,
    key: str,
    request: bytes,
    work: Callable[[], Awaitable[Result]],
    stored: Callable[[Result], dict[str, Any]],
    restored: Callable[[dict[str, Any]], Awaitable[Result]],
) -> Result:
    """What the work returns, or what it returned when it was called with this key in the last 24 hours.

    Raises `RefusedError` where the key belongs to another request, or a call with it is under way. Work that
    is refused leaves no key behind: it has written nothing and can be asked for again.
    """
    if not 0 < len(key) <= LONGEST_KEY or not is_storable(key):
        raise refused(UserErrorCode.INVALID, f"A key has 1 to {LONGEST_KEY} characters.", PLACE)
    if not await idempotency.try_lock(writer, viewer.user_id, key):
        raise refused(UserErrorCode.IN_FLIGHT, "A call with this key is under way: try again soon.", PLACE)
    answered = await idempotency.find(writer, viewer.user_id, key)
    if answered is None:
        result = await work()
        await idempotency.keep(writer, viewer.user_id, key, request, stored(result))
        return result
    if answered.request_hash != request:
        raise refused(
            UserErrorCode.IDEMPOTENCY_KEY_REUSED,
            "This key was used with another input: take a new key for each thing to be done.",
            PLACE,
        )
    return await restored(answered.response)
