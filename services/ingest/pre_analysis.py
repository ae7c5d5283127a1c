"""Analyze new mentions before they are ingested."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from db.statements.analysis import MentionText
from db.statements.ingest import Identity, NewMention
from loaders.dataloader import DataLoaders
from loaders.ingest import ActiveKeywordsByUser, MentionIdByIdentity
from services.analysis.record import AnalysisValues, analyze
from services.ingest.row import NewRow, Row, keyword_ids_of
from services.matching.keyword_matchers import KeywordMatcher

PreAnalyses: TypeAlias = Mapping[Identity, AnalysisValues]
NO_PRE_ANALYSES: PreAnalyses = MappingProxyType({})


async def pre_analyze(loaders: DataLoaders, matcher: KeywordMatcher, rows: Sequence[Row]) -> PreAnalyses:
    """Return the analyses of the rows' new mentions. Existing mentions are skipped.

    It runs before the transaction that locks the user, so it does not see changes that are committed in between.
    """
    (keywords,) = await loaders.load(ActiveKeywordsByUser(), [matcher.user_id])
    matcher.update(keywords)
    mentions = _mentions(matcher, rows)
    existing = await loaders.load(MentionIdByIdentity(matcher.user_id), list(mentions))
    new = [mention for mention, id_ in zip(mentions.values(), existing, strict=True) if id_ is None]
    analyses = await asyncio.to_thread(analyze, _texts(matcher, new))
    return {mention.identity: values for mention, values in zip(new, analyses, strict=True)}


def _mentions(matcher: KeywordMatcher, rows: Sequence[Row]) -> dict[Identity, NewMention]:
    """Return the distinct mentions of active keywords. Of duplicates it keeps the first, as ingest does."""
    active = {keyword.id for keyword in matcher.keywords}
    mentions: dict[Identity, NewMention] = {}
    for row in rows:
        if isinstance(row, NewRow):
            for keyword_id in active.intersection(keyword_ids_of(row, matcher)):
                mention = NewMention(keyword_id, row.post)
                mentions.setdefault(mention.identity, mention)
    return mentions


def _texts(matcher: KeywordMatcher, mentions: Sequence[NewMention]) -> list[MentionText]:
    """Return the texts of the mentions, which have no IDs yet."""
    watched = {keyword.id: keyword for keyword in matcher.keywords}
    return [
        MentionText(
            0, keyword_id, post.platform, post.language, post.title, post.content, watched[keyword_id]
        )
        for keyword_id, post in mentions
    ]
