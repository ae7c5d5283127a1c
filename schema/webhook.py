from datetime import datetime

import strawberry

from db import models
from db.models import (
    WebhookDeliveryStatus,
    WebhookDisabledReason,
    WebhookEventType,
    WebhookSignature,
    WebhookStatus,
)
from resolvers import webhook as resolve
from resolvers.entities import WEBHOOK_DELIVERY
from resolvers.framework.relation import related
from schema.fields import column, resolved_by
from schema.lazy_types import WebhookDeliveryRef, WebhookRef
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection, list_of
from schema.scalars import JSON


@strawberry.type(
    description="A webhook: a subscription to events, whose messages are sent to a URL by the specification Standard "
    "Webhooks. Only its user can see the webhook, not even an operator."
)
class Webhook(Node):
    is_type_of = is_row_of(models.Webhook)

    id: strawberry.ID = global_id(models.Webhook)
    url: str = column("URL to which the messages are sent.")
    description: str = column("Purpose of the webhook. Empty string if not set.")
    event_types: list[WebhookEventType] = column("Types of the events.")
    has_filter: bool = resolved_by(
        resolve.has_filter, description="Whether a filter limits the objects of the events."
    )
    filter: JSON | None = resolved_by(
        resolve.given_filters,
        description="Conditions on the objects of the events, as a value of the input `WebhookFilterInput`. Null without a "
        "filter.",
    )
    document: str | None = column(
        "Query whose result the messages contain. Null for the main fields.", long=True
    )
    scopes: list[str] = column("Scopes with which the payloads are read.")
    signature: WebhookSignature = column("Version of the newest signature.")
    public_key: str | None = column(
        "Public key `whpk_…`, with which receivers verify signatures of the version V1A. Null for the version V1."
    )
    status: WebhookStatus = column("Current status of the webhook.")
    disabled_reason: WebhookDisabledReason | None = column(
        "Reason for which the server has disabled the webhook. Null unless `status` is DISABLED."
    )
    disabled_at: datetime | None = column(
        "Time when the server disabled the webhook. Null unless `status` is DISABLED."
    )
    failing_since: datetime | None = column(
        "Time of the first failed attempt since the last success. Null if the last attempt succeeded."
    )
    resumes_at: datetime | None = column(
        "Time until which the deliveries wait, because the receiver has failed ten times in a row or asks for a pause. Null "
        "if messages are sent."
    )
    created_at: datetime = column("Time when the webhook was created.")
    updated_at: datetime = column("Time when the user last changed the webhook.")
    deliveries: Connection[WebhookDeliveryRef] = list_of(
        WEBHOOK_DELIVERY,
        "Deliveries of the webhook. The server deletes a delivery 30 days after its end.",
        parent="webhook_id",
    )


@strawberry.type(description="The delivery of a message about one event.")
class WebhookDelivery(Node):
    is_type_of = is_row_of(models.WebhookDelivery)

    id: strawberry.ID = global_id(models.WebhookDelivery)
    message_id: str = column(
        "ID of the message, the same in each attempt and replay. Receivers get it as the header `webhook-id`."
    )
    event_type: WebhookEventType = column("Type of the event.")
    object_id: strawberry.ID = resolved_by(
        resolve.object_id, description="Global ID of the object of the event. A deleted object has it, too."
    )
    occurred_at: datetime = column("Time of the event.")
    status: WebhookDeliveryStatus = column("Current status of the delivery.")
    attempts: int = column("Number of attempts so far, at most 10.")
    attempted_at: datetime | None = column("Time of the last attempt. Null before the first one.")
    next_attempt_at: datetime | None = column(
        "Time of the next attempt. Null if the delivery has ended, or waits for an earlier one about the same object.",
        name="due_at",
    )
    response_status: int | None = column("HTTP status of the last response. Null without a response.")
    response_excerpt: str | None = column(
        "First 1,000 characters of the last response, without secrets. Null without a response."
    )
    error: str | None = column("Reason for which the last attempt failed without a response. Null otherwise.")
    duration_ms: int | None = column(
        "Duration of the last attempt in milliseconds. Null before the end of the first one."
    )
    finished_at: datetime | None = column("Time when the delivery ended. Null if it is pending.")
    created_at: datetime = column("Time when the delivery was created.")
    webhook: WebhookRef = resolved_by(
        related(WEBHOOK_DELIVERY, "webhook"), description="Webhook that sends the message."
    )
