"""Sentiment detection in English texts, by a published lexicon.

VADER (C. J. Hutto and E. Gilbert, ICWSM 2014) sums the valences of words, with rules for negation, degree, capitals
and punctuation, and scales the sum to -1 … 1. Its authors' thresholds separate positive, neutral and negative. A text
with strong positive and negative parts is mixed.
"""

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from db.models import Sentiment

if TYPE_CHECKING:
    from vader import SentimentIntensityAnalyzer

VERSION = "vader-2"
CHARACTERS_READ = 2000
"""The analyzed beginning of a text. It bounds the time for a thousand long texts."""

_CLEAR = 0.05
_SHARE_OF_BOTH = 0.1
_UNDECIDED = 0.6


class DetectedSentiment(NamedTuple):
    sentiment: Sentiment
    score: Decimal
    """-1 (negative) to 1 (positive), three decimals."""


@cache
def _vader() -> "SentimentIntensityAnalyzer":
    from vader import SentimentIntensityAnalyzer  # noqa: PLC0415 - the lexicon is large, and few processes analyze texts

    return SentimentIntensityAnalyzer()


def detect_sentiment(text: str) -> DetectedSentiment:
    found = _vader().polarity_scores(text[:CHARACTERS_READ])
    compound = found["compound"]
    score = Decimal(str(compound)).quantize(Decimal("0.001"))
    both = min(found["pos"], found["neg"]) >= _SHARE_OF_BOTH and abs(compound) < _UNDECIDED
    if both:
        return DetectedSentiment(Sentiment.MIXED, score)
    if compound >= _CLEAR:
        return DetectedSentiment(Sentiment.POSITIVE, score)
    return DetectedSentiment(Sentiment.NEGATIVE if compound <= -_CLEAR else Sentiment.NEUTRAL, score)
