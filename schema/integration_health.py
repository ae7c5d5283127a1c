from datetime import datetime

import strawberry

from schema.enums import describe
from schema.fields import column
from schema.lazy_types import IntegrationLogRef, IntegrationRef
from services.integrations.health import DAYS_SHOWN, IntegrationProblem

describe(
    IntegrationProblem,
    "What is wrong with an integration.",
    disconnected="It is disconnected.",
    stopped="Its status is ERROR: it needs the user.",
    credentials_expired="Its credentials have expired.",
    unauthorized="Its last run was refused, or could not renew the credentials.",
    failing="Its last three runs, or more, have failed.",
    unreliable="Fewer than nine in ten of its runs of 24 hours have succeeded.",
    rate_limited="At its last run the service asked to come back later.",
    overdue="It is ACTIVE, and has not succeeded for four of its intervals.",
)


@strawberry.type(description="The runs of an integration on a day.")
class UptimeDay:
    day: datetime = column("First moment of the day, which is one of UTC.")
    runs: int = column("Number of runs that ended and had something to do.")
    succeeded: int = column("Number of those of which all or some went well.")
    percent: float | None = column(
        "Succeeded by runs, in percent, half-up to two decimals; null without runs."
    )


@strawberry.type(
    description="How well an integration works. It is computed and stored whenever a run is recorded."
)
class IntegrationHealth:
    integration: IntegrationRef = column("The integration.")
    score: int | None = column(
        "0 (broken) to 100 (well), half-up: 50 for the success rate of 24 hours, 30 for a success within its interval "
        "(falling to none until four), 20 for credentials that are valid. 0 if it is disconnected; null if nothing "
        "ran within 24 hours."
    )
    problems: list[IntegrationProblem] = column(
        "What is wrong with it, the gravest first; empty if nothing is."
    )
    last_runs: list[IntegrationLogRef] = column("Its last three logs, the newest first.")
    uptime: list[UptimeDay] = column(
        f"The last {DAYS_SHOWN} days of UTC in order, with today; also those without runs."
    )
    computed_at: datetime | None = column("When the score was computed; null if never.")
    as_of: datetime = column("Moment that what is shown is of.")
