"""The fields of the mutation root and of its inputs."""

from typing import Annotated, Any

import strawberry

from schema.fields import SetWise, resolved_by


def writes(resolver: SetWise, given: Any, *, scope: str | None, description: str) -> Any:
    """A field of the mutation root: one transaction. `given` is the type of `input`, its only argument. Without a
    `scope` the description says what is needed.
    """
    argument = Annotated[given, strawberry.argument(description="What to write.")]
    needed = "" if scope is None else f" Needs the scope `{scope}`."
    return resolved_by(
        resolver,
        description=f"{description}{needed} It is null only together with an error.",
        arguments={"input": argument},
    )


def required(description: str) -> Any:
    return strawberry.field(description=description)


def idempotency_key() -> Any:
    return optional(
        "1 to 255 characters of your own choice, such as a UUID. A call with the key and input of an earlier one "
        "of the last 24 hours writes nothing and gets the earlier answer; with another input it is refused."
    )


def optional(description: str) -> Any:
    """A field that may be left out. Left out and null are told apart."""
    return strawberry.field(default=strawberry.UNSET, description=description)
