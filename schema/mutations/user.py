import strawberry

from db.models import Weekday
from resolvers import user as resolve
from schema.fields import column
from schema.lazy_types import UserRef
from schema.mutations.field import idempotency_key, nullable, writes
from schema.user_error import Payload
from services.accounts.api_key import WRITE_SETTINGS
from services.user import LONGEST_NAME


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
