"""User errors, and the base types of all payloads."""

import strawberry

from resolvers.framework.names import public
from schema.enums import describe
from schema.fields import column
from schema.list_size import OfPage
from services.rules.user_errors import UserErrorCode

describe(
    UserErrorCode,
    "Reason why a mutation wrote nothing.",
    not_found="The object does not exist or is not visible to the viewer.",
    invalid="The value is not allowed. The message explains why.",
    required="A required value is missing, null or empty.",
    too_long="A string is longer than allowed.",
    too_many="A list has more elements than allowed.",
    already_exists="An object with this unique value already exists.",
    invalid_transition="The current status of the object does not allow the change.",
    conflict="The version of the object differs from the expected version, because the object has been changed.",
    idempotency_key_reused="The idempotency key was already used with a different input.",
    in_flight="Another call with the same idempotency key is in progress. Retry later.",
    wrong_credentials="The e-mail address or the password is wrong, or the user is not active.",
    too_many_attempts="Too many attempts to sign in failed or are in progress. The message says when to retry.",
    sign_in_required="The sign-in of the session was too long ago for this mutation. Ask for the password and sign in "
    "again.",
)


@strawberry.type(description="A problem the user can fix. The mutation wrote nothing.")
class UserError:
    code: UserErrorCode = column("Code of the error.")
    message: str = column("Description of the error in English, for a person.")
    path: list[str] = column(
        "Path to the invalid value, beginning with the argument, such as `input`, `keyword`. List elements are "
        "numbered from 0.",
        name="path",
        of=lambda path: [public(step) for step in path],
    )


@strawberry.type
class Refusable:
    """The base of the payloads of mutations that take no idempotency key, because their result is a secret."""

    user_errors: list[UserError] = column(
        "Errors because of which the mutation wrote nothing. Empty if the mutation succeeded.",
        size=OfPage(),
    )


@strawberry.type
class Payload(Refusable):
    """The base of the payloads of mutations that take an idempotency key."""

    replayed: bool = column(
        "Whether the payload repeats the result of an earlier call with the same idempotency key. The repeated call "
        "wrote nothing. Objects are shown in their current state."
    )
