from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Integer, Numeric, Text, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import Scope, visible_among
from db.models import AnalysisResult, AnalysisStatus, Mention
from db.statements.jsonb_rows import given_rows
from db.statements.read_rows import table_of

_RESULTS, _MENTIONS = table_of(AnalysisResult), table_of(Mention)
_DEFAULTS: dict[str, Any] = {
    "status": AnalysisStatus.SUCCEEDED,
    "sentiment": None,
    "sentiment_score": None,
    "intent": None,
    "intent_score": None,
    "relevance": None,
    "relevance_score": None,
    "relevance_reason": "",
    "topics": [],
    "summary": "",
    "error": None,
}
_TYPES: dict[str, Any] = {
    **dict.fromkeys(_DEFAULTS, Text),
    "sentiment_score": Numeric,
    "intent_score": Numeric,
    "relevance_score": Integer,
    "topics": ARRAY(Text),
}


@statement
def _record_analyses(*, everybody: bool) -> ReturningInsert[Any]:
    given = given_rows("analyses", {"mention_id": BigInteger, **_TYPES})
    ended = case((given.c.status != AnalysisStatus.PENDING, func.now()))
    values = {
        "mention_id": _MENTIONS.c.id,
        "user_id": _MENTIONS.c.user_id,
        **{name: given.c[name] for name in _TYPES},
        "analyzer": bindparam("analyzer", type_=Text),
        "analyzer_version": bindparam("analyzer_version", type_=Text),
        "analyzed_at": ended,
    }
    rows = (
        select(*values.values())
        .join_from(given, _MENTIONS, _MENTIONS.c.id == given.c.mention_id)
        .where(visible_among(Mention, everybody=everybody))
        .order_by(_MENTIONS.c.id)
    )
    new = insert(_RESULTS).from_select(list(values), rows)
    again = {name: new.excluded[name] for name in values if name not in {"mention_id", "user_id"}}
    return new.on_conflict_do_update(index_elements=["mention_id"], set_=again).returning(
        _RESULTS.c.mention_id
    )


async def record_analyses(
    writer: Writer, scope: Scope, analyses: Sequence[Mapping[str, Any]], analyzer: str, version: str
) -> frozenset[int]:
    """Writes analyses in the place of older ones. Returns the ids of the mentions that are there."""
    sent = _record_analyses(everybody=scope.everybody)
    given = [{**_DEFAULTS, **analysis} for analysis in analyses]
    for row in given:
        for name in ("sentiment_score", "intent_score"):
            row[name] = None if row[name] is None else float(row[name])
    found = await writer.fetch_values(
        sent, scope, analyses=given, analyzer=analyzer, analyzer_version=version
    )
    return frozenset(row["mention_id"] for row in found)
