"""Numbers and rates beside those of the window before."""

import strawberry

from schema.fields import column
from schema.stats import Rate


@strawberry.type(description="A number in a window, and the same number in the window before.")
class Trend:
    value: int = column("The number in the window.")
    previous: int = column("The number in the window before.")
    change: int = column("The difference: negative where it has become less.")
    change_percent: float | None = column(
        "The difference in percent of the previous number, half-up to two decimals; null where that is 0."
    )


@strawberry.type(description="A rate in a window, and the same rate in the window before.")
class RateTrend:
    current: Rate = column("The rate in the window.")
    previous: Rate = column("The rate in the window before.")
    change: float = column("The difference of the two values, in percentage points.")
