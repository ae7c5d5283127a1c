"""Numbers and rates, compared with the previous window."""

from typing import Any

import strawberry

from schema.fields import column
from schema.stats import Rate
from services.figures import analytics


@strawberry.type(description="A number of a window, compared with the previous window.")
class Trend:
    value: int = column("Number in the window.")
    previous: int = column("Number in the previous window.")
    change: int = column("`value` minus `previous`, negative for a decrease.")
    change_percent: float | None = column(
        "`change` in percent of `previous`, rounded half up to two decimals. Null if `previous` is 0."
    )


@strawberry.type(description="A rate of a window, compared with the previous window.")
class RateTrend:
    current: Rate = column("Rate in the window.")
    previous: Rate = column("Rate in the previous window.")
    change: float = column("`current.value` minus `previous.value`, in percentage points.")


def trend(measure: str, description: str) -> Any:
    """Return a field with the trend of a measure, for values that have the `bucket_sums` of both windows."""
    return column(description, name="bucket_sums", of=lambda sums: analytics.trend(sums[0], sums[1], measure))
