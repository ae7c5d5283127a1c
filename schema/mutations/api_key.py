from datetime import datetime
from functools import partial
from typing import Any

import strawberry

from resolvers import api_key as resolve
from schema.fields import column
from schema.lazy_types import ApiKeyRef
from schema.mutations.field import id_input, idempotency_key, optional, required, writes
from schema.user_error import Payload
from services.accounts.api_key import SCOPES, WRITE_KEYS
from services.own_api_keys import LONGEST_NAME, LONGEST_OVERLAP, MOST_WORKING, USUAL_OVERLAP

_ID = "Global ID of the API key, which must be the viewer's own."
_SCOPES = " ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items())
_NOT_LATER = (
    "Must be in the future, and not after the expiry of the calling API key. A session sets no bound."
)
_RECENT = "A session requires a sign-in within the last hour, and else gets SIGN_IN_REQUIRED."
_ONCE = (
    "The new key, which requests send as `Authorization: Bearer …`. Shown once: the server stores only a hash. Null if "
    "nothing was written, and in a repeated call with the same idempotency key."
)


@strawberry.input(description="Input for creating an API key of the viewer.")
class CreateApiKeyInput:
    name: str = required(f"Purpose of the key, 1 to {LONGEST_NAME} characters.")
    scopes: list[str] = required(
        "Scopes of the key, at least one, all of which the calling API key or session must have. A key without any `read:` or "
        f"`write:` scope also gets the scopes to read keywords, mentions, leads and integrations. {_SCOPES}"
    )
    expires_at: datetime | None = optional(
        f"Time from which the key is refused. {_NOT_LATER} Defaults to the expiry of the calling key, if it has one."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for replacing an API key of the viewer by a new one.")
class RotateApiKeyInput:
    id: strawberry.ID = required(_ID)
    overlap_seconds: int | None = optional(
        f"Seconds until the existing key expires, 0 to {LONGEST_OVERLAP:,}. An earlier expiry of the existing key stays.",
        USUAL_OVERLAP,
    )
    expires_at: datetime | None = optional(
        f"Time from which the new key is refused. {_NOT_LATER} Defaults to the expiry of the existing key or of the "
        "calling key, whichever is earlier."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of creating an API key.")
class CreateApiKeyPayload(Payload):
    api_key: ApiKeyRef | None = column("The new key. Null if nothing was written.")
    secret: str | None = column(_ONCE)


@strawberry.type(description="Result of rotating an API key.")
class RotateApiKeyPayload(Payload):
    api_key: ApiKeyRef | None = column(
        "The new key. After INVALID_TRANSITION, the existing key. Null after any other error."
    )
    secret: str | None = column(_ONCE)


@strawberry.type(description="Result of revoking an API key.")
class RevokeApiKeyPayload(Payload):
    api_key: ApiKeyRef | None = column("The revoked key. Null if nothing was written.")


_field: Any = partial(writes, scope=WRITE_KEYS)


@strawberry.type
class ApiKeyMutation:
    """Fields of the mutation root."""

    create_api_key: CreateApiKeyPayload | None = _field(
        resolve.create_api_key,
        CreateApiKeyInput,
        "Creates an API key of the viewer, and returns the key once. A new key has no scope that the calling API key or "
        f"session lacks, and does not outlive a calling key. {_RECENT} A user can have at most {MOST_WORKING} working "
        "keys.",
    )
    rotate_api_key: RotateApiKeyPayload | None = _field(
        resolve.rotate_api_key,
        RotateApiKeyInput,
        "Creates an API key with the name and the scopes of an existing key of the viewer, and returns the new key once. "
        "The existing key works until the end of the overlap, so that programs can change to the new key. The calling "
        "API key or session must have all scopes of the existing key. A key may rotate itself. "
        f"{_RECENT}",
    )
    revoke_api_key: RevokeApiKeyPayload | None = _field(
        resolve.revoke_api_key,
        id_input("RevokeApiKeyInput", "Input for revoking an API key.", _ID),
        "Revokes an API key of the viewer. Servers refuse the key within five seconds. A revoked key stays revoked.",
    )
