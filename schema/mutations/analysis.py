import strawberry

from db.models import AnalysisStatus, Intent, Relevance, Sentiment
from resolvers import analysis as resolve
from resolvers import mention as of_mentions
from schema.fields import column, resolved_by
from schema.lazy_types import MentionRef
from schema.list_size import Fixed
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.user_error import Payload
from services.accounts.api_key import WRITE_MENTIONS
from services.analysis.record import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TOPIC,
    MOST_AT_ONCE,
    MOST_TOPICS,
    VERSION,
)

_LEADS = "Scores the leads of the mentions, and makes leads by the `autoLeadScore` of the keywords."
_MENTIONS = "The mentions, in the order of the IDs. Empty if nothing was written."


@strawberry.input(description="Analysis of a mention by an external analyzer.")
class AnalysisInput:
    mention_id: strawberry.ID = required("Global ID of the mention. The mention must exist.")
    status: AnalysisStatus | None = optional("Status of the analysis. Defaults to SUCCEEDED.")
    sentiment: Sentiment | None = optional("Sentiment of the mention. Required when `status` is SUCCEEDED.")
    sentiment_score: float | None = optional(
        "Sentiment from -1 (negative) to 1 (positive), stored with three decimals."
    )
    intent: Intent | None = optional("Intent of the author.")
    intent_score: float | None = optional(
        "Confidence in the intent, from 0 to 1, stored with three decimals."
    )
    relevance: Relevance | None = optional(
        "Relevance of the mention to the keyword. Required when `status` is SUCCEEDED."
    )
    relevance_score: int | None = optional("Relevance of the mention to the keyword, from 0 to 100.")
    relevance_reason: str | None = optional(
        f"Explanation of the relevance, at most {LONGEST_TEXT:,} characters."
    )
    topics: list[str] | None = optional(
        f"Topics of the mention: at most {MOST_TOPICS} topics of at most {LONGEST_TOPIC} characters."
    )
    summary: str | None = optional(
        f"Summary of the mention in one sentence, at most {LONGEST_TEXT:,} characters."
    )
    error: str | None = optional(
        f"Reason for the failure, at most {LONGEST_TEXT:,} characters. Allowed only with status FAILED."
    )


@strawberry.input(description="Input for recording analyses by an external analyzer.")
class RecordAnalysesInput:
    analyzer: str = required(f"Name of the analyzer, 1 to {LONGEST_NAME} characters.")
    analyzer_version: str | None = optional(f"Version of the analyzer, at most {LONGEST_NAME} characters.")
    analyses: list[AnalysisInput] = required(
        f"1 to {MOST_AT_ONCE:,} analyses, each of a different mention. Each analysis replaces the previous analysis of the "
        "mention."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for analyzing mentions with the built-in analyzer.")
class AnalyzeMentionsInput:
    ids: list[strawberry.ID] = required(
        f"Global IDs of 1 to {MOST_AT_ONCE:,} mentions. All mentions must exist."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of recording analyses.")
class RecordAnalysesPayload(Payload):
    mentions: list[MentionRef] = resolved_by(
        of_mentions.all_of_payload, description=_MENTIONS, size=Fixed(MOST_AT_ONCE)
    )
    recorded_count: int = column("Number of analyses that were recorded.", name="changed_count")


@strawberry.type(description="Result of analyzing mentions.")
class AnalyzeMentionsPayload(Payload):
    mentions: list[MentionRef] = resolved_by(
        of_mentions.all_of_payload, description=_MENTIONS, size=Fixed(MOST_AT_ONCE)
    )
    analyzed_count: int = column("Number of mentions that were analyzed.", name="changed_count")


@strawberry.type
class AnalysisMutation:
    """Fields of the mutation root."""

    record_analyses: RecordAnalysesPayload | None = writes(
        resolve.record_analyses,
        RecordAnalysesInput,
        scope=WRITE_MENTIONS,
        description=f"Records analyses of up to {MOST_AT_ONCE:,} mentions by an external analyzer. Records all of the "
        f"analyses or none. {_LEADS}",
    )
    analyze_mentions: AnalyzeMentionsPayload | None = writes(
        resolve.analyze_mentions,
        AnalyzeMentionsInput,
        scope=WRITE_MENTIONS,
        description=f"Analyzes up to {MOST_AT_ONCE:,} mentions with the built-in analyzer ({VERSION}). Sentiment is measured "
        "with the VADER lexicon, intent and relevance by rules. Only English is supported. For a mention in another "
        f"language, only the relevance is measured and the status is SKIPPED. {_LEADS}",
    )
