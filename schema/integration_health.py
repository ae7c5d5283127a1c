from datetime import date, datetime
from operator import attrgetter
from typing import Any

import strawberry

from schema.enums import deprecate, describe
from schema.fields import column
from schema.lazy_types import IntegrationLogRef, IntegrationRef
from schema.list_size import Fixed, ListSize
from services.integrations.health import DAYS_SHOWN, IntegrationProblem

describe(
    IntegrationProblem,
    "A problem of an integration.",
    disconnected="No longer returned, because a disconnected integration has no health.",
    stopped="The status of the integration is ERROR, and the user must act.",
    credentials_expired="The credentials of the integration have expired.",
    unauthorized="The latest run failed with the HTTP status 401 or 403, or failed to renew the credentials. Runs from "
    "before the current credentials do not count.",
    failing="Three or more runs have failed since the last successful run.",
    unreliable="Less than 90 percent of the runs of the last 24 hours succeeded.",
    rate_limited="The service limited the rate of the latest run.",
    overdue="The integration is ACTIVE, and no run has succeeded for four sync intervals since it was last resumed.",
)
deprecate(
    IntegrationProblem.DISCONNECTED, "Use `Integration.status`. A disconnected integration has no health."
)


@strawberry.type(description="Runs of an integration on one day.")
class UptimeDay:
    day: datetime = column("Start of the day, which is midnight in UTC.")
    local_date: date = column("Day of `day` in UTC, without a time.", name="day", of=datetime.date)
    runs: int = column(
        "Number of SYNC, PUSH and AUTH runs that ended on the day with SUCCEEDED, PARTIAL, SKIPPED, FAILED or "
        "RATE_LIMITED, whenever they were recorded."
    )
    succeeded: int = column("Number of runs that ended with SUCCEEDED, PARTIAL or SKIPPED.")
    percent: float | None = column(
        "`succeeded` divided by `runs`, in percent, rounded half up to two decimals. Null if `runs` is 0."
    )


def _reported(name: str, description: str, size: ListSize | None = None) -> Any:
    """Return a field with an attribute of the object's `report`."""
    return column(description, name="report", of=attrgetter(name), size=size)


@strawberry.type(
    description="Health of an integration, computed when a run is recorded, or the status or the credentials change."
)
class IntegrationHealth:
    integration: IntegrationRef = _reported("integration", "Integration whose health is shown.")
    score: int | None = _reported(
        "integration.health_score",
        "Health from 0 (broken) to 100 (healthy), rounded half up. The sum of 50 times the success rate of the runs "
        "of the last 24 hours, 30 for a success or a resumption within the last sync interval (falling linearly to 0 at "
        "four intervals), and 20 for valid credentials. Null if no run ended within 24 hours, or if the integration is "
        "PAUSED or DISCONNECTED.",
    )
    problems: list[IntegrationProblem] = _reported(
        "integration.health_problems",
        "Problems of the integration, the most severe first. Empty if there are no problems.",
    )
    last_runs: list[IntegrationLogRef] = _reported(
        "last_logs", "Last three logs of the integration, newest first.", size=Fixed(3)
    )
    uptime: list[UptimeDay] = _reported(
        "uptime",
        f"Runs of each of the last {DAYS_SHOWN} days in UTC, including today and days without runs, oldest first.",
    )
    computed_at: datetime | None = _reported(
        "integration.health_computed_at", "Time when the score was computed. Null if never computed."
    )
    as_of: datetime = column("Time for which the health was read.")
