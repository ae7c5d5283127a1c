"""Numbers and rates, compared with the previous window."""

from typing import Any

import strawberry

from schema.fields import column
from schema.stats import Rate
from services.figures import analytics


@strawberry.type(
    description="A number of a window, compared with the previous window. Deleted mentions and leads no longer count in "
    "either window."
)
class Trend:
    value: int = column("Number in the window.")
    previous: int = column("Number in the whole previous window.")
    previous_to_date: int = column(
        "Number in the part of the previous window that corresponds to the elapsed part of the window (see "
        "`previousWindowToDate`). Equals `previous` if the window has ended."
    )
    change: int = column(
        "`value` minus `previous`, negative for a decrease. While the window is in progress, `changeToDate` compares "
        "equal parts."
    )
    change_percent: float | None = column(
        "`change` in percent of `previous`, rounded half up to two decimals. Null if `previous` is 0."
    )
    change_to_date: int = column("`value` minus `previousToDate`, negative for a decrease.")
    change_percent_to_date: float | None = column(
        "`changeToDate` in percent of `previousToDate`, rounded half up to two decimals. Null if `previousToDate` is 0."
    )


@strawberry.type(description="A rate of a window, compared with the previous window.")
class RateTrend:
    current: Rate = column("Rate in the window.")
    previous: Rate = column("Rate in the whole previous window.")
    previous_to_date: Rate = column(
        "Rate in the part of the previous window that corresponds to the elapsed part of the window (see "
        "`previousWindowToDate`). Equals `previous` if the window has ended."
    )
    change: float = column("`current.value` minus `previous.value`, in percentage points.")
    change_to_date: float = column("`current.value` minus `previousToDate.value`, in percentage points.")


def trend(measure: str, description: str) -> Any:
    """Return a field with the trend of a measure, for values that have the `sums` of a window."""
    return column(description, name="sums", of=analytics.trend_of(measure))
