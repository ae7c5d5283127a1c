"""Mutations: each field is one transaction, and its refusals become the user errors of the payload."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Final, TypeVar, cast

from db.engine.writer import ConstraintError, Writer
from resolvers.framework.context import Context
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.payload import Payload
from resolvers.framework.permission import require_permission
from services.accounts.vault import Secret, Vault
from services.rules import constraint_messages
from services.rules.idempotency import fingerprint, once
from services.rules.large_deletes import TooManyRowsError
from services.rules.user_errors import InactiveViewerError, UserErrors

Answer = TypeVar("Answer", bound=Payload)
Values = TypeVar("Values")
Work = Callable[[Writer, Context, Any], Awaitable[Answer]]
UnkeyedWork = Callable[[Context, Any], Awaitable[Answer]]
Prepare = Callable[[Context, Any], Awaitable[Any]]
Resolver = Callable[..., Awaitable[Sequence[Any]]]

STATEMENTS: Final = "statements"
"""The attribute of a mutation's resolver with the bound of its statements."""
IDEMPOTENCY_STATEMENTS: Final = 3
NEEDS_NO_VIEWER: Final = "needs_no_viewer"
"""The attribute of a mutation's resolver that tells whether the mutation runs without a credential."""

SCOPE: Final = "scope"
"""The attribute of a mutation's resolver with the scope that it requires, or None."""

NULL_IS_ABSENT: Final = "null_is_absent"
"""The key in the metadata of input fields for which null means the same as an omitted field."""


def mutation(
    scope: str | None, payload: type[Answer], prepare: Prepare | None = None
) -> Callable[[Work[Answer]], Resolver]:
    """Return a decorator that makes the resolver of a mutation's field.

    The decorated work takes the argument `input` and returns the payload. It runs in a transaction, and may run
    again after a rollback. `prepare` runs before any lock is taken, and replaces the input. Without a `scope`,
    `prepare` or the work checks permissions.

    An input with `idempotency_key` is executed once. Later calls get the stored payload.
    """

    def make(work: Work[Answer]) -> Resolver:
        async def attempt(context: Context, request: Any) -> Answer:
            ready = request if prepare is None else await _prepared(prepare, context, request)

            async def do(writer: Writer) -> Answer:
                if isinstance(ready, UserErrors):
                    raise ready
                return await work(writer, context, ready)

            activity = context.activity
            while True:
                before = len(activity.runs)
                try:
                    return await context.write(lambda writer: _once(writer, context, request, payload, do))
                except TooManyRowsError as too_many:
                    while await context.write(too_many.delete_batch):
                        pass
                    activity.unbounded += len(activity.runs) - before

        async def resolve(parents: Sequence[Any], context: Context, input: Any) -> Sequence[Answer]:  # noqa: A002 - the API's word
            require_permission(context.viewer, scope)
            return [await _answered(payload, attempt(context, without_nulls(input)))] * len(parents)

        setattr(resolve, SCOPE, scope)
        return resolve

    return make


def unkeyed_mutation(
    payload: type[Answer], *, requires_viewer: bool = True
) -> Callable[[UnkeyedWork[Answer]], Resolver]:
    """Return a decorator that makes the resolver of a mutation whose result is a secret, so that none is stored.

    The decorated work checks the permission, and opens its own transactions. Its input has no idempotency key. One that
    does not require a viewer runs without a credential, too.
    """

    def make(work: UnkeyedWork[Answer]) -> Resolver:
        async def resolve(parents: Sequence[Any], context: Context, input: Any) -> Sequence[Answer]:  # noqa: A002 - the API's word
            return [await _answered(payload, work(context, without_nulls(input)))] * len(parents)

        setattr(resolve, NEEDS_NO_VIEWER, not requires_viewer)
        return resolve

    return make


def takes(statements: int, *, keyed: bool = True) -> Callable[[Resolver], Resolver]:
    """Return a decorator that states the most statements of a mutation without an idempotency key.

    An input that is not `keyed` cannot have an idempotency key.
    """

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, STATEMENTS, statements + (IDEMPOTENCY_STATEMENTS if keyed else 0))
        return resolver

    return mark


async def _prepared(prepare: Prepare, context: Context, request: Any) -> Any:
    """Return the prepared input. With an idempotency key, return the refusal instead of raising it: an earlier call
    with the same key may have succeeded, and then its payload is returned.
    """
    try:
        return await prepare(context, request)
    except UserErrors as refusal:
        if _key_of(request) is None:
            raise
        return refusal


def _key_of(request: Any) -> str | None:
    key = getattr(request, "idempotency_key", None)
    return key if isinstance(key, str) else None


async def _answered(payload: type[Answer], attempt: Awaitable[Answer]) -> Answer:
    """Return the payload, or one with the user errors. Raise `ForbiddenError`, and all other errors."""
    try:
        return await attempt
    except UserErrors as refusal:
        return payload(user_errors=tuple(refusal.errors), **refusal.current)
    except ConstraintError as broken:
        error = constraint_messages.user_error_of(broken.constraint)
        if error is None:
            raise
        return payload(user_errors=(error,))
    except InactiveViewerError as inactive:
        raise ForbiddenError(str(inactive)) from inactive


async def _once(
    writer: Writer,
    context: Context,
    request: Any,
    payload: type[Answer],
    work: Callable[[Writer], Awaitable[Answer]],
) -> Answer:
    key = _key_of(request)
    if key is None:
        return await work(writer)
    return await once(
        writer,
        context.viewer,
        key,
        fingerprint(type(request).__name__, plain(request, context.vault)),
        work=lambda: work(writer),
        stored=payload.stored,
        restored=lambda response: payload.restored(writer, context.viewer.scope, response),
    )


def without_nulls(given: Any) -> Any:
    """Return an input without the nulls that mean an omitted field, also in nested inputs and in lists of inputs."""
    if isinstance(given, list):
        return [without_nulls(one) for one in given]
    if not is_dataclass(given) or isinstance(given, type):
        return given
    defaults, changes = _defaults_of_nulls(type(given)), dict[str, Any]()
    for field in fields(given):
        value = getattr(given, field.name)
        if value is None:
            changes[field.name] = defaults.get(field.name)
        elif isinstance(value, list) or is_dataclass(value):
            changes[field.name] = without_nulls(value)
    return replace(given, **changes) if changes else given


@cache
def _defaults_of_nulls(input_type: type[Any]) -> Mapping[str, Any]:
    return {field.name: field.default for field in fields(input_type) if field.metadata.get(NULL_IS_ABSENT)}


def values_of(request: Any) -> dict[str, Any]:
    """Return the fields that the client gave, including nulls, by name."""
    found = {field.name: (getattr(request, field.name), field.default) for field in fields(request)}
    return {name: value for name, (value, default) in found.items() if value is not default}


def values_as(values: type[Values], request: Any) -> Values:
    """Return the fields that the client gave and a TypedDict has."""
    known = values.__annotations__
    return cast("Values", {name: value for name, value in values_of(request).items() if name in known})


def plain(request: Any, vault: Vault) -> Any:
    """Return an input as plain values, without the idempotency key and absent fields. Secrets become fingerprints."""
    if isinstance(request, list):
        return [plain(one, vault) for one in request]
    if isinstance(request, Secret):
        return vault.fingerprint(request)
    if not is_dataclass(request):
        return request
    given = values_of(request).items()
    return {name: plain(value, vault) for name, value in given if name != "idempotency_key"}
