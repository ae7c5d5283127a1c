import asyncio
from typing import Any, cast

from db.models import Mention
from db.writer import Writer
from loaders.analysis import TextOfMention
from resolvers.context import Context
from resolvers.identifier import row_id
from resolvers.mention import MentionsPayload
from resolvers.mutation import mutation, values_of
from services import analysis as service
from services.analysis import AnalysisValues
from services.api_key import WRITE_MENTIONS


async def _analyses(context: Context, asked: Any) -> list[AnalysisValues]:
    """What the built-in analyser finds. It reads and computes before anything is locked."""
    ids = [row_id(id_, Mention) for id_ in asked.ids]
    service.require_possible(ids)
    texts = await context.load(TextOfMention(), ids)
    return await asyncio.to_thread(service.analyze, service.require_texts(ids, texts))


@mutation(WRITE_MENTIONS, MentionsPayload, prepare=_analyses)
async def analyze_mentions(writer: Writer, context: Context, found: list[AnalysisValues]) -> MentionsPayload:
    ids = await service.record(writer, context.viewer, found, place="ids", within=())
    return MentionsPayload(mention_ids=ids, changed_count=len(ids))


@mutation(WRITE_MENTIONS, MentionsPayload)
async def record_analyses(writer: Writer, context: Context, asked: Any) -> MentionsPayload:
    given = [_analysis(one) for one in asked.analyses]
    version = asked.analyzer_version or ""
    ids = await service.record(writer, context.viewer, given, asked.analyzer, version)
    return MentionsPayload(mention_ids=ids, changed_count=len(ids))


def _analysis(asked: Any) -> AnalysisValues:
    values = values_of(asked)
    values["mention_id"] = row_id(values["mention_id"], Mention)
    return cast("AnalysisValues", values)
