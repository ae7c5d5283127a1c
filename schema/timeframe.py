"""Windows of time: how they are asked for, and how they are shown."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from resolvers.framework.context import Context
from resolvers.framework.requires import like
from resolvers.timeframe import MOST_WINDOWS, FrameArguments
from schema.enums import describe
from schema.fields import SetWise, column, resolved_by
from services.figures.windows import EARLIEST, LATEST, LONGEST, Range, TimeUnit

describe(
    Range,
    "A window of time by its name. Days and months are those of the zone that goes with it, the current one with "
    "its end that is still to come. Each window is compared with the one just before it.",
    today="The day that it is, compared with the day before.",
    yesterday="The day before today, compared with the day before that.",
    last_7_days="Today and the six days before it, compared with the seven days before them.",
    last_30_days="Today and the 29 days before it, compared with the thirty days before them.",
    this_month="The calendar month that it is, compared with the whole month before.",
    previous_month="The calendar month before this one, compared with the month before that.",
    rolling_month="From the same day and time of the month before (its last day where it is shorter) up to the end of "
    "the current quarter of an hour, compared with the month before that.",
    custom="From `from` up to `to`. Whole days of the zone are compared with as many days before them, others with "
    "the time before them that is as long.",
)

_ENDS = (
    f"on a quarter of an hour, between {EARLIEST.date()} and {LATEST.date()}; at most {LONGEST.days} days apart. "
    "Goes with `range: CUSTOM`, which is what `range` is where this is given."
)
MAX_AGE = {
    "max_age": Annotated[
        int | None,
        strawberry.argument(
            description="How old figures may be, in seconds; 0 for those of this moment. By default as old as each may "
            "be anyway: a few minutes. What the viewer has written is in them in any case."
        ),
    ]
}
ARGUMENTS = {
    "range": Annotated[
        Range | None,
        strawberry.argument(description="The window, by its name. LAST_30_DAYS by default."),
    ],
    "time_zone": Annotated[
        str | None,
        strawberry.argument(
            description="IANA name of the zone of days, weeks and months. The viewer's, by default."
        ),
    ],
    "since": Annotated[
        datetime | None,
        strawberry.argument(name="from", description=f"First moment of a custom window, {_ENDS}"),
    ],
    "until": Annotated[
        datetime | None,
        strawberry.argument(name="to", description=f"First moment behind a custom window, {_ENDS}"),
    ],
    **MAX_AGE,
}
BY = {
    "by": Annotated[
        TimeUnit | None,
        strawberry.argument(
            description=f"Unit of the points, DAY by default; at most {MOST_WINDOWS} points."
        ),
    ]
}


@strawberry.type(description="A window of time, half-open: with its first moment and without its end.")
class Window:
    start: datetime = column("First moment of the window.")
    end: datetime = column("First moment behind the window.")
    partial: bool = column("Whether it is not over yet: then its figures still grow.")


@strawberry.type(description="What happened within a unit of time.")
class Point:
    start: datetime = column("First moment of the unit, or of the window where that cuts it.")
    end: datetime = column("First moment behind it.")
    partial: bool = column("Whether the unit is cut by the window, or not over yet.")
    mentions: int = column("Number of mentions taken in.")
    leads: int = column("Number of leads made.")
    qualified: int = column("Number of leads that were first QUALIFIED.")
    converted: int = column("Number of leads that were first CONVERTED.")


@strawberry.type(description="What happened over a window of time.")
class Series:
    as_of: datetime = column("Moment that the numbers are of.")
    points: list[Point] = column(
        "Every unit of the window, in order and without gaps, also those with zeros."
    )


def over_time(resolver: SetWise) -> Any:
    return resolved_by(resolver, description="The same by days, weeks or months of the zone.", arguments=BY)


def framed(resolver: Callable[..., Awaitable[Sequence[Any]]], description: str) -> Any:
    """A field that is about a window of time: the resolver gets all of the window's arguments as one value."""

    @like(resolver)
    async def resolve(parents: Sequence[Any], context: Context, **given: Any) -> Sequence[Any]:
        return await resolver(parents, context, FrameArguments(**given))

    return resolved_by(resolve, description=description, arguments=ARGUMENTS)
