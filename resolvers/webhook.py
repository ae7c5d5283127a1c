"""Webhooks: their input is checked before the transaction, among others the document by the executor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from db.engine.writer import Writer
from db.language import saved_query
from db.language.saved_query import SavedQuery
from db.models import User, Webhook, WebhookDelivery, WebhookEventType, WebhookSignature
from resolvers.entities import OF_TYPENAME
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.filter_input import filter_of, given_fields, written
from resolvers.framework.global_id import encoder, row_id
from resolvers.framework.mutation import mutation, takes, values_as, values_of
from resolvers.framework.names import public
from resolvers.framework.payload import Payload
from resolvers.framework.relation import parent
from resolvers.framework.requires import requires
from services.accounts.api_key import WRITE_WEBHOOKS
from services.rules.user_errors import UserErrorCode, user_error
from services.webhooks import endpoints as service
from services.webhooks.dispatch import Fed
from services.webhooks.endpoints import KeyedWebhook, WebhookValues
from services.webhooks.start import start_at, start_now


def entity_of_event(event_type: str) -> Entity[Any]:
    """Return the entity whose rows the events of a type are about."""
    return OF_TYPENAME[event_type.partition(".")[0].capitalize()]


EVENT_ENTITIES: Final[Mapping[str, Entity[Any]]] = {
    each.typename: each for each in map(entity_of_event, WebhookEventType)
}
"""The entities of events by typename."""
FILTERED: Final = {
    entity.model.__name__.lower(): entity for entity in EVENT_ENTITIES.values() if entity.filters
}
"""The entities whose events a webhook can filter, by the field of the input."""
OF_FILTER: Final = {entity.typename: public(name) for name, entity in FILTERED.items()}
"""The fields of the input by typename."""
GIVEN: Final = "given"
"""The key of the filter as it was given, beside the filter that the dispatch reads."""


def fed_entities() -> Fed:
    """Return the entities of events for the dispatch."""
    personal = frozenset(name for name, entity in EVENT_ENTITIES.items() if entity.personal)
    return Fed({name: entity.model for name, entity in EVENT_ENTITIES.items()}, personal)


@requires("questions", loads=0)
async def has_filter(webhooks: Sequence[Webhook], context: Context) -> Sequence[bool]:  # noqa: ARG001 - all resolvers take it
    return [bool(webhook.questions) for webhook in webhooks]


@requires("questions", loads=0)
async def given_filters(webhooks: Sequence[Webhook], context: Context) -> Sequence[dict[str, Any] | None]:  # noqa: ARG001 - as above
    """Return the filters as their users gave them. Return None without a filter."""
    return [given_filter(webhook.questions) or None for webhook in webhooks]


def given_filter(questions: Mapping[str, Any]) -> dict[str, Any]:
    return {OF_FILTER[typename]: question[GIVEN] for typename, question in questions.items()}


@requires("entity", "entity_id", loads=0)
async def object_id(rows: Sequence[WebhookDelivery], context: Context) -> Sequence[str]:  # noqa: ARG001 - as above
    return [encoder(row.entity)(row.entity_id) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPayload(Payload):
    """The webhook or delivery as it is now, and a new secret."""

    webhook: Webhook | None = None
    delivery: WebhookDelivery | None = None
    secret: str | None = None
    deleted_id: int | None = None
    user_id: int | None = None

    @classmethod
    def not_stored(cls) -> frozenset[str]:
        """Keep the secret out of the database. A repeated call gets the webhook without the secret."""
        return frozenset({"secret"})


user_of_payload = parent(User, "user_id")


async def _checked_new(context: Context, request: Any) -> WebhookValues:
    """Return the values of a new webhook. Raise `UserErrors`, `UserInputError` or `ForbiddenError`."""
    values = _values(context, request)
    if "scopes" not in values:
        reads = {scope for scope in context.viewer.scopes if scope.startswith("read:")}
        values["scopes"] = sorted(reads)
    service.require_granted(context.viewer, values["scopes"], "scopes")
    _require_event_scopes(values["event_types"], values["scopes"])
    _require_event_filters(values["event_types"], values.get("questions") or {})
    await _check_document(context, values.get("document"), values["scopes"])
    return values


def _values(context: Context, request: Any) -> WebhookValues:
    given = values_as(WebhookValues, request)
    given = service.checked(given, context.webhooks.fence)
    if "filter" in values_of(request):
        given["questions"] = _questions(context, request.filter)
    return given


def _questions(context: Context, given: Any) -> dict[str, Any]:
    """Return the filters as JSON, by entity: for the dispatch, and as they were given."""
    found: dict[str, Any] = {}
    for name, wanted in () if given is None else given_fields(given):
        entity = FILTERED[name]
        where = filter_of(
            entity, wanted, context.require, context.viewer.scope, f"input.filter.{public(name)}"
        )
        question = saved_query.dump(SavedQuery(where, entity.default_order))
        found[entity.typename] = {**question, GIVEN: written(wanted)}
    return found


def _require_event_scopes(event_types: Sequence[str], scopes: Sequence[str]) -> None:
    for index, event_type in enumerate(event_types):
        permission = entity_of_event(event_type).permission
        if permission is not None and permission not in scopes:
            message = f"Requires the scope `{permission}` among the scopes of the webhook."
            raise user_error(UserErrorCode.INVALID, message, "event_types", str(index))


def _require_event_filters(event_types: Sequence[str], questions: Mapping[str, Any]) -> None:
    of_events = {entity_of_event(each).typename for each in event_types}
    for typename in questions:
        if typename not in of_events:
            message = f"Must not filter {typename} rows, because no event type is about them."
            raise user_error(UserErrorCode.INVALID, message, "filter", typename.lower())


async def _check_document(context: Context, document: str | None, scopes: Sequence[str]) -> None:
    if document is None:
        return
    rendering, viewer = context.webhooks.rendering, context.viewer
    if rendering is None:
        raise user_error(UserErrorCode.INVALID, "This server cannot check documents.", "document")
    problem = await rendering.problem_of(document, service.reader_of(viewer.user_id, viewer.role, scopes))
    if problem is not None:
        raise user_error(UserErrorCode.INVALID, f"The document cannot be stored. {problem}", "document")


@takes(7)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def create_webhook(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    values = await _checked_new(context, request)
    signature = request.signature or WebhookSignature.V1
    start = await start_now(writer, context.viewer.scope)
    made = await service.create(writer, context.viewer, context.vault, values, signature, start)
    return _keyed(made)


@takes(7)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def update_webhook(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    webhook_id, values = row_id(request.id, Webhook), _values(context, request)

    async def check(webhook: Webhook) -> None:
        event_types = values.get("event_types", webhook.event_types)
        scopes = values.get("scopes", webhook.scopes)
        service.require_granted(context.viewer, scopes, "scopes")
        _require_event_scopes(event_types, scopes)
        _require_event_filters(event_types, values.get("questions", webhook.questions))
        if {"document", "scopes"} & values.keys():
            await _check_document(context, values.get("document", webhook.document), scopes)

    changed = await service.update(writer, context.viewer, webhook_id, values, check)
    return WebhookPayload(webhook=changed)


@takes(7)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def rotate_webhook_secret(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    return _keyed(
        await service.rotate(
            writer,
            context.viewer,
            context.vault,
            row_id(request.id, Webhook),
            request.overlap_seconds,
            request.signature or None,
        )
    )


def _keyed(made: KeyedWebhook) -> WebhookPayload:
    return WebhookPayload(webhook=made.webhook, secret=made.shown)


@takes(8)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def replay_webhook(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    webhook_id, scope = row_id(request.id, Webhook), context.viewer.scope
    start = await start_at(writer, scope, request.after) if request.after else await start_now(writer, scope)
    return WebhookPayload(webhook=await service.replay(writer, context.viewer, webhook_id, start))


@takes(6)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def replay_webhook_delivery(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    delivery_id = row_id(request.id, WebhookDelivery)
    return WebhookPayload(delivery=await service.replay_delivery(writer, context.viewer, delivery_id))


@takes(3)
@mutation(WRITE_WEBHOOKS, WebhookPayload)
async def delete_webhook(writer: Writer, context: Context, request: Any) -> WebhookPayload:
    webhook_id = row_id(request.id, Webhook)
    user_id = await service.delete(writer, context.viewer, webhook_id)
    return WebhookPayload(deleted_id=webhook_id, user_id=user_id)
