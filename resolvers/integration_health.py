"""The health of integrations, as of their last runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from db.models import Integration, User
from resolvers.framework.context import Context
from resolvers.framework.paging import bounded
from resolvers.framework.requires import Bound, requires
from resolvers.timeframe import Overview, figures, require_age
from services.figures.cache import STATE_COLUMNS, Figure
from services.integrations.health import (
    USUALLY_MOST,
    HealthsOf,
    IntegrationReport,
    first_day,
    integration_health,
    without_runs,
)

MOST_INTEGRATIONS = 100


class IntegrationHealth(NamedTuple):
    report: IntegrationReport
    as_of: datetime


@requires(
    others={User: STATE_COLUMNS}, loads=2, bound=Bound(owner_rows=True), models=integration_health.models
)
async def of_users(
    overviews: Sequence[Overview], context: Context, first: int | None = None
) -> Sequence[Sequence[IntegrationHealth]]:
    """Return the integrations of each user, the least healthy first, with any status."""
    context.require(Integration)
    most = bounded(first, USUALLY_MOST, MOST_INTEGRATIONS)
    size = USUALLY_MOST if most <= USUALLY_MOST else MOST_INTEGRATIONS
    since = first_day(context.now)
    questions = [HealthsOf(overview.user_id, since, size) for overview in overviews]
    found = await figures(context, integration_health, [overview.frame for overview in overviews], questions)
    healths = [context.once(figure, _healths)[:most] for figure in found]
    context.remember_snapshot_rows([one.report.integration for some in healths for one in some], Integration)
    return healths


def _healths(figure: Figure[list[IntegrationReport]]) -> Sequence[IntegrationHealth]:
    return [IntegrationHealth(report, figure.as_of) for report in figure.value]


@requires(
    "user_id",
    others={User: STATE_COLUMNS},
    loads=2,
    bound=Bound(owner_rows=True),
    models=integration_health.models,
)
async def of_integrations(
    integrations: Sequence[Integration], context: Context, max_age: int | None = None
) -> Sequence[IntegrationHealth]:
    context.require(Integration)  # a mutation returns its rows to keys without the scope, too
    require_age(max_age)
    since = first_day(context.now)
    questions = [HealthsOf(one.user_id, since, 1, one.id) for one in integrations]
    found = await context.figures(integration_health, questions, max_age)
    return [
        # Another writer can delete the row between the mutation and this read.
        IntegrationHealth(figure.value[0] if figure.value else without_runs(integration, since), figure.as_of)
        for integration, figure in zip(integrations, found, strict=True)
    ]
