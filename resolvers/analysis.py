import asyncio
from typing import Any, cast

from db.engine.writer import Writer
from db.models import Mention
from resolvers.framework.context import Context
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import mutation, takes, values_of
from resolvers.mention import MentionsPayload
from services.accounts.api_key import WRITE_MENTIONS
from services.analysis import record as service
from services.analysis.record import AnalysisValues
from services.rules.bulk_limits import require_size


async def _analyses(context: Context, request: Any) -> list[AnalysisValues]:
    """Return the values of the built-in analyser, computed before any lock is taken."""
    ids = [row_id(id_, Mention) for id_ in request.ids]
    require_size(len(ids), most=service.MOST_AT_ONCE, field="ids")
    texts = await service.load_texts(context.dataloaders, ids)
    return await asyncio.to_thread(service.analyze, texts)


@takes(7)
@mutation(WRITE_MENTIONS, MentionsPayload, prepare=_analyses)
async def analyze_mentions(writer: Writer, context: Context, found: list[AnalysisValues]) -> MentionsPayload:
    ids = await service.record(writer, context.viewer, found, field="ids", within=())
    return MentionsPayload(mention_ids=ids, changed_count=len(ids))


@takes(6)
@mutation(WRITE_MENTIONS, MentionsPayload)
async def record_analyses(writer: Writer, context: Context, request: Any) -> MentionsPayload:
    given = [_analysis(one) for one in request.analyses]
    version = request.analyzer_version or ""
    ids = await service.record(writer, context.viewer, given, request.analyzer, version)
    return MentionsPayload(mention_ids=ids, changed_count=len(ids))


def _analysis(request: Any) -> AnalysisValues:
    values = values_of(request)
    values["mention_id"] = row_id(values["mention_id"], Mention)
    return cast("AnalysisValues", values)
