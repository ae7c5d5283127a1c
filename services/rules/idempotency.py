"""Idempotency keys: a mutation that is sent twice with the same key is executed once."""

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar

import orjson

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.statements import idempotency
from services.accounts.viewer import Viewer
from services.rules.user_errors import UserErrorCode, user_error
from services.rules.validation import is_storable

LONGEST_KEY = 255
KEYS_PER_PURGE = 1000
FIELD = "idempotency_key"

Result = TypeVar("Result")


def fingerprint(operation: str, arguments: object) -> bytes:
    """Return the SHA-256 of the operation's name and arguments, which identifies a request."""
    request = [operation, arguments]
    try:
        encoded = orjson.dumps(request, option=orjson.OPT_SORT_KEYS, default=str)
    except TypeError:  # an integer of more than 64 bits, which the mutation refuses
        encoded = json.dumps(request, sort_keys=True, default=str).encode()
    return sha256(encoded).digest()


async def once(
    writer: Writer,
    viewer: Viewer,
    key: str,
    request: bytes,
    work: Callable[[], Awaitable[Result]],
    stored: Callable[[Result], dict[str, Any]],
    restored: Callable[[dict[str, Any]], Awaitable[Result]],
) -> Result:
    """Return the result of the work, or its stored result from a call with this key in the last 24 hours.

    Raises `UserErrors` if the key belongs to another request or if a call with it is still running. Refused work
    stores no key: it wrote nothing, so the caller can send it again.
    """
    if not 0 < len(key) <= LONGEST_KEY or not is_storable(key):
        raise user_error(UserErrorCode.INVALID, f"Must have 1 to {LONGEST_KEY} characters.", FIELD)
    if not await idempotency.try_lock(writer, viewer.user_id, key):
        message = "A request with this key is still running. Retry later."
        raise user_error(UserErrorCode.IN_FLIGHT, message, FIELD)
    earlier = await idempotency.find(writer, viewer.user_id, key)
    if earlier is None:
        result = await work()
        await idempotency.keep(writer, viewer.user_id, key, request, stored(result))
        return result
    if earlier.request_hash != request:
        raise user_error(
            UserErrorCode.IDEMPOTENCY_KEY_REUSED,
            "This key was used with a different input. Use a new key for each operation.",
            FIELD,
        )
    return await restored(earlier.response)


async def purge(pool: Pool, *, most: int = KEYS_PER_PURGE) -> bool:
    """Delete some expired keys. Return False if no more are left."""
    return await in_transaction(pool, lambda writer: idempotency.purge(writer, most=most)) == most
