from datetime import datetime

import strawberry

from schema.enums import AnalysisStatus, Intent, Relevance, Sentiment
from schema.fields import column


@strawberry.type(description="What an analyser found in a mention.")
class Analysis:
    status: AnalysisStatus = column("How far the analysis is.")
    sentiment: Sentiment | None = column("Mood; null unless the status is SUCCEEDED.")
    sentiment_score: float | None = column(
        "Mood from -1 (negative) to 1 (positive); null where not measured."
    )
    intent: Intent | None = column("What the author is after; null where it is not known.")
    intent_score: float | None = column("Certainty of the intent, 0 to 1; null where not measured.")
    relevance: Relevance | None = column("Fit to the keyword; null unless the status is SUCCEEDED.")
    relevance_score: int | None = column("Fit to the keyword, 0 to 100; null where not measured.")
    relevance_reason: str = column("Why it fits or does not, or an empty text.")
    topics: list[str] = column("Topics of the mention.")
    summary: str = column("The mention in a sentence, or an empty text.")
    analyzer: str = column("Name of the analyser.")
    analyzer_version: str = column("Version of the analyser.")
    error: str | None = column("Why the analysis failed; null unless the status is FAILED.")
    analyzed_at: datetime | None = column("When the analysis ended; null while it has not.")
