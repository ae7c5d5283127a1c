"""Windows of time: the arguments that select a window, and the types that show one."""

from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any

import strawberry

from resolvers.timeframe import MOST_WINDOWS
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.fragment_markers import Kept
from schema.list_size import TimeBuckets, WindowEnds
from schema.resolver_types import SetWiseResolver
from services.figures.windows import EARLIEST, LATEST, LONGEST, Range, TimeUnit

describe(
    Range,
    "Name of a window of time. Days and months are those of the time zone given with the name. The current day and "
    "month last until their end in the future. Each window is compared with the window directly before, and while it is "
    "in progress also with the corresponding part of that window.",
    today="The current day, compared with the day before.",
    yesterday="The day before the current day, compared with the day before yesterday.",
    last_7_days="The current day and the 6 days before, compared with the 7 days before the window.",
    last_30_days="The current day and the 29 days before, compared with the 30 days before the window.",
    this_month="The current calendar month up to the end of the month, compared with the whole previous month.",
    previous_month="The calendar month before the current month, compared with the month before that month.",
    rolling_month="One month up to the end of the current 15 minutes, compared with the month before the window. The "
    "window starts at the same time of the same day of the previous month, or of the month's last day if the month is "
    "shorter.",
    custom="From `from` to `to`. A window of whole calendar months in the time zone is compared with the same number of "
    "calendar months before the window, other whole days with the same number of days, any other window with the "
    "period of the same length.",
)

_ENDS = (
    f"Must be a multiple of 15 minutes between {EARLIEST.date()} and {LATEST.date()}. `from` and `to` are required "
    f"together, at most {LONGEST.days} days apart, and make CUSTOM the default of `range`."
)
MAX_AGE = {
    "max_age": Annotated[
        int | None,
        strawberry.argument(
            description="Maximum age of the figures, in seconds. 0 computes the figures anew. Defaults to each figure's "
            "own limit (a few minutes). Figures always include the viewer's own writes."
        ),
    ]
}
ARGUMENTS = {
    "range": Annotated[
        Range | None,
        strawberry.argument(
            description="Name of the window. Defaults to LAST_30_DAYS, or to CUSTOM if `from` and `to` are given."
        ),
    ],
    "time_zone": Annotated[
        str | None,
        strawberry.argument(
            description="IANA name of the time zone of days, weeks and months. Defaults to the viewer's time zone."
        ),
    ],
    "since": Annotated[
        datetime | None,
        strawberry.argument(name="from", description=f"Start of a custom window, inclusive. {_ENDS}"),
    ],
    "until": Annotated[
        datetime | None,
        strawberry.argument(name="to", description=f"End of a custom window, exclusive. {_ENDS}"),
    ],
    **MAX_AGE,
}
BY = {
    "by": Annotated[
        TimeUnit | None,
        strawberry.argument(
            description=f"Unit of time of each point. Defaults to DAY. At most {MOST_WINDOWS} points."
        ),
    ]
}


@strawberry.type(description="A window of time that includes its start and excludes its end.")
class Window:
    start: datetime = column("Start of the window, inclusive.")
    end: datetime = column("End of the window, exclusive.")
    first_day: date = column("Day of `start` in the time zone.")
    last_day: date = column("Last day in the time zone of which the window has a part.")
    partial: bool = column("Whether the window has not ended yet, so that its figures are still incomplete.")
    future: bool = column("Whether the window has not begun yet, so that it has no figures.")


PREVIOUS_WINDOW_TO_DATE = (
    "Part of the previous window that corresponds to the elapsed part of the window. For whole days and months, the part "
    "ends after the same number of days, at the same time of day; otherwise after the same duration. The current 15 "
    "minutes count as elapsed. The whole previous window if the window has ended, or if the previous month is too short. "
    "Empty if the window is in the future."
)


def local_date() -> Any:
    """Return the field with the day of an object's `window`."""
    return column("Day of `start` in the time zone.", name="window", of=attrgetter("first_day"))


def of_frame(name: str, description: str) -> Any:
    """Return a field with an attribute of the object's `frame`."""
    return column(description, name="frame", of=attrgetter(name))


@strawberry.type
class Framed:
    """The base of types whose figures are about a window of time."""

    range: Range = of_frame("range", "Name of the window.")
    time_zone: str = of_frame("time_zone", "IANA name of the time zone of days, weeks and months.")
    window: Window = of_frame("window", "Window of time that the figures cover.")
    previous_window: Window = of_frame(
        "previous_window", "Previous window, with which the window is compared."
    )
    previous_window_to_date: Window = of_frame("previous_window_to_date", PREVIOUS_WINDOW_TO_DATE)


PARTIAL = (
    "Whether the range cuts the unit, or the unit has not ended yet, so that its numbers are incomplete."
)
FUTURE = "Whether the unit, as far as it is shown, has not begun yet. Its numbers are 0, and a chart should leave them out."


@strawberry.type(description="Numbers of mentions and leads within a unit of time.")
class Point:
    start: datetime = column(
        "Start of the unit, inclusive, or of the window if the window starts within the unit."
    )
    end: datetime = column("End of the unit, exclusive, or of the window if the window ends within the unit.")
    local_date: date = local_date()
    partial: bool = column(PARTIAL)
    future: bool = column(FUTURE)
    mentions: int = column("Number of mentions ingested within the unit.")
    leads: int = column("Number of leads created within the unit.")
    qualified: int = column("Number of leads that first reached QUALIFIED within the unit.")
    converted: int = column("Number of leads that first became CONVERTED within the unit.")


@strawberry.type(
    description="Numbers of mentions and leads over a window of time. Deleted mentions and leads no longer count, also "
    "in the past."
)
class Series:
    as_of: datetime = column("Time for which the numbers were computed.")
    points: list[Point] = column(
        "One point for each unit of the window, in chronological order. Units without events and units in the future "
        "are included.",
        size=TimeBuckets(MOST_WINDOWS),
    )


def over_time(resolver: SetWiseResolver, end: str = "", *, kept: Kept | None = None) -> Any:
    """Return the field with a time series. `end` is the end of its description."""
    return resolved_by(
        resolver,
        description="Numbers of mentions and leads over the window, by days, weeks or months of the time zone."
        + end,
        arguments=BY,
        kept=kept,
    )


def framed(resolver: SetWiseResolver, description: str) -> Any:
    return resolved_by(
        resolver,
        description=description,
        arguments=ARGUMENTS,
        size=WindowEnds(("from", "to")),
        kept=Kept.OVERVIEW,
    )
