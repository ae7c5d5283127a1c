"""What the built-in analyser finds in mentions that are not there yet."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from db.statements.analysis import KeywordTerms, MentionText
from db.statements.ingest import Identity, NewMention
from loaders.ingest import ActiveKeywords, MentionOfIdentity
from loaders.loader import Loads
from services.analysis.record import AnalysisValues, analyze
from services.ingest.row import NewRow, Row
from services.matching.keyword_matchers import KeywordMatcher

Findings: TypeAlias = Mapping[Identity, AnalysisValues]
NOTHING_FOUND: Findings = MappingProxyType({})


async def findings(loads: Loads, matcher: KeywordMatcher, rows: Sequence[Row]) -> Findings:
    """What is found in the mentions that the rows will become, those left out that are there. It reads and
    computes before anybody is locked, and so knows nothing of what changes until then.
    """
    (keywords,) = await loads.load(ActiveKeywords(), [matcher.user_id])
    matcher.update(keywords)
    mentions = _mentions(matcher, rows)
    there = await loads.load(MentionOfIdentity(matcher.user_id), list(mentions))
    new = [mention for mention, id_ in zip(mentions.values(), there, strict=True) if id_ is None]
    texts = _texts(matcher, new)
    found = await asyncio.to_thread(analyze, texts)
    return {mention.identity: values for mention, values in zip(new, found, strict=True)}


def _mentions(matcher: KeywordMatcher, rows: Sequence[Row]) -> dict[Identity, NewMention]:
    """The first of equal mentions, which is the one that is taken in; of active keywords."""
    active = {keyword.id for keyword in matcher.keywords}
    mentions: dict[Identity, NewMention] = {}
    for row in rows:
        if isinstance(row, NewRow):
            for keyword_id in active.intersection(matcher.keywords_of(row)):
                mention = NewMention(keyword_id, row.post)
                mentions.setdefault(mention.identity, mention)
    return mentions


def _texts(matcher: KeywordMatcher, mentions: Sequence[NewMention]) -> list[MentionText]:
    """They have no ids yet."""
    watched = {
        keyword.id: KeywordTerms(
            keyword.id,
            keyword.keyword,
            keyword.match_type,
            keyword.required_terms,
            keyword.excluded_terms,
            keyword.platforms,
        )
        for keyword in matcher.keywords
    }
    return [
        MentionText(
            0, keyword_id, post.platform, post.language, post.title, post.content, watched[keyword_id]
        )
        for keyword_id, post in mentions
    ]
