from functools import partial
from typing import Any

import strawberry

from db.models import UserRole, Weekday
from resolvers import user as resolve
from schema.fields import column
from schema.lazy_types import UserRef
from schema.mutations.field import id_input, idempotency_key, nullable, optional, required, writes
from schema.user_error import Payload
from services.accounts.api_key import WRITE_SETTINGS, WRITE_USERS
from services.user import LONGEST_NAME
from services.user_accounts import LONGEST_EMAIL


@strawberry.input(description="Input for changing the viewer's settings. Omitted fields stay unchanged.")
class UpdateViewerInput:
    name: str | None = nullable(
        f"Name of the viewer, at most {LONGEST_NAME} characters. An empty string removes the name. Null is not allowed."
    )
    time_zone: str | None = nullable(
        "IANA name of the time zone in which the viewer's days begin and end, such as Europe/Berlin. Null is not allowed."
    )
    week_start: Weekday | None = nullable("First day of the viewer's weeks. Null is not allowed.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of changing the viewer's settings.")
class UpdateViewerPayload(Payload):
    viewer: UserRef | None = column("The viewer after the mutation. Null if nothing was written.")


@strawberry.input(description="Input for creating a user. The new user is ACTIVE.")
class CreateUserInput:
    email: str = required(
        f"Email address of the user, at most {LONGEST_EMAIL} characters. Must be unused, in any case."
    )
    name: str | None = optional(f"Name of the user, at most {LONGEST_NAME} characters.", "")
    role: UserRole | None = optional("Role of the user.", UserRole.MEMBER)
    time_zone: str | None = optional("IANA name of the user's time zone, such as Europe/Berlin.", "UTC")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of creating a user.")
class CreateUserPayload(Payload):
    user: UserRef | None = column("The new user. Null if nothing was written.")


_CHANGED = (
    "The user after the mutation. After INVALID_TRANSITION, the current user. Null after any other error."
)


@strawberry.type(description="Result of suspending a user.")
class SuspendUserPayload(Payload):
    user: UserRef | None = column(_CHANGED)


@strawberry.type(description="Result of resuming a user.")
class ResumeUserPayload(Payload):
    user: UserRef | None = column(_CHANGED)


@strawberry.type(description="Result of deleting a user.")
class DeleteUserPayload(Payload):
    user: UserRef | None = column(
        "The user with the status DELETED. Null if nothing was written, and in a repeated call after the user is gone."
    )


_ID = "Global ID of the user, who must not be the viewer."
_by_operator: Any = partial(writes, scope=WRITE_USERS)


@strawberry.type
class UserMutation:
    """Fields of the mutation root."""

    update_viewer: UpdateViewerPayload | None = writes(
        resolve.update_viewer,
        UpdateViewerInput,
        "Changes the viewer's name, time zone or first day of the week. Figures computed from then on use the new "
        "time zone and the new weeks.",
        scope=WRITE_SETTINGS,
    )
    create_user: CreateUserPayload | None = _by_operator(
        resolve.create_user,
        CreateUserInput,
        "Creates a user. The user has no API key yet: `leadgraph keys create` makes the first one. For operators only.",
    )
    suspend_user: SuspendUserPayload | None = _by_operator(
        resolve.suspend_user,
        id_input("SuspendUserInput", "Input for suspending a user.", _ID),
        "Suspends a user. Servers refuse the API keys of the user within five seconds, until the user is resumed. The data "
        "of the user stays. A suspended user stays suspended. For operators only.",
    )
    resume_user: ResumeUserPayload | None = _by_operator(
        resolve.resume_user,
        id_input("ResumeUserInput", "Input for resuming a user.", _ID),
        "Resumes a suspended user, whose API keys work again. An active user stays active. For operators only.",
    )
    delete_user: DeleteUserPayload | None = _by_operator(
        resolve.delete_user,
        id_input("DeleteUserInput", "Input for deleting a user.", _ID),
        "Deletes a user with all data. This cannot be undone. The mutation sets the status DELETED, and servers refuse the "
        "API keys of the user within five seconds. Workers then delete the data in batches, beginning within a minute, "
        "and at last the user. An interrupted deletion goes on by itself. For operators only.",
    )
