"""Relevance of a mention to its keyword, 0 to 100, by the keyword's places and the author's intent.

| points | for |
|---|---|
| 30 | a match of the keyword |
| 20 | a match in the title |
| 10 | a match in the first 200 characters of the text |
| 5 | each further occurrence, up to 15 |
| -25 to 25 | the intent |

A score from 60 is HIGH, and from 35 is MEDIUM.
"""

from typing import NamedTuple

from db.models import Intent, MatchType, Relevance
from db.statements.analysis import MentionText
from services.matching.matcher import PHRASE_BREAK, Matcher, Term, WatchedKeyword
from text.normal_form import normalized

VERSION = "places-2"

_MATCH, _IN_TITLE, _EARLY, _REPEAT, _MOST_REPEATS = 30, 20, 10, 5, 15
_EARLY_CHARACTERS = 200
_HIGH, _MEDIUM = 60, 35
_BY_INTENT = {
    Intent.BUYING: 25,
    Intent.RECOMMENDATION_REQUEST: 25,
    Intent.COMPARISON: 20,
    Intent.CHURN_RISK: 20,
    Intent.COMPLAINT: 15,
    Intent.QUESTION: 15,
    Intent.FEATURE_REQUEST: 15,
    Intent.PRAISE: 5,
    Intent.OTHER: 0,
    Intent.PROMOTION: -20,
    Intent.HIRING: -25,
}


class MeasuredRelevance(NamedTuple):
    relevance: Relevance
    score: int
    reason: str


class RelevanceScorer:
    """Scores posts against one keyword, which it parses once."""

    def __init__(self, keyword: WatchedKeyword) -> None:
        self._matcher = Matcher([keyword])
        self._needs_all_terms = keyword.match_type == MatchType.ALL_WORDS
        phrase = normalized(keyword.keyword)
        words = [phrase] if keyword.match_type == MatchType.PHRASE else phrase.split(" ")
        self._terms = [Term(word) for word in words]

    def score(self, post: MentionText, intent: Intent) -> MeasuredRelevance:
        title = normalized(post.title or "")
        content = normalized(post.content)
        if not self._matcher.match_normalized(PHRASE_BREAK.join([title, content]), post.platform):
            return MeasuredRelevance(Relevance.LOW, 0, "The post does not match the keyword.")
        in_title, in_text = self._count(title), self._count(content)
        early = self._count(content[:_EARLY_CHARACTERS])
        further = max(in_title + in_text - 1, 0)
        points = (
            _MATCH
            + (_IN_TITLE if in_title else 0)
            + (_EARLY if early else 0)
            + min(_REPEAT * further, _MOST_REPEATS)
            + _BY_INTENT[intent]
        )
        score = min(max(points, 0), 100)
        relevance = (
            Relevance.HIGH if score >= _HIGH else Relevance.MEDIUM if score >= _MEDIUM else Relevance.LOW
        )
        return MeasuredRelevance(relevance, score, _reason(in_title, in_text, early, intent))

    def _count(self, text: str) -> int:
        """Return how often the keyword occurs in the text. With ALL_WORDS, its rarest word counts."""
        counts = [len(term.offsets(text)) for term in self._terms]
        return min(counts) if self._needs_all_terms else sum(counts)


def _reason(in_title: int, in_text: int, early: int, intent: Intent) -> str:
    places = (["in the title"] if in_title else []) + (
        [f"{in_text} times in the text" if in_text > 1 else "once in the text"] if in_text else []
    )
    where = " and ".join(places) or "in the post"
    early_note = ", near the beginning" if early else ""
    return f"The keyword occurs {where}{early_note}; the intent is {intent.replace('_', ' ')}."
