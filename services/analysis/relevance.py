"""How well a mention fits its keyword, 0 to 100, by where the keyword stands and what the author is after.

| points | for |
|---|---|
| 30 | the keyword being there, as it is matched |
| 20 | being in the title |
| 10 | being in the first 200 characters of the text |
| 5 | each further time, up to 15 |
| -25 to 25 | the intent: whether there is somebody to talk to |

60 and more are HIGH, 35 and more MEDIUM.
"""

from typing import NamedTuple, Protocol

from db.models import Intent, MatchType, Relevance
from services.matching.matcher import Matcher, WatchedKeyword, normalized, places_of

VERSION = "places-1"

_THERE, _IN_TITLE, _EARLY, _AGAIN, _MOST_AGAIN = 30, 20, 10, 5, 15
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
_BETWEEN = " \0 "  # no phrase reaches from the title into the text


class Post(Protocol):
    """What a row of mentions has, as far as this goes."""

    @property
    def title(self) -> str | None: ...
    @property
    def content(self) -> str: ...
    @property
    def platform(self) -> str: ...


class Fit(NamedTuple):
    relevance: Relevance
    score: int
    reason: str


class KeywordFit:
    """Measures posts against one keyword. Reads the keyword once."""

    def __init__(self, keyword: WatchedKeyword) -> None:
        self._matcher = Matcher([keyword])
        self._each = keyword.match_type == MatchType.ALL_WORDS
        phrase = normalized(keyword.keyword)
        self._terms = [phrase] if keyword.match_type == MatchType.PHRASE else phrase.split(" ")

    def of(self, post: Post, intent: Intent) -> Fit:
        title = normalized(post.title or "")
        content = normalized(post.content)
        if not self._matcher.match(_BETWEEN.join([title, content]), post.platform):
            return Fit(Relevance.LOW, 0, "The keyword does not stand in it as it is watched for.")
        in_title, in_text = self._times(title), self._times(content)
        early = self._times(content[:_EARLY_CHARACTERS])
        further = max(in_title + in_text - 1, 0)
        points = (
            _THERE
            + (_IN_TITLE if in_title else 0)
            + (_EARLY if early else 0)
            + min(_AGAIN * further, _MOST_AGAIN)
            + _BY_INTENT[intent]
        )
        score = min(max(points, 0), 100)
        relevance = (
            Relevance.HIGH if score >= _HIGH else Relevance.MEDIUM if score >= _MEDIUM else Relevance.LOW
        )
        return Fit(relevance, score, _reason(in_title, in_text, early, intent))

    def _times(self, text: str) -> int:
        """How often the keyword stands in the text: all of its words, where it takes all of them."""
        times = [len(places_of(term, text)) for term in self._terms]
        return min(times) if self._each else sum(times)


def _reason(in_title: int, in_text: int, early: int, intent: Intent) -> str:
    places = (["in the title"] if in_title else []) + (
        [f"{in_text} times in the text" if in_text > 1 else "once in the text"] if in_text else []
    )
    where = " and ".join(places) or "in it"
    soon = ", right at the beginning" if early else ""
    return f"The keyword stands {where}{soon}; the intent is {intent.replace('_', ' ')}."
