"""What analysers read: the texts of mentions, each with the keyword that it is a mention of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, any_, select

from db.engine.pool import Reader
from db.engine.statement_cache import statement
from db.language.scope import Scope, visible_among
from db.models import Keyword, MatchType, Mention
from db.statements.read_rows import keys_parameter, table_of

_MENTIONS, _KEYWORDS = table_of(Mention), table_of(Keyword)
_OF_MENTION = ("id", "keyword_id", "platform", "language", "title", "content")
_OF_KEYWORD = ("keyword", "match_type", "required_terms", "excluded_terms", "platforms")


class Watched(NamedTuple):
    """A keyword, as far as matching goes."""

    id: int
    keyword: str
    match_type: MatchType
    required_terms: Sequence[str]
    excluded_terms: Sequence[str]
    platforms: Sequence[str]


@dataclass(frozen=True, slots=True)
class MentionText:
    """What was published, and what it was watched for."""

    id: int
    keyword_id: int
    platform: str
    language: str | None
    title: str | None
    content: str
    watched: Watched


@statement
def _mention_texts(*, everybody: bool) -> Select[Any]:
    return (
        select(*(_MENTIONS.c[name] for name in _OF_MENTION), *(_KEYWORDS.c[name] for name in _OF_KEYWORD))
        .join(_KEYWORDS, _KEYWORDS.c.id == _MENTIONS.c.keyword_id)
        .where(_MENTIONS.c.id == any_(keys_parameter()), visible_among(Mention, everybody=everybody))
    )


async def mention_texts(reader: Reader, scope: Scope, ids: Sequence[int]) -> dict[int, MentionText]:
    """The texts of the visible ones among the mentions, by id."""
    rows = await reader.fetch_values(_mention_texts(everybody=scope.everybody), scope, keys=list(ids))
    keywords: dict[int, Watched] = {}
    found = {}
    for row in rows:
        own: dict[str, Any] = {name: row[name] for name in _OF_MENTION}
        watched = keywords.get(row["keyword_id"])
        if watched is None:
            watched = Watched(row["keyword_id"], *(row[name] for name in _OF_KEYWORD))
            keywords[row["keyword_id"]] = watched
        found[row["id"]] = MentionText(**own, watched=watched)
    return found
