from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import ApiKey
from resolvers.framework.context import Context
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import mutation, takes
from resolvers.framework.payload import Payload
from resolvers.framework.requires import requires
from services import own_api_keys as service
from services.accounts.api_key import WRITE_KEYS
from services.accounts.api_keys import ApiKeyState, IssuedKey, state_of


@requires("expires_at", "revoked_at", loads=0)
async def state(keys: Sequence[ApiKey], context: Context) -> Sequence[ApiKeyState]:
    return [state_of(key, context.now) for key in keys]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyPayload(Payload):
    """The key as it is now, and the text of a new key."""

    api_key: ApiKey | None = None
    secret: str | None = None

    @classmethod
    def not_stored(cls) -> frozenset[str]:
        """Keep the text of the key out of the database. A repeated call gets the key without the text."""
        return frozenset({"secret"})


writes = mutation(WRITE_KEYS, ApiKeyPayload)


def _payload(issued: IssuedKey) -> ApiKeyPayload:
    return ApiKeyPayload(api_key=issued.key, secret=issued.text)


@takes(4)
@writes
async def create_api_key(writer: Writer, context: Context, request: Any) -> ApiKeyPayload:
    ends = request.expires_at or None
    return _payload(await service.create(writer, context.viewer, request.name, request.scopes, ends))


@takes(5)
@writes
async def rotate_api_key(writer: Writer, context: Context, request: Any) -> ApiKeyPayload:
    key_id, ends = row_id(request.id, ApiKey), request.expires_at or None
    return _payload(await service.rotate(writer, context.viewer, key_id, request.overlap_seconds, ends))


@takes(2)
@writes
async def revoke_api_key(writer: Writer, context: Context, request: Any) -> ApiKeyPayload:
    revoked = await service.revoke(writer, context.viewer, row_id(request.id, ApiKey))
    return ApiKeyPayload(api_key=revoked)
