"""Fields of the mutation root and of its inputs."""

from typing import Annotated, Any

import strawberry

from resolvers.framework.mutation import NULL_IS_ABSENT
from schema.fields import resolved_by
from schema.list_size import ValuesOf
from schema.resolver_types import SetWiseResolver


def writes(resolver: SetWiseResolver, given: Any, description: str, *, scope: str | None) -> Any:
    """Return a field of the mutation root. Each call of the field is one transaction.

    `given` is the type of the only argument, `input`. If `scope` is None, the description must name the scopes.
    """
    argument = Annotated[given, strawberry.argument(description="Input of the mutation.")]
    needed = "" if scope is None else f" Requires the scope `{scope}`."
    return resolved_by(
        resolver,
        description=f"{description}{needed} Null only if the request failed with a top-level error.",
        arguments={"input": argument},
        size=ValuesOf("input"),
    )


def required(description: str) -> Any:
    return strawberry.field(description=description)


def id_input(name: str, description: str, of_id: str) -> Any:
    """Return an input type with a global ID, whose description is `of_id`, and an idempotency key."""
    made: Any = type(
        name,
        (),
        {
            "__annotations__": {"id": strawberry.ID, "idempotency_key": str | None},
            "id": required(of_id),
            "idempotency_key": idempotency_key(),
        },
    )
    return strawberry.input(made, description=description)


def idempotency_key() -> Any:
    return optional(
        "Key of 1 to 255 characters that identifies the call, such as a UUID. A second call within 24 hours with the "
        "same key and input writes nothing and returns the earlier result. A call with the same key and a different "
        "input fails with IDEMPOTENCY_KEY_REUSED."
    )


def optional(description: str, default: Any = strawberry.UNSET, *, deprecated: str | None = None) -> Any:
    """Return an optional input field. Null means the same as an omitted field."""
    return strawberry.field(
        default=default,
        description=description,
        deprecation_reason=deprecated,
        metadata={NULL_IS_ABSENT: True},
    )


def nullable(description: str) -> Any:
    """Return an optional input field of an update. Null differs from an omitted field.

    The description of the field or of its input must state the meaning of null.
    """
    return strawberry.field(default=strawberry.UNSET, description=description)
