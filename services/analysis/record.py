"""Analyze mentions with the built-in analyzer, and record analyses of any analyzer.

The built-in analyzer reads English. For a mention in another language it records only the relevance, with status
SKIPPED.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypedDict

from db.engine.writer import Writer
from db.models import AnalysisStatus, Intent, Mention, Relevance, Sentiment
from db.statements.analysis import MentionText, record_analyses
from loaders.analysis import TextByMention
from loaders.dataloader import DataLoaders
from services.accounts.viewer import Viewer
from services.analysis import intent, relevance, sentiment
from services.analysis.auto_leads import score_analyzed
from services.analysis.intent import detect_intent
from services.analysis.relevance import RelevanceScorer
from services.analysis.sentiment import detect_sentiment
from services.rules.bulk_limits import require_found, require_size
from services.rules.user_errors import UserError, UserErrorCode, UserErrors
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation
from text.normal_form import readable

ANALYZER = "leadgraph"
VERSION = f"{sentiment.VERSION}+{intent.VERSION}+{relevance.VERSION}"
MOST_AT_ONCE = 1000
LONGEST_TEXT = 2000
LONGEST_NAME = 100
LONGEST_TOPIC = 100
MOST_TOPICS = 20
CHARACTERS_READ = 5000


class AnalysisValues(TypedDict, total=False):
    """An analysis of a mention. The keys are the columns of the same names."""

    mention_id: int
    status: AnalysisStatus
    sentiment: Sentiment | None
    sentiment_score: float | Decimal | None
    intent: Intent | None
    intent_score: float | Decimal | None
    relevance: Relevance | None
    relevance_score: int | None
    relevance_reason: str
    topics: list[str]
    summary: str
    error: str | None


def analyze(texts: Iterable[MentionText]) -> list[AnalysisValues]:
    """Return the built-in analyzer's analyses, in order. It is slow: call it in a thread."""
    scorers: dict[int, RelevanceScorer] = {}
    analyses = []
    for text in texts:
        scorer = scorers.get(text.keyword_id)
        if scorer is None:
            scorer = scorers[text.keyword_id] = RelevanceScorer(text.keyword)
        analyses.append(_analyzed(text, scorer))
    return analyses


def _analyzed(text: MentionText, scorer: RelevanceScorer) -> AnalysisValues:
    words = readable(f"{text.title}. {text.content}" if text.title else text.content)
    english = text.language is None or text.language.lower().split("-")[0] == "en"
    detected_intent = (
        detect_intent(words[:CHARACTERS_READ]) if english else intent.DetectedIntent(Intent.OTHER, None)
    )
    measured = scorer.score(text, detected_intent.intent)
    values: AnalysisValues = {
        "mention_id": text.id,
        "status": AnalysisStatus.SUCCEEDED if english else AnalysisStatus.SKIPPED,
        "relevance": measured.relevance,
        "relevance_score": measured.score,
        "relevance_reason": measured.reason,
    }
    if english:
        detected_sentiment = detect_sentiment(words)
        values |= {
            "sentiment": detected_sentiment.sentiment,
            "sentiment_score": detected_sentiment.score,
            "intent": detected_intent.intent,
            "intent_score": detected_intent.score,
        }
    return values


async def record(
    writer: Writer,
    viewer: Viewer,
    analyses: Sequence[AnalysisValues],
    analyzer: str = ANALYZER,
    version: str = VERSION,
    field: str = "analyses",
    within: Sequence[str] = ("mention_id",),
) -> Sequence[int]:
    """Write the analyses of up to a thousand mentions, replacing earlier ones.

    Score the leads of the mentions, and make leads of the promising mentions.

    Writes all or none, and returns the mentions' IDs in order. Raises `UserErrors` with paths that start at `field`,
    followed by the index of an analysis and, for its mention's ID, by `within`.
    """
    require_size(len(analyses), most=MOST_AT_ONCE, field=field)
    by = _checked_analyzer(analyzer, version)
    rows = _checked(analyses, field)
    ids = [row["mention_id"] for row in rows]
    await lock_for_rows(writer, viewer, Mention, ids)
    recorded = await record_analyses(writer, viewer.scope, rows, by["analyzer"], by["analyzer_version"])
    require_found(ids, recorded, "mention", field, within=within)
    await score_analyzed(writer, ids, writer.moment)
    return ids


def _checked_analyzer(analyzer: str, version: str) -> dict[str, Any]:
    validation = Validation({"analyzer": analyzer, "analyzer_version": version})
    validation.text("analyzer", longest=LONGEST_NAME, empty=False)
    validation.text("analyzer_version", longest=LONGEST_NAME)
    return validation.cleaned()


def _checked(analyses: Sequence[AnalysisValues], field: str) -> list[dict[str, Any]]:
    """Return the cleaned rows. Raises `UserErrors` with all errors."""
    rows: list[dict[str, Any]] = []
    errors: list[UserError] = []
    seen: set[int] = set()
    for index, values in enumerate(analyses):
        validation = _checked_one(values, field, str(index))
        if values["mention_id"] in seen:
            validation.add_error(UserErrorCode.INVALID, "Must be unique within the list.", "mention_id")
        seen.add(values["mention_id"])
        errors += validation.errors
        if not errors:
            rows.append(validation.cleaned())
    if errors:
        raise UserErrors(errors)
    return rows


def _checked_one(values: AnalysisValues, *path: str) -> Validation:
    validation = Validation(values, *path)
    validation.not_null("status", "relevance_reason", "topics", "summary")
    validation.between("sentiment_score", -1, 1)
    validation.between("intent_score", 0, 1)
    validation.between("relevance_score", 0, 100)
    validation.text("relevance_reason", longest=LONGEST_TEXT)
    validation.text("summary", longest=LONGEST_TEXT)
    validation.short_texts("error", longest=LONGEST_TEXT)
    validation.texts("topics", most=MOST_TOPICS, longest=LONGEST_TOPIC)
    status = values.get("status", AnalysisStatus.SUCCEEDED)
    if status == AnalysisStatus.SUCCEEDED:
        for name in ("sentiment", "relevance"):
            if values.get(name) is None:
                validation.add_error(UserErrorCode.REQUIRED, "Required when `status` is SUCCEEDED.", name)
    if values.get("error") is not None and status != AnalysisStatus.FAILED:
        validation.add_error(UserErrorCode.INVALID, "`error` is allowed only with status FAILED.", "error")
    return validation


async def load_texts(loaders: DataLoaders, ids: Sequence[int]) -> list[MentionText]:
    """Return the texts without duplicates. Raise `UserErrors` for IDs without a text.

    The mutation needs no permission to read mentions, because it returns no text.
    """
    texts = await loaders.load(TextByMention(), ids)
    found = {text.id: text for text in texts if text is not None}
    require_found(ids, found, "mention", "ids")
    return list(found.values())
