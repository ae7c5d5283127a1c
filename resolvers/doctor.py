"""The report of the doctor, for operators."""

from collections.abc import Sequence
from functools import partial

from db.models import Integration, Keyword, Lead, Mention, UserRole
from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from services.doctor.examine import examine
from services.doctor.report import Limits, Report

_READ = (Keyword, Mention, Lead, Integration)


@requires(models=_READ)
async def doctor(parents: Sequence[None], context: Context) -> Sequence[Report | None]:
    """Return the report once for all parents, or None for members.

    Raise `ForbiddenError` if the operator's key must not read all rows that the report may name.
    """
    if context.viewer.role != UserRole.OPERATOR:
        return [None] * len(parents)
    for model in _READ:
        context.require(model)
    report = await context.inspect(
        partial(examine, cached=context.cached, limits=Limits(), senders=context.senders)
    )
    return [report] * len(parents)
