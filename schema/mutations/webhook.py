from functools import partial
from typing import Any

import strawberry

from db import models
from db.models import WebhookEventType, WebhookSignature, WebhookStatus
from resolvers import webhook as resolve
from resolvers.framework.mutation import NULL_IS_ABSENT
from resolvers.webhook import FILTERED
from resolvers.webhook_dry_run import test_webhook
from schema.fields import column, resolved_by
from schema.filters import FILTERS
from schema.lazy_types import UserRef, WebhookDeliveryRef, WebhookRef
from schema.list_size import Fixed
from schema.mutations.field import id_input, idempotency_key, nullable, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload
from services.accounts.api_key import WRITE_WEBHOOKS
from services.webhooks.endpoints import (
    LONGEST_DESCRIPTION,
    LONGEST_DOCUMENT,
    LONGEST_OVERLAP,
    MOST_WEBHOOKS,
    USUAL_OVERLAP,
)

_ID = "Global ID of the webhook, which must be the viewer's own."
_URL = (
    "URL to which messages are sent: `https://`, a public host, the port 443 or 8443, without user name, password and "
    "fragment. At most 2,048 characters."
)
_TYPES = "Types of the events, at least one."
_DOCUMENT = (
    f"Query whose result the messages contain instead of the main fields, at most {LONGEST_DOCUMENT:,} characters. Its "
    "only variable is `$id: ID!`, the global ID of the object. The query runs with the scopes of the webhook."
)
_FILTER = (
    "Conditions on the objects of the events, as in the lists. An event is sent if its object matches when the event is "
    "read. Events about deleted objects are always sent."
)
_DESCRIPTION = f"Purpose of the webhook, at most {LONGEST_DESCRIPTION} characters."
_SCOPES = (
    "Scopes to read with which payloads are rendered, all of which the calling API key or session must have."
)
_ONCE = (
    "The new secret `whsec_…`, with which receivers verify signatures. Shown once: the server stores it encrypted. Null "
    "for signatures of the version V1A, if nothing was written, and in a repeated call with the same idempotency key."
)
_WEBHOOK = "The webhook after the mutation. Null if nothing was written."


def _filter_input() -> Any:
    made: Any = type("WebhookFilterInput", (), {"__module__": __name__})
    made.__annotations__ = {}
    for name, entity in FILTERED.items():
        made.__annotations__[name] = FILTERS[entity.model] | None
        setattr(made, name, optional(f"Conditions on {entity.plural}. By default, all of them."))
    return strawberry.input(made, description="Conditions on the objects of a webhook's events, by type.")


_FILTER_INPUT = _filter_input()


@strawberry.input(description="Input for creating a webhook of the viewer.")
class CreateWebhookInput:
    url: str = required(_URL)
    event_types: list[WebhookEventType] = required(_TYPES)
    description: str | None = optional(f"{_DESCRIPTION} Defaults to an empty string.")
    filter: Any = strawberry.field(
        graphql_type=_FILTER_INPUT | None,
        default=strawberry.UNSET,
        description=f"{_FILTER} By default, all objects.",
        metadata={NULL_IS_ABSENT: True},
    )
    document: str | None = optional(f"{_DOCUMENT} Defaults to the main fields.")
    scopes: list[str] | None = optional(
        f"{_SCOPES} Defaults to all scopes to read of the calling API key or session."
    )
    signature: WebhookSignature | None = optional("Version of the signatures. Defaults to V1.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for changing a webhook. Omitted fields stay unchanged.")
class UpdateWebhookInput:
    id: strawberry.ID = required(_ID)
    url: str | None = nullable(f"{_URL} Null is not allowed.")
    event_types: list[WebhookEventType] | None = nullable(f"{_TYPES} Null is not allowed.")
    description: str | None = nullable(f"{_DESCRIPTION} Null is not allowed.")
    filter: Any = strawberry.field(
        graphql_type=_FILTER_INPUT | None,
        default=strawberry.UNSET,
        description=f"{_FILTER} Null removes the filter.",
    )
    document: str | None = nullable(f"{_DOCUMENT} Null for the main fields.")
    scopes: list[str] | None = nullable(f"{_SCOPES} Null is not allowed.")
    status: WebhookStatus | None = nullable(
        "ACTIVE or PAUSED. ACTIVE enables a disabled webhook again. Null is not allowed."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for replacing the secret of a webhook.")
class RotateWebhookSecretInput:
    id: strawberry.ID = required(_ID)
    overlap_seconds: int | None = optional(
        f"Seconds in which the present secrets still sign, 0 to {LONGEST_OVERLAP:,}. Messages then have several signatures.",
        USUAL_OVERLAP,
    )
    signature: WebhookSignature | None = optional(
        "Version of the new signature. Defaults to that of the present one."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for continuing a webhook from another position of the change feed.")
class ReplayWebhookInput:
    id: strawberry.ID = required(_ID)
    after: str | None = optional(
        "Cursor of the change feed after which the webhook goes on. By default, it goes on from now and skips all events "
        "in between."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(
    description="Input for rendering a message of a webhook. Requires exactly one of `objectId` and `change`."
)
class TestWebhookInput:
    id: strawberry.ID = required(_ID)
    object_id: strawberry.ID | None = optional(
        "Global ID of the object that the message is about, as if the first event type of the webhook about the object "
        "occurred now."
    )
    change: str | None = optional(
        "Cursor of the past change that the message is about, as an edge of `changes` has it. The object is rendered as it "
        "is now."
    )
    send: bool | None = optional(
        "Sends the message once to the URL of the webhook, even if there are mismatches. Its ID begins with `msg_test_`. "
        "The delivery is not stored and not repeated.",
        False,
    )


@strawberry.type(description="A header of a message.")
class WebhookHeader:
    name: str = column("Name of the header in lower case.")
    value: str = column("Value of the header, as the receiver gets it.")


@strawberry.type(description="Result of creating a webhook.")
class CreateWebhookPayload(Payload):
    webhook: WebhookRef | None = column(_WEBHOOK)
    secret: str | None = column(_ONCE)


@strawberry.type(description="Result of changing a webhook.")
class UpdateWebhookPayload(Payload):
    webhook: WebhookRef | None = column(_WEBHOOK)


@strawberry.type(description="Result of rotating the secret of a webhook.")
class RotateWebhookSecretPayload(Payload):
    webhook: WebhookRef | None = column(_WEBHOOK)
    secret: str | None = column(_ONCE)


@strawberry.type(description="Result of replaying the events of a webhook.")
class ReplayWebhookPayload(Payload):
    webhook: WebhookRef | None = column(_WEBHOOK)


@strawberry.type(description="Result of replaying a delivery.")
class ReplayWebhookDeliveryPayload(Payload):
    delivery: WebhookDeliveryRef | None = column(
        "The delivery after the mutation. After INVALID_TRANSITION, the current delivery. Null after any other error."
    )


@strawberry.type(description="Result of deleting a webhook.")
class DeleteWebhookPayload(Payload):
    deleted_webhook_id: strawberry.ID | None = encoded(
        models.Webhook, "Global ID of the deleted webhook. Null if nothing was deleted.", name="deleted_id"
    )
    user: UserRef | None = resolved_by(
        resolve.user_of_payload, description="User who owned the webhook. Null if nothing was deleted."
    )


@strawberry.type(description="A reason for which a webhook sends no message about an event.")
class WebhookMismatch:
    path: list[str] = column(
        "Path from the webhook to the condition that is not met, such as `filter`, `lead`, `status`."
    )
    message: str = column("Explanation of the reason in one sentence.")


@strawberry.type(description="The response of a receiver to a test, without secrets.")
class WebhookTestResponse:
    status: int | None = column("HTTP status of the response. Null without a response.")
    excerpt: str | None = column("First 1,000 characters of the response. Null without a response.")
    error: str | None = column("Reason for which the attempt failed without a response. Null otherwise.")
    duration_ms: int = column("Duration of the attempt in milliseconds.")


@strawberry.type(description="A message as the receiver would get it.")
class TestWebhookPayload(Payload):
    url: str | None = column("URL to which the message would be sent. Null after an error.")
    headers: list[WebhookHeader] = column(
        "Headers of the message with its signatures. Empty after an error.", size=Fixed(5)
    )
    body: str | None = column("Body of the message, a JSON object. Null after an error.")
    mismatches: list[WebhookMismatch] = column(
        "Reasons for which the webhook sends no message about the event. Empty if it sends one, and after an error.",
        size=Fixed(20),
    )
    response: WebhookTestResponse | None = column(
        "Response of the receiver. Null if nothing was sent, and after an error."
    )


_field: Any = partial(writes, scope=WRITE_WEBHOOKS)


@strawberry.type
class WebhookMutation:
    """Fields of the mutation root."""

    create_webhook: CreateWebhookPayload | None = _field(
        resolve.create_webhook,
        CreateWebhookInput,
        "Creates a webhook, which gets the events from then on, and returns its secret once. "
        f"A user can have at most {MOST_WEBHOOKS} webhooks.",
    )
    update_webhook: UpdateWebhookPayload | None = _field(
        resolve.update_webhook,
        UpdateWebhookInput,
        "Changes, pauses or enables a webhook. The calling API key or session must have all scopes of the webhook.",
    )
    rotate_webhook_secret: RotateWebhookSecretPayload | None = _field(
        resolve.rotate_webhook_secret,
        RotateWebhookSecretInput,
        "Gives a webhook a new secret, and returns it once. The present secrets sign beside it until the end of the "
        "overlap. The calling API key or session must have all scopes of the webhook.",
    )
    replay_webhook: ReplayWebhookPayload | None = _field(
        resolve.replay_webhook,
        ReplayWebhookInput,
        "Lets a webhook go on from another position of the change feed. An event that was delivered before is delivered "
        "again with the same message ID, unless its delivery was deleted after 30 days.",
    )
    replay_webhook_delivery: ReplayWebhookDeliveryPayload | None = _field(
        resolve.replay_webhook_delivery,
        id_input(
            "ReplayWebhookDeliveryInput", "Input for replaying a delivery.", "Global ID of the delivery."
        ),
        "Delivers a message again that was delivered or given up, with the same message ID and payload.",
    )
    delete_webhook: DeleteWebhookPayload | None = _field(
        resolve.delete_webhook,
        id_input("DeleteWebhookInput", "Input for deleting a webhook.", _ID),
        "Deletes a webhook with its deliveries.",
    )
    test_webhook: TestWebhookPayload | None = _field(
        test_webhook,
        TestWebhookInput,
        "Renders and signs a message of a webhook about an object or a past change, and says why the webhook would not send "
        "it. Sends the message on request, and stores nothing. The calling API key or session must have all scopes of the "
        "webhook.",
    )
