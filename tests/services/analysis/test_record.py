"""The built-in analyzer: sentiment by the lexicon, intent and relevance by rules."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import AnalysisStatus, Intent, MatchType, Relevance, Sentiment
from db.statements.analysis import KeywordTerms, MentionText
from services.analysis.intent import detect_intent
from services.analysis.record import analyze
from services.analysis.relevance import RelevanceScorer
from services.analysis.sentiment import CHARACTERS_READ, detect_sentiment
from services.matching.matcher import occurrences

# The scores are those of the authors' own program, vaderSentiment 3.3.2; they have to stay what they are.
SENTIMENTS = [
    ("VADER is smart, handsome, and funny!", Sentiment.POSITIVE, "0.844"),
    ("Not bad at all", Sentiment.POSITIVE, "0.431"),
    ("I hate this CRM, it is slow and support is terrible.", Sentiment.NEGATIVE, "-0.625"),
    ("Least useful tool ever", Sentiment.NEGATIVE, "-0.341"),
    ("Looking for a CRM for a sales team of 5.", Sentiment.NEUTRAL, "0.000"),
    ("", Sentiment.NEUTRAL, "0.000"),
    ("I love the interface but I hate the price", Sentiment.MIXED, "-0.535"),
    ("The CRM is :) 😀", Sentiment.POSITIVE, "0.670"),
]


@pytest.mark.parametrize(("text", "sentiment", "score"), SENTIMENTS)
def test_sentiments_equal_the_lexicons(text: str, sentiment: Sentiment, score: str) -> None:
    assert detect_sentiment(text) == (sentiment, Decimal(score))


def test_sentiment_reads_only_the_beginning_of_a_text() -> None:
    text = "good " * (CHARACTERS_READ // 5)
    assert detect_sentiment(text + "terrible " * 1000) == detect_sentiment(text)


INTENTS = [
    ("We want to buy a CRM this month", Intent.BUYING, "0.800"),
    ("Looking for a simple invoicing tool", Intent.BUYING, "0.600"),
    ("Can anyone recommend a CRM?", Intent.RECOMMENDATION_REQUEST, "0.900"),
    ("What do you use for invoicing? Any recommendations?", Intent.RECOMMENDATION_REQUEST, "0.960"),
    ("HubSpot vs Salesforce", Intent.COMPARISON, "0.700"),
    ("Is there an alternative to HubSpot that is cheaper than this", Intent.COMPARISON, "0.800"),
    ("The app keeps crashing, a waste of money", Intent.COMPLAINT, "0.940"),
    ("It doesn\u2019t work", Intent.COMPLAINT, "0.500"),
    ("How do I export my contacts?", Intent.QUESTION, "0.657"),
    ("I wish it had an API, please add one", Intent.FEATURE_REQUEST, "0.940"),
    ("Thinking about cancelling our HubSpot subscription", Intent.CHURN_RISK, "0.940"),
    ("I love this, works great", Intent.PRAISE, "0.840"),
    ("Show HN: we built a CRM", Intent.PROMOTION, "0.960"),
    ("We are hiring a backend engineer", Intent.HIRING, "0.900"),
    ("The weather was fine.", Intent.OTHER, None),
    ("", Intent.OTHER, None),
]


@pytest.mark.parametrize(("text", "intent", "certainty"), INTENTS)
def test_intents_are_detected_by_phrases(text: str, intent: Intent, certainty: str | None) -> None:
    assert detect_intent(text) == (intent, None if certainty is None else Decimal(certainty))


def test_every_intent_has_an_example() -> None:
    assert {intent for _, intent, _ in INTENTS} == set(Intent)


def keyword(words: str = "crm", match_type: MatchType = MatchType.PHRASE, **more: Any) -> KeywordTerms:
    given = {"required_terms": [], "excluded_terms": [], "platforms": [], **more}
    return KeywordTerms(1, words, match_type, **given)


def text(content: str, title: str | None = None, language: str | None = None) -> MentionText:
    return MentionText(7, 1, "reddit", language, title, content, keyword())


FAR = "x " * 101
RELEVANCES = [
    ("no word of it", None, Intent.BUYING, 0, "The post does not match the keyword."),
    (FAR + "crm", None, Intent.OTHER, 30, "The keyword occurs once in the text; the intent is other."),
    (
        "a crm",
        None,
        Intent.OTHER,
        40,
        "The keyword occurs once in the text, near the beginning; the intent is other.",
    ),
    ("no word of it", "CRM!", Intent.OTHER, 50, "The keyword occurs in the title; the intent is other."),
    (
        "crm, crm and crm",
        "CRM",
        Intent.BUYING,
        100,
        "The keyword occurs in the title and 3 times in the text, near the beginning; the intent is buying.",
    ),
    (
        "a crm",
        None,
        Intent.PROMOTION,
        20,
        "The keyword occurs once in the text, near the beginning; the intent is promotion.",
    ),
    (FAR + "crm", None, Intent.HIRING, 5, "The keyword occurs once in the text; the intent is hiring."),
    ("scrm crms", None, Intent.BUYING, 0, "The post does not match the keyword."),
    (
        FAR + "crm " * 9,
        None,
        Intent.CHURN_RISK,
        65,
        "The keyword occurs 9 times in the text; the intent is churn risk.",
    ),
]


@pytest.mark.parametrize(("content", "title", "intent", "score", "reason"), RELEVANCES)
def test_relevance_follows_the_documented_points(
    content: str, title: str | None, intent: Intent, score: int, reason: str
) -> None:
    found = RelevanceScorer(keyword()).score(text(content, title), intent)
    relevance = Relevance.HIGH if score >= 60 else Relevance.MEDIUM if score >= 35 else Relevance.LOW
    assert found == (relevance, score, reason)


@pytest.mark.parametrize(
    ("match_type", "content", "times"),
    [
        (MatchType.PHRASE, "sales team. sales and team. Sales  TEAM", 2),
        (MatchType.ALL_WORDS, "team sales team", 1),
        (MatchType.ANY_WORD, "team and team, no others", 2),
    ],
)
def test_occurrences_depend_on_the_match_type(match_type: MatchType, content: str, times: int) -> None:
    found = RelevanceScorer(keyword("sales team", match_type)).score(text(content), Intent.OTHER)
    assert found.score == 30 + 10 + 5 * (times - 1)


def test_an_excluded_term_gives_relevance_0() -> None:
    scorer = RelevanceScorer(keyword(excluded_terms=["jobs"]))
    assert scorer.score(text("crm jobs"), Intent.BUYING).score == 0
    assert scorer.score(text("crm"), Intent.BUYING).score == 65


def test_a_mention_gets_sentiment_intent_and_relevance() -> None:
    (found,) = analyze([text("It keeps crashing. I hate it.", "Our CRM")])
    assert found == {
        "mention_id": 7,
        "status": AnalysisStatus.SUCCEEDED,
        "sentiment": Sentiment.NEGATIVE,
        "sentiment_score": Decimal("-0.572"),
        "intent": Intent.COMPLAINT,
        "intent_score": Decimal("0.700"),
        "relevance": Relevance.HIGH,
        "relevance_score": 65,
        "relevance_reason": "The keyword occurs in the title; the intent is complaint.",
    }


@pytest.mark.parametrize(
    ("language", "status"),
    [
        (None, AnalysisStatus.SUCCEEDED),
        ("en", AnalysisStatus.SUCCEEDED),
        ("EN-gb", AnalysisStatus.SUCCEEDED),
        ("de", AnalysisStatus.SKIPPED),
        ("enm", AnalysisStatus.SKIPPED),
    ],
)
def test_another_language_is_skipped_with_its_relevance(language: str | None, status: AnalysisStatus) -> None:
    (found,) = analyze([text("I love this crm", language=language)])
    assert found["status"] == status
    assert found["relevance_score"] == (45 if status == AnalysisStatus.SUCCEEDED else 40)
    assert ("sentiment" in found, "intent" in found) == ((status == AnalysisStatus.SUCCEEDED),) * 2


@given(st.text(max_size=200), st.text(max_size=2000))
def test_scores_of_any_text_are_within_their_ranges(title: str, content: str) -> None:
    (found,) = analyze([text(content, title)])
    assert -1 <= Decimal(found["sentiment_score"] or 0) <= 1
    assert 0 <= Decimal(found["intent_score"] or 0) <= 1
    assert 0 <= (found["relevance_score"] or 0) <= 100
    assert found["sentiment"] in set(Sentiment)
    assert len(found["relevance_reason"]) <= 2000


@pytest.mark.parametrize(
    ("term", "places"), [("crm", [0, 9]), ("a crm", []), ("", []), ("crms", [4]), ("crm crms", [0])]
)
def test_occurrences_are_whole_words(term: str, places: list[int]) -> None:
    assert occurrences(term, "crm crms crm") == places
