from datetime import datetime

import strawberry

from db.models import AnalysisStatus, Intent, Relevance, Sentiment
from schema.fields import column


@strawberry.type(description="Analysis of a mention by an analyzer.")
class Analysis:
    status: AnalysisStatus = column("Status of the analysis.")
    sentiment: Sentiment | None = column(
        "Sentiment of the mention. Null if not measured, and never null if `status` is SUCCEEDED."
    )
    sentiment_score: float | None = column(
        "Sentiment from -1 (negative) to 1 (positive). Null if not measured."
    )
    intent: Intent | None = column("Intent of the author. Null if unknown.")
    intent_score: float | None = column("Confidence in the intent, from 0 to 1. Null if not measured.")
    relevance: Relevance | None = column(
        "Relevance of the mention to the keyword. Null if not measured, and never null if `status` is SUCCEEDED."
    )
    relevance_score: int | None = column(
        "Relevance of the mention to the keyword, from 0 to 100. Null if not measured."
    )
    relevance_reason: str = column("Explanation of the relevance. Empty string if there is no explanation.")
    topics: list[str] = column("Topics of the mention.")
    summary: str = column("Summary of the mention in one sentence. Empty string if there is no summary.")
    analyzer: str = column("Name of the analyzer.")
    analyzer_version: str = column("Version of the analyzer. Empty string if not set.")
    error: str | None = column("Reason for the failure. Null unless `status` is FAILED.")
    analyzed_at: datetime | None = column("Time when the analysis ended. Null if the analysis has not ended.")
