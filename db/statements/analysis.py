"""Analyses of mentions: the texts that analysers read, and the results that they record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Integer, Numeric, Select, Text, any_, bindparam, case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.layout import unique_key
from db.language.moment import moment
from db.language.scope import Scope, placed, visible_among
from db.models import AnalysisResult, AnalysisStatus, Keyword, MatchType, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter

_MENTIONS, _KEYWORDS, _RESULTS = table_of(Mention), table_of(Keyword), table_of(AnalysisResult)
_OF_MENTION = ("id", "keyword_id", "platform", "language", "title", "content")
_OF_KEYWORD = ("keyword", "match_type", "required_terms", "excluded_terms", "platforms")
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


class KeywordTerms(NamedTuple):
    """The columns of a keyword that matching reads."""

    id: int
    keyword: str
    match_type: MatchType
    required_terms: Sequence[str]
    excluded_terms: Sequence[str]
    platforms: Sequence[str]


@dataclass(frozen=True, slots=True)
class MentionText:
    """The text of a mention, and the terms of its keyword."""

    id: int
    keyword_id: int
    platform: str
    language: str | None
    title: str | None
    content: str
    keyword: KeywordTerms | Keyword


@statement
def _mention_texts(*, everybody: bool) -> Select[Any]:
    return (
        select(*(_MENTIONS.c[name] for name in _OF_MENTION), *(_KEYWORDS.c[name] for name in _OF_KEYWORD))
        .join(_KEYWORDS, _KEYWORDS.c.id == _MENTIONS.c.keyword_id)
        .where(_MENTIONS.c.id == any_(keys_parameter()), visible_among(Mention, everybody=everybody))
        .where(placed(Keyword, everybody=everybody))
    )


async def mention_texts(reader: Reader, scope: Scope, ids: Sequence[int]) -> dict[int, MentionText]:
    """Return the texts of the visible mentions, by ID."""
    rows = await reader.fetch_values(_mention_texts(everybody=scope.everybody), scope, keys=list(ids))
    keywords: dict[int, KeywordTerms] = {}
    found = {}
    for row in rows:
        own: dict[str, Any] = {name: row[name] for name in _OF_MENTION}
        keyword = keywords.get(row["keyword_id"])
        if keyword is None:
            keyword = KeywordTerms(row["keyword_id"], *(row[name] for name in _OF_KEYWORD))
            keywords[row["keyword_id"]] = keyword
        found[row["id"]] = MentionText(**own, keyword=keyword)
    return found


@statement
def _record_analyses(*, everybody: bool) -> ReturningInsert[Any]:
    rows = rows_parameter("analyses", {"mention_id": BigInteger, **_TYPES})
    analyzed_at = case((rows.c.status != AnalysisStatus.PENDING, moment()))
    values = {
        "mention_id": _MENTIONS.c.id,
        "user_id": _MENTIONS.c.user_id,
        **{name: rows.c[name] for name in _TYPES},
        "analyzer": bindparam("analyzer", type_=Text),
        "analyzer_version": bindparam("analyzer_version", type_=Text),
        "analyzed_at": analyzed_at,
        "created_at": moment(),
    }
    visible_rows = (
        select(*values.values())
        .join_from(rows, _MENTIONS, _MENTIONS.c.id == rows.c.mention_id)
        .where(visible_among(Mention, everybody=everybody))
        .order_by(_MENTIONS.c.id)
    )
    new = insert(_RESULTS).from_select(list(values), visible_rows)
    replaced = {
        name: new.excluded[name] for name in values if name not in {"mention_id", "user_id", "created_at"}
    }
    identity = unique_key("mention_id")
    return new.on_conflict_do_update(index_elements=identity, set_=replaced).returning(_RESULTS.c.mention_id)


async def record_analyses(
    writer: Writer, scope: Scope, analyses: Sequence[Mapping[str, Any]], analyzer: str, version: str
) -> frozenset[int]:
    """Insert or replace the analyses.

    Return the IDs of their mentions, without missing and invisible ones.
    """
    rows = [{**_DEFAULTS, **analysis} for analysis in analyses]
    for row in rows:
        for name in ("sentiment_score", "intent_score"):
            row[name] = None if row[name] is None else float(row[name])
    sent = _record_analyses(everybody=scope.everybody)
    found = await writer.fetch_values(sent, scope, analyses=rows, analyzer=analyzer, analyzer_version=version)
    return frozenset(row["mention_id"] for row in found)
