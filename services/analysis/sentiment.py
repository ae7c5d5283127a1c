"""The mood of an English text, by a published lexicon.

VADER (C. J. Hutto and E. Gilbert, ICWSM 2014) sums the valences of words, with rules for negation, degree,
capitals and punctuation, and scales the sum to -1 … 1. Its authors' thresholds tell positive, neutral and
negative apart; a text that is clearly both is mixed.
"""

from decimal import Decimal
from functools import cache
from typing import NamedTuple

from vader import SentimentIntensityAnalyzer

from db.models import Sentiment

VERSION = "vader-1"
CHARACTERS_READ = 2000
"""Of each text: what somebody feels, they say early, and a thousand long texts must not take minutes."""

_CLEAR = 0.05
_SHARE_OF_BOTH = 0.1
_UNDECIDED = 0.6


class Mood(NamedTuple):
    sentiment: Sentiment
    score: Decimal
    """-1 (negative) to 1 (positive), three decimals."""


@cache
def _vader() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def mood_of(text: str) -> Mood:
    found = _vader().polarity_scores(text[:CHARACTERS_READ])
    compound = found["compound"]
    score = Decimal(str(compound)).quantize(Decimal("0.001"))
    both = min(found["pos"], found["neg"]) >= _SHARE_OF_BOTH and abs(compound) < _UNDECIDED
    if both:
        return Mood(Sentiment.MIXED, score)
    if compound >= _CLEAR:
        return Mood(Sentiment.POSITIVE, score)
    return Mood(Sentiment.NEGATIVE if compound <= -_CLEAR else Sentiment.NEUTRAL, score)
