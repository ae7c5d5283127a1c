"""What mutations answer where they wrote nothing."""

import strawberry

from resolvers.framework.filter_input import public
from schema.enums import describe
from schema.fields import column
from services.rules.user_errors import UserErrorCode

describe(
    UserErrorCode,
    "Why a mutation wrote nothing.",
    not_found="There is no such thing, or none that the viewer may see.",
    invalid="The value is none that can be here; the message says why.",
    required="A value is missing, null or empty where there has to be one.",
    too_long="A text is longer than possible.",
    too_many="A list has more entries than possible.",
    already_exists="There is one already that only one of can be.",
    invalid_transition="The thing's state does not allow this.",
    conflict="The thing is not in the version that was expected: somebody else has changed it.",
    idempotency_key_reused="The idempotency key was used with another input.",
    in_flight="A call with this idempotency key is under way: try again in a moment.",
)


@strawberry.type(description="Something that the person at the other end can mend. Nothing was written.")
class UserError:
    code: UserErrorCode = column("What kind of error it is.")
    message: str = column("What is wrong, in English, for a person.")
    path: list[str] = column(
        "Where the value stands, from the argument on, such as `input`, `keyword`; places in lists are numbers "
        "from 0.",
        name="path",
        of=lambda path: [public(step) for step in path],
    )


@strawberry.type
class Payload:
    """What the payload of every mutation has."""

    user_errors: list[UserError] = column("Why nothing was written; empty where it was.")


@strawberry.type
class ReplayedPayload(Payload):
    """What the payload of a mutation with an idempotency key has."""

    replayed: bool = column(
        "Whether nothing was written because a call with the same idempotency key was answered before. What is "
        "there of it is shown as it is now."
    )
