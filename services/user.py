"""Change the settings of a user: name, time zone and first day of the week."""

from typing import TypedDict, cast

from db.engine.writer import Writer
from db.models import User, Weekday
from db.statements import write_rows
from services.accounts.viewer import Viewer
from services.figures.windows import UnknownZoneError, zone_of
from services.rules.user_errors import UserErrorCode, require
from services.rules.user_locks import lock_user
from services.rules.validation import Validation

LONGEST_NAME = 200


class UserSettings(TypedDict, total=False):
    """The settings of a user. Omitted settings stay unchanged."""

    name: str
    time_zone: str
    week_start: Weekday


def _checked(settings: UserSettings) -> UserSettings:
    """Return the cleaned settings. Raises `UserErrors` with all errors."""
    validation = Validation(settings)
    validation.not_null("name", "time_zone", "week_start")
    validation.text("name", longest=LONGEST_NAME)
    if not settings:
        validation.add_error(
            UserErrorCode.REQUIRED, "Must set at least one of `name`, `timeZone` and `weekStart`."
        )
    if settings.get("time_zone") is not None:
        try:
            zone_of(settings["time_zone"])
        except UnknownZoneError as error:
            validation.add_error(UserErrorCode.INVALID, str(error), "time_zone")
    return cast("UserSettings", validation.cleaned())


async def change(writer: Writer, viewer: Viewer, settings: UserSettings) -> User:
    """Change the viewer's settings and return the viewer. Raises `UserErrors`."""
    values = _checked(settings)
    await lock_user(writer, viewer, viewer.user_id)
    return require(await write_rows.update_one(writer, viewer.scope, User, viewer.user_id, values), "user")
