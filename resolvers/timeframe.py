"""Windows of time, from a field's arguments, in the named time zone or the viewer's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from db.models import Base, User
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.requires import Bound, requires
from services.figures.cache import CachedFigure, Figure, Question
from services.figures.cache import Value as Figured
from services.figures.group_by import ask_by_group
from services.figures.windows import (
    USUAL_RANGE,
    Period,
    Range,
    RangeError,
    TimeUnit,
    UnknownZoneError,
    Window,
    period_of,
    quarter_start,
    today,
    window,
    windows,
    zone_of,
)

USERS_COLUMNS = ("time_zone", "week_start")
"""The columns of the viewer's row that a timeframe depends on."""
MOST_WINDOWS = 400


class FrameArguments(TypedDict, total=False):
    """The arguments of a field with a window, as the client gave them."""

    range: Range | None
    time_zone: str | None
    since: datetime | None
    until: datetime | None
    max_age: int | None


@dataclass(frozen=True, slots=True)
class Timeframe:
    """A window and the window before it, with the time zone and the first day of the week."""

    range: Range
    period: Period
    time_zone: str
    week_start: int
    now: datetime
    max_age: int | None = None
    """The largest age of its figures in seconds; None for each figure's own limit."""

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)

    @property
    def window(self) -> Window:
        return window(self.period.start, self.period.end, self.zone, self.now)

    @property
    def previous_window(self) -> Window:
        return window(self.period.previous_start, self.period.start, self.zone, self.now)

    @property
    def previous_window_to_date(self) -> Window:
        return window(self.period.previous_start, self.period.previous_cut, self.zone, self.now)

    @property
    def today(self) -> tuple[datetime, datetime]:
        return today(self.zone, self.now)

    def units(self, unit: TimeUnit) -> Sequence[Window]:
        """Return the units of the window in order, without gaps. Raise `UserInputError` for too many units."""
        now = quarter_start(self.now)
        found = _units(unit, self.period.start, self.period.end, self.zone, self.week_start, now)
        if len(found) > MOST_WINDOWS:
            raise UserInputError(
                f"The range must have at most {MOST_WINDOWS} units. Use longer units in `by`."
            )
        return found


@lru_cache(64)
def _units(
    unit: TimeUnit, start: datetime, end: datetime, zone: ZoneInfo, week_start: int, now: datetime
) -> tuple[Window, ...]:
    """Return the units, and at most one more than a response may have. All times are full quarters."""
    return tuple(islice(windows(unit, start, end, zone, week_start, now), MOST_WINDOWS + 1))


async def timeframe(
    context: Context,
    range: Range | None = None,  # noqa: A002 - the API's word
    time_zone: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    max_age: int | None = None,
) -> Timeframe:
    """Return the window of the arguments. Raise `UserInputError`, which names the wrong argument."""
    viewer = await context.load_one(RowById(User), context.viewer.user_id)
    has_ends = since is not None or until is not None
    if has_ends and range not in {None, Range.CUSTOM}:
        raise UserInputError(f"`from` and `to` require `range: CUSTOM`, not {range.name}.")
    wanted = range or (Range.CUSTOM if has_ends else USUAL_RANGE)
    require_age(max_age)
    zone = zone_for(viewer, time_zone)
    try:
        period = period_of(wanted, zone, context.now, _utc(since), _utc(until))
    except RangeError as error:
        raise UserInputError(f"`{error.argument}`: {error}") from error
    context.note_ends(since, until)
    week_start = viewer.week_start if viewer else 1
    return Timeframe(wanted, period, zone.key, week_start, context.now, max_age)


def zone_for(viewer: User | None, time_zone: str | None) -> ZoneInfo:
    """Return the named time zone, or the viewer's. Raise `UserInputError` if it is unknown."""
    own = viewer.time_zone if viewer else "UTC"
    try:
        return zone_of(own if time_zone is None else time_zone)
    except UnknownZoneError as error:
        if time_zone is None:
            problem = f"the viewer's own zone {own!r} is not in the IANA database. Name another zone."
        else:
            problem = str(error)
        raise UserInputError(f"`timeZone`: {problem}") from error


def require_age(max_age: int | None) -> None:
    if max_age is not None and max_age < 0:
        raise UserInputError(f"`maxAge` must be at least 0 seconds, not {max_age}.")


async def figures(
    context: Context,
    cached_figure: CachedFigure[Question, Figured],
    frames: Sequence[Timeframe],
    questions: Sequence[Question],
) -> Sequence[Figure[Figured]]:
    """Return one figure per question, at most as old as its timeframe allows."""
    ages = {frame.max_age for frame in frames}
    if len(ages) == 1:
        return await context.figures(cached_figure, questions, ages.pop())

    async def ask(
        max_age: int | None, some: Sequence[tuple[Timeframe, Question]]
    ) -> Sequence[Figure[Figured]]:
        return await context.figures(cached_figure, [question for _, question in some], max_age)

    return await ask_by_group(
        list(zip(frames, questions, strict=True)), lambda request: request[0].max_age, ask
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Overview:
    """The subject of a dashboard and of analytics: a user, in a window and the window before it."""

    user_id: int
    frame: Timeframe


_FRAME = Bound(viewer_row=True, opens_scope=True)
_FRAMED: Mapping[type[Base], tuple[str, ...]] = {User: USERS_COLUMNS}


@requires(others=_FRAMED, bound=_FRAME)
async def of_viewer(
    parents: Sequence[None], context: Context, **given: Unpack[FrameArguments]
) -> Sequence[Overview]:
    """Return the overview of the viewer, also for operators."""
    frame = await timeframe(context, **given)
    return [Overview(context.viewer.user_id, frame)] * len(parents)


@requires(others=_FRAMED, bound=_FRAME)
async def of_users(
    users: Sequence[User], context: Context, **given: Unpack[FrameArguments]
) -> Sequence[Overview]:
    frame = await timeframe(context, **given)
    return [Overview(user.id, frame) for user in users]
