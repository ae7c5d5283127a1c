"""Numbers and rates, compared with the previous window."""

import strawberry

from schema.fields import column
from schema.stats import Rate


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
