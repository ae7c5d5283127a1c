"""Mutations: a field is one transaction, and what refuses it becomes the user errors of its payload."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from db.writer import ConstraintError, Writer
from resolvers.context import Context, Viewer
from resolvers.errors import ForbiddenError
from resolvers.permission import require_scope
from services import constraint
from services.refusal import InactiveViewerError, RefusedError, UserError

Payload = TypeVar("Payload")

Resolver = Callable[..., Awaitable[Sequence[Any]]]


def mutation(
    work: Callable[[Writer, Viewer, Any], Awaitable[Payload]],
    *,
    scope: str,
    refused: Callable[[Sequence[UserError]], Payload],
) -> Resolver:
    """The resolver of a mutation's field. `work` gets the argument `input`, and what it returns is the payload;
    it may be done again. `refused` makes the payload of errors.
    """

    async def resolve(parents: Sequence[Any], context: Context, input: Any) -> Sequence[Payload]:  # noqa: A002 - the API's word
        viewer = context.viewer
        require_scope(viewer, scope)
        try:
            payload = await context.write(lambda writer: work(writer, viewer, input))
        except RefusedError as refusal:
            payload = refused(refusal.errors)
        except ConstraintError as broken:
            meaning = constraint.refusal(broken.constraint)
            if meaning is None:
                raise
            payload = refused(meaning.errors)
        except InactiveViewerError as inactive:
            raise ForbiddenError("The user of this API key is not active any more.") from inactive
        return [payload] * len(parents)

    return resolve


def values_of(asked: Any, *names: str) -> dict[str, Any]:
    """The fields that the client gave, by their names; a null is given too. Of all, or of those named."""
    found = {field.name: (getattr(asked, field.name), field.default) for field in fields(asked)}
    return {
        name: value
        for name, (value, default) in found.items()
        if value is not default and (not names or name in names)
    }
