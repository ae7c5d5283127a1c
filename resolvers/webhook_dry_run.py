"""Dry runs of webhooks: the message about an object or a past change, sent to the receiver only on request."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from db.engine.writer import Writer
from db.language import saved_query
from db.language.filter import All, AnyOf, Filter, Not, Test
from db.language.scope import Scope
from db.models import Base, ChangeKind, Webhook, WebhookEventType, WebhookSecret
from db.statements import webhook as stored
from db.statements import webhook_matching
from resolvers.entities import OF_MODEL, OF_TYPENAME, entity_of
from resolvers.framework.context import Context
from resolvers.framework.global_id import decode, row_id
from resolvers.framework.mutation import takes, unkeyed_mutation
from resolvers.framework.names import public
from resolvers.framework.payload import Payload
from resolvers.framework.permission import require_permission
from resolvers.webhook import EVENT_ENTITIES, OF_FILTER, entity_of_event
from services.accounts.api_key import WRITE_WEBHOOKS
from services.accounts.vault import SealedError, Secret
from services.accounts.viewer import Viewer
from services.changes import feed
from services.changes.feed import Event, ExpiredPositionError
from services.changes.position import BadPositionError, Position
from services.rules.user_errors import UserErrorCode, user_error
from services.webhooks import dispatch, keys, signatures
from services.webhooks import endpoints as service
from services.webhooks.outcome import Outcome, excerpt
from services.webhooks.rendering import Message, Rendered, Rendering, Subject

TEST_MESSAGE: Final = "msg_test"
"""The ID of a message about an object, and the beginning of the IDs of messages that are sent."""
_ID_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a message."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A reason for which a webhook sends no message about an event. `path` leads to the condition."""

    path: Sequence[str]
    message: str


@dataclass(frozen=True, slots=True)
class Response:
    """The outcome of a sent message, without secrets."""

    status: int | None
    excerpt: str | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunPayload(Payload):
    """A message, and the reasons for which the webhook would not send it."""

    url: str | None = None
    headers: Sequence[Header] = ()
    body: str | None = None
    mismatches: Sequence[Mismatch] = ()
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """The event that a message is about. `columns` are those of an update, and None for other events."""

    message_id: str
    event_type: str
    at: datetime
    subject: Subject
    columns: Sequence[str] | None = None

    @property
    def is_deleted(self) -> bool:
        return self.event_type.endswith(f".{ChangeKind.DELETED}")


@takes(20, keyed=False)
@unkeyed_mutation(DryRunPayload)
async def test_webhook(context: Context, request: Any) -> DryRunPayload:
    """Render and sign a message, and send it on request. Store nothing."""
    require_permission(context.viewer, WRITE_WEBHOOKS)
    rendering, send = context.webhooks.rendering, context.webhooks.send
    if rendering is None or send is None:
        raise user_error(UserErrorCode.INVALID, "This server cannot test webhooks.")
    webhook_id = row_id(request.id, Webhook)

    async def read(writer: Writer) -> tuple[Webhook, Sequence[WebhookSecret], Occasion, list[Mismatch]]:
        webhook = await service.read(writer, context.viewer, webhook_id)
        service.require_granted(context.viewer, webhook.scopes, "id")
        occasion = await _occasion(writer, context, webhook, request)
        mismatches = await _mismatches(writer, _scope(context, webhook), webhook, occasion)
        return webhook, await stored.working_secrets(writer, [webhook_id]), occasion, mismatches

    webhook, sealed, occasion, mismatches = await context.write(read)
    signing = _opened(context, sealed)
    body = await _body(rendering, _reader(context, webhook), webhook, occasion)
    message_id = f"{TEST_MESSAGE}_{secrets.token_hex(_ID_BYTES)}" if request.send else occasion.message_id
    headers = signatures.message_headers(signing, message_id, int(context.now.timestamp()), body.encode())
    return DryRunPayload(
        url=webhook.url,
        headers=[Header(*each) for each in headers.items()],
        body=body,
        mismatches=mismatches,
        response=_response(await send(webhook.url, headers, body.encode()), signing)
        if request.send
        else None,
    )


test_webhook.__test__ = False  # type: ignore[attr-defined]


async def _occasion(writer: Writer, context: Context, webhook: Webhook, request: Any) -> Occasion:
    """Return the event of the request: a past change, or one of an object as if it occurred now. Raise `UserErrors`."""
    if bool(request.object_id) == bool(request.change):
        message = "Requires exactly one of `objectId` and `change`."
        raise user_error(UserErrorCode.INVALID, message, "object_id")
    if request.change:
        return _past(context, webhook, await _event(writer, context, request.change))
    model, number = decode(request.object_id)
    typename = _typename(model)
    types = [each for each in webhook.event_types if entity_of_event(each).typename == typename]
    if not types:
        message = "Must be the ID of an object that an event type of the webhook is about."
        raise user_error(UserErrorCode.INVALID, message, "object_id")
    return Occasion(TEST_MESSAGE, types[0], context.now, Subject(typename, number))


def _typename(model: type[Base]) -> str:
    return entity_of(model).typename if model in OF_MODEL else ""


async def _event(writer: Writer, context: Context, cursor: str) -> Event:
    """Return the event at a cursor of the feed. Raise `UserErrors`, and `ForbiddenError` for an unreadable entity."""
    try:
        event = await feed.event_at(writer, context.viewer.scope, Position.parse(cursor))
    except BadPositionError:
        event = None
    except ExpiredPositionError as expired:
        message = "The change feed no longer has this change."
        raise user_error(UserErrorCode.INVALID, message, "change") from expired
    if event is None or not _is_visible(event, context):
        message = "Must be the cursor of a change, from `changes { edges { cursor } }` of the same user."
        raise user_error(UserErrorCode.INVALID, message, "change")
    context.require(OF_TYPENAME[event.entity].model)
    return event


def _is_visible(event: Event, context: Context) -> bool:
    return not OF_TYPENAME[event.entity].personal or event.user_id == context.viewer.user_id


def _past(context: Context, webhook: Webhook, event: Event) -> Occasion:
    """Return the occasion of an event. Raise `UserErrors` if webhooks have no such events for the viewer."""
    event_type = dispatch.event_type(event)
    if event_type not in set(WebhookEventType):
        message = "Must be the cursor of a change about which webhooks can have messages, not of this type."
        raise user_error(UserErrorCode.INVALID, message, "change")
    if event.user_id != webhook.user_id and not _scope(context, webhook).everybody:
        message = "Must be the cursor of a change of the webhook's user. The webhook gets no others."
        raise user_error(UserErrorCode.INVALID, message, "change")
    return Occasion(
        dispatch.message_id(webhook.id, event),
        event_type,
        event.at,
        Subject(event.entity, event.row_id),
        event.columns if event.kind == ChangeKind.UPDATED else None,
    )


def _scope(context: Context, webhook: Webhook) -> Scope:
    """Return the rows of the webhook's events. An operator who has become a member sees only own rows."""
    scope = context.viewer.scope
    return scope if webhook.everybody else Scope(webhook.user_id)


async def _mismatches(writer: Writer, scope: Scope, webhook: Webhook, occasion: Occasion) -> list[Mismatch]:
    """Return the reasons for which the webhook sends no message about the event."""
    found = []
    if occasion.event_type not in webhook.event_types:
        name = WebhookEventType(occasion.event_type).name
        found.append(Mismatch(("eventTypes",), f"The webhook lacks the event type {name}."))
    question = webhook.questions.get(occasion.subject.entity)
    if question is not None and not occasion.is_deleted:
        where = saved_query.load(question).where
        found += await _unmet(writer, scope, occasion.subject, where)
    return found


async def _unmet(writer: Writer, scope: Scope, subject: Subject, where: Filter) -> list[Mismatch]:
    """Return the conditions of the filter that the row does not meet now."""
    parts = where.parts if isinstance(where, All) else (where,)
    met = await webhook_matching.met(writer, scope, OF_TYPENAME[subject.entity].model, subject.row_id, parts)
    path = ("filter", OF_FILTER[subject.entity])
    if met is None:
        return [Mismatch(path, "The object does not exist, so it matches no filter.")]
    names = dict.fromkeys(
        _name(subject.entity, part) for part, is_met in zip(parts, met, strict=True) if not is_met
    )
    return [
        Mismatch((*path, name), f"The object does not match `{'.'.join((*path, name))}`.") for name in names
    ]


def _name(typename: str, part: Filter) -> str:
    """Return the name of a condition as the input of the filter has it."""
    match part:
        case All():
            return "and"
        case AnyOf():
            return "or"
        case Not():
            return "not"
        case Test(field):
            filters: Mapping[str, Any] = EVENT_ENTITIES[typename].filters
            return next(
                public(name) for name, declared in filters.items() if (declared.field or name) == field
            )


def _reader(context: Context, webhook: Webhook) -> Viewer:
    return service.reader_of(webhook.user_id, context.viewer.role, webhook.scopes)


async def _body(rendering: Rendering, viewer: Viewer, webhook: Webhook, occasion: Occasion) -> str:
    rendered = await _rendered(rendering, viewer, webhook, occasion.subject)
    columns, entity = occasion.columns, occasion.subject.entity
    return Message(
        occasion.event_type,
        occasion.at,
        rendering.global_id(occasion.subject),
        None if columns is None else rendering.changed_fields(entity, columns),
        rendered,
        webhook.document is not None,
    ).payload()


async def _rendered(rendering: Rendering, viewer: Viewer, webhook: Webhook, subject: Subject) -> Rendered:
    if webhook.document is not None:
        return await rendering.result(viewer, webhook.document, subject)
    return (await rendering.objects(viewer, [subject]))[0]


def _opened(context: Context, sealed: Sequence[WebhookSecret]) -> list[Secret]:
    try:
        return keys.opened(context.vault, sealed)
    except SealedError as failure:
        raise user_error(UserErrorCode.INVALID, f"The secret cannot be read. {failure}", "id") from failure


def _response(outcome: Outcome, signing: Sequence[Secret]) -> Response:
    body = None if outcome.status is None else excerpt(outcome.body, signing)
    return Response(outcome.status, body, outcome.error or None, round(outcome.seconds * 1000))
