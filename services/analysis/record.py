"""What is found in mentions: by the built-in analyser, or by somebody else's who records it here.

The built-in one reads English. Of a mention that says it is in another language it measures only how well it
fits its keyword, and says SKIPPED.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypedDict

from db.engine.writer import Writer
from db.models import AnalysisStatus, Intent, Mention, Relevance, Sentiment
from db.statements.analysis import MentionText, record_analyses
from services.accounts.viewer import Viewer
from services.analysis import intent, relevance, sentiment
from services.analysis.lead_scoring import score_leads_of
from services.analysis.relevance import KeywordFit
from services.rules.bulk_limits import require_all, require_some
from services.rules.user_errors import RefusedError, UserError, UserErrorCode
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation

ANALYZER = "leadgraph"
VERSION = f"{sentiment.VERSION}+{intent.VERSION}+{relevance.VERSION}"
MOST_AT_ONCE = 1000
LONGEST_TEXT = 2000
LONGEST_NAME = 100
LONGEST_TOPIC = 100
MOST_TOPICS = 20
CHARACTERS_READ = 5000


class AnalysisValues(TypedDict, total=False):
    """What was found in a mention; the columns of the same names."""

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
    """What the built-in analyser finds, in order. It takes time: call it beside the event loop."""
    fits: dict[int, KeywordFit] = {}
    found = []
    for text in texts:
        fit = fits.get(text.keyword_id)
        if fit is None:
            fit = fits[text.keyword_id] = KeywordFit(text.keyword)
        found.append(_analyzed(text, fit))
    return found


def _analyzed(text: MentionText, fit: KeywordFit) -> AnalysisValues:
    words = f"{text.title}. {text.content}" if text.title else text.content
    english = text.language is None or text.language.lower().split("-")[0] == "en"
    aim = intent.aim_of(words[:CHARACTERS_READ]) if english else intent.Aim(Intent.OTHER, None)
    measured = fit.of(text, aim.intent)
    values: AnalysisValues = {
        "mention_id": text.id,
        "status": AnalysisStatus.SUCCEEDED if english else AnalysisStatus.SKIPPED,
        "relevance": measured.relevance,
        "relevance_score": measured.score,
        "relevance_reason": measured.reason,
    }
    if english:
        mood = sentiment.mood_of(words)
        values |= {
            "sentiment": mood.sentiment,
            "sentiment_score": mood.score,
            "intent": aim.intent,
            "intent_score": aim.score,
        }
    return values


async def record(
    writer: Writer,
    viewer: Viewer,
    analyses: Sequence[AnalysisValues],
    analyzer: str = ANALYZER,
    version: str = VERSION,
    place: str = "analyses",
    within: Sequence[str] = ("mention_id",),
) -> Sequence[int]:
    """Writes what was found in up to a thousand mentions, in the place of what was found before, and scores their
    leads by it; for all of them or for none. Returns the mentions' ids in order. Raises `RefusedError`.

    An id stands at `place`, the number of its analysis, and `within` that.
    """
    require_some(len(analyses), most=MOST_AT_ONCE, place=place)
    by = _checked_analyzer(analyzer, version)
    rows = _checked(analyses, place)
    ids = [row["mention_id"] for row in rows]
    await lock_for_rows(writer, viewer, Mention, ids)
    recorded = await record_analyses(writer, viewer.scope, rows, by["analyzer"], by["analyzer_version"])
    require_all(ids, recorded, "mention", place, within=within)
    await score_leads_of(writer, ids, datetime.now(UTC))
    return ids


def _checked_analyzer(analyzer: str, version: str) -> dict[str, Any]:
    wrong = Validation({"analyzer": analyzer, "analyzer_version": version})
    wrong.text("analyzer", longest=LONGEST_NAME, empty=False)
    wrong.text("analyzer_version", longest=LONGEST_NAME)
    return wrong.tidied()


def _checked(analyses: Sequence[AnalysisValues], place: str) -> list[dict[str, Any]]:
    """The rows as they will be written. Raises `RefusedError` with all that is wrong with them."""
    rows: list[dict[str, Any]] = []
    errors: list[UserError] = []
    seen: set[int] = set()
    for index, values in enumerate(analyses):
        wrong = _checked_one(values, place, str(index))
        if values["mention_id"] in seen:
            wrong.refuse(UserErrorCode.INVALID, "This mention stands here twice.", "mention_id")
        seen.add(values["mention_id"])
        errors += wrong.errors
        if not errors:
            rows.append(wrong.tidied())
    if errors:
        raise RefusedError(errors)
    return rows


def _checked_one(values: AnalysisValues, *path: str) -> Validation:
    wrong = Validation(values, *path)
    wrong.not_null("status", "relevance_reason", "topics", "summary")
    wrong.between("sentiment_score", -1, 1)
    wrong.between("intent_score", 0, 1)
    wrong.between("relevance_score", 0, 100)
    wrong.text("relevance_reason", longest=LONGEST_TEXT)
    wrong.text("summary", longest=LONGEST_TEXT)
    wrong.names("error", longest=LONGEST_TEXT)
    wrong.texts("topics", most=MOST_TOPICS, longest=LONGEST_TOPIC)
    status = values.get("status", AnalysisStatus.SUCCEEDED)
    if status == AnalysisStatus.SUCCEEDED:
        for name in ("sentiment", "relevance"):
            if values.get(name) is None:
                wrong.refuse(UserErrorCode.REQUIRED, "What SUCCEEDED has found this.", name)
    if values.get("error") is not None and status != AnalysisStatus.FAILED:
        wrong.refuse(UserErrorCode.INVALID, "Only what FAILED has an error.", "error")
    return wrong


def require_possible(ids: Sequence[int]) -> None:
    """Raises `RefusedError` for no ids, and for more than possible."""
    require_some(len(ids), most=MOST_AT_ONCE, place="ids")


def require_texts(ids: Sequence[int], texts: Sequence[MentionText | None]) -> list[MentionText]:
    """The texts without repetitions, all of them there. Raises `RefusedError`."""
    found = {text.id: text for text in texts if text is not None}
    require_all(ids, found, "mention", "ids")
    return list(found.values())
