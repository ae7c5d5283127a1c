import strawberry

from resolvers import analysis as resolve
from resolvers import mention as of_mentions
from schema.enums import AnalysisStatus, Intent, Relevance, Sentiment
from schema.fields import column, resolved_by
from schema.lazy_types import MentionRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.user_error import ReplayedPayload
from services.accounts.api_key import WRITE_MENTIONS
from services.analysis.record import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TOPIC,
    MOST_AT_ONCE,
    MOST_TOPICS,
    VERSION,
)

_MENTIONS = "The mentions, in the order of their ids; empty where nothing was written."


@strawberry.input(description="What was found in a mention.")
class AnalysisInput:
    mention_id: strawberry.ID = required("Id of the mention, which has to be there.")
    status: AnalysisStatus | None = optional("How far the analysis is. SUCCEEDED by default.")
    sentiment: Sentiment | None = optional("Mood; what SUCCEEDED has one.")
    sentiment_score: float | None = optional(
        "Mood from -1 (negative) to 1 (positive), three decimals are kept."
    )
    intent: Intent | None = optional("What the author is after.")
    intent_score: float | None = optional("Certainty of the intent, 0 to 1, three decimals are kept.")
    relevance: Relevance | None = optional("Fit to the keyword; what SUCCEEDED has one.")
    relevance_score: int | None = optional("Fit to the keyword, 0 to 100.")
    relevance_reason: str | None = optional(f"Why it fits or does not, at most {LONGEST_TEXT} characters.")
    topics: list[str] | None = optional(f"Topics, at most {MOST_TOPICS} of {LONGEST_TOPIC} characters.")
    summary: str | None = optional(f"The mention in a sentence, at most {LONGEST_TEXT} characters.")
    error: str | None = optional(f"Why it failed, at most {LONGEST_TEXT} characters; only with FAILED.")


@strawberry.input(description="What an analyser of somebody's own found in many mentions.")
class RecordAnalysesInput:
    analyzer: str = required(f"Name of the analyser, 1 to {LONGEST_NAME} characters.")
    analyzer_version: str | None = optional(f"Its version, at most {LONGEST_NAME} characters.")
    analyses: list[AnalysisInput] = required(
        f"What it found, 1 to {MOST_AT_ONCE}, each of another mention. All of what was found before goes."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Which mentions to analyse.")
class AnalyzeMentionsInput:
    ids: list[strawberry.ID] = required(
        f"Ids of the mentions, 1 to {MOST_AT_ONCE}. All of them have to be there."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="What became of analyses to be recorded.")
class RecordAnalysesPayload(ReplayedPayload):
    mentions: list[MentionRef] = resolved_by(of_mentions.all_of_payload, description=_MENTIONS)
    recorded_count: int = column("How many analyses were recorded.", name="changed_count")


@strawberry.type(description="What became of mentions to be analysed.")
class AnalyzeMentionsPayload(ReplayedPayload):
    mentions: list[MentionRef] = resolved_by(of_mentions.all_of_payload, description=_MENTIONS)
    analyzed_count: int = column("How many mentions were analysed.", name="changed_count")


@strawberry.type
class AnalysisMutation:
    """Fields of the mutation root."""

    record_analyses: RecordAnalysesPayload | None = writes(
        resolve.record_analyses,
        RecordAnalysesInput,
        scope=WRITE_MENTIONS,
        description=f"Records what an analyser of somebody's own found in up to {MOST_AT_ONCE} mentions: in all of "
        "them or in none.",
    )
    analyze_mentions: AnalyzeMentionsPayload | None = writes(
        resolve.analyze_mentions,
        AnalyzeMentionsInput,
        scope=WRITE_MENTIONS,
        description=f"Analyses up to {MOST_AT_ONCE} mentions with the built-in analyser ({VERSION}): their mood by the "
        "lexicon VADER, the intent and the fit to the keyword by rules. It reads English; of a mention in another "
        "language it measures only the fit, and says SKIPPED.",
    )
