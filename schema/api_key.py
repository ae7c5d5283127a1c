from datetime import datetime

import strawberry

from db import models
from resolvers import api_key as resolve
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.node import Node, global_id, is_row_of
from services.accounts.api_key import granted, prefix_of
from services.accounts.api_keys import ApiKeyState

describe(
    ApiKeyState,
    "State of an API key.",
    active="The key works if its user is active.",
    expired="The key has reached its time of expiry and is refused.",
    revoked="The key was revoked and is refused.",
)


@strawberry.type(
    description="An API key without its secret. Only the user of the key can see the key, not even an operator."
)
class ApiKey(Node):
    is_type_of = is_row_of(models.ApiKey)

    id: strawberry.ID = global_id(models.ApiKey)
    name: str = column("Purpose of the key. Empty string if not set.")
    prefix: str = column(
        "First characters of the key, by which a person recognises the key. They reveal nothing of the secret.",
        name="id",
        of=prefix_of,
    )
    scopes: list[str] = column(
        "Scopes of the key, in alphabetical order.", name="scopes", of=lambda scopes: sorted(granted(scopes))
    )
    state: ApiKeyState = resolved_by(resolve.state, description="Whether the key works.")
    created_at: datetime = column("Time when the key was created.")
    expires_at: datetime | None = column(
        "Time from which the key is refused. Null if the key does not expire."
    )
    revoked_at: datetime | None = column("Time when the key was revoked. Null if the key is not revoked.")
    last_used_at: datetime | None = column(
        "Time of the last request with the key, to the minute. Null if the key was never used."
    )
    updated_at: datetime = column(
        "Time when the key was created, revoked or given another time of expiry. Requests with the key are no such change."
    )
