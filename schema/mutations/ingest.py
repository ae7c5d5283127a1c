from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry

from db import models
from db.models import MentionKind, Platform
from resolvers import ingest as resolve
from resolvers.ingest import MOST_AT_ONCE, IngestPayload
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef, MentionRef
from schema.list_size import Fixed
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload
from services.accounts.api_key import WRITE_MENTIONS
from services.analysis.record import VERSION
from services.ingest.row_errors import IngestErrorCode
from services.ingest.write import ErrorPolicy, IngestOutcome

describe(
    ErrorPolicy,
    "Policy for valid items of a batch with invalid items.",
    reject_all="No item is ingested if any item is invalid.",
    reject_failed_rows="Valid items are ingested and invalid items are rejected.",
)
describe(
    IngestOutcome,
    "Outcome of ingesting an item.",
    created="At least one new mention was created from the item.",
    duplicate="All mentions of the item already existed and were not changed.",
    unmatched="The item names no keyword and contains no active keyword of the viewer.",
    failed="Nothing was ingested from the item. The errors give the reasons.",
)
describe(
    IngestErrorCode,
    "Reason why an item was not ingested.",
    bad_line="The line is not a JSON object. Occurs only in streams.",
    unknown_field="The item has a field with an unknown name. Occurs only in streams.",
    required="A required value is missing, null or empty.",
    invalid="The value is not allowed. The message explains why.",
    too_long="A string is longer than allowed.",
    not_found="The object does not exist or does not belong to the viewer.",
    inactive="The keyword is paused or archived.",
    rejected="The item is valid and was rejected because other items are invalid.",
)


@strawberry.input(description="A post to ingest, with a given keyword or to be searched for keywords.")
class IngestMentionInput:
    platform: Platform = required("Platform of the publication.")
    external_id: str = required("ID of the publication on the platform, 1 to 500 characters.")
    url: str = required("URL of the publication with the scheme http or https, at most 2,000 characters.")
    keyword_id: strawberry.ID | None = optional(
        "Global ID of the keyword that the post mentions. The keyword must be active. Without an ID, the post becomes a "
        "mention of each active keyword of the viewer that the title or text matches."
    )
    kind: MentionKind | None = optional("Kind of publication. Defaults to POST.")
    title: str | None = optional("Title of the publication, at most 1,000 characters.")
    content: str | None = optional(
        "Text of the publication, at most 20,000 characters. Defaults to the title. Required if `title` is not given."
    )
    author: str | None = optional("Name of the author on the platform, at most 200 characters.")
    language: str | None = optional("Language tag of the text (BCP 47), such as `en`, at most 35 characters.")
    likes: int | None = optional("Number of likes, points or votes so far, 0 or more.")
    comments: int | None = optional("Number of comments so far, 0 or more.")
    published_at: datetime | None = optional("Time of publication, from the year 1970 to the year 2999.")
    integration_id: strawberry.ID | None = optional("Global ID of the integration that delivers the post.")


@strawberry.input(description="Input for ingesting posts as mentions.")
class IngestMentionsInput:
    items: list[IngestMentionInput] = required(f"1 to {MOST_AT_ONCE:,} posts to ingest.")
    on_error: ErrorPolicy | None = optional(
        "Policy for valid items if other items are invalid. Defaults to REJECT_FAILED_ROWS."
    )
    analyze: bool | None = optional(
        f"Whether to analyze new mentions with the built-in analyzer ({VERSION}) in the same transaction, as "
        "`analyzeMentions` does. The `autoLeadScore` of a keyword may then make leads of them. Defaults to false."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="An error in an item.")
class IngestError:
    code: IngestErrorCode = column("Code of the error.")
    message: str = column("Description of the error in English, for a person.")
    path: list[str] = column("Path to the invalid value, such as `input`, `items`, `3`, `url`.")


@strawberry.type(description="A mention of an item, created by the call or existing before.")
class IngestedMention:
    mention_id: strawberry.ID = encoded(models.Mention, "Global ID of the mention.", name="id")
    created: bool = column("Whether the mention is new. False if the mention already existed.")
    mention: MentionRef | None = resolved_by(
        resolve.mention, description="The mention. Null if the mention has been deleted since."
    )
    keyword: KeywordRef | None = resolved_by(
        resolve.keyword, description="Keyword of the mention. Null if the keyword has been deleted since."
    )


@strawberry.type(description="Result of ingesting an item.")
class IngestResult:
    outcome: IngestOutcome = column("Outcome of ingesting the item.")
    mentions: list[IngestedMention] = column(
        "Mentions of the item: one for the given keyword, or one for each keyword that the item contains."
    )
    errors: list[IngestError] = column(
        "Errors in the item. Empty if the item was ingested, a duplicate or unmatched."
    )


def _count(outcome: IngestOutcome, description: str) -> Any:
    def count(payload: IngestPayload) -> int:
        return payload.count(outcome)

    of: Callable[[Any], Any] = count
    return column(description, of=of)


@strawberry.type(description="Result of ingesting posts.")
class IngestMentionsPayload(Payload):
    created_count: int = _count(IngestOutcome.CREATED, "Number of items with the outcome CREATED.")
    duplicate_count: int = _count(IngestOutcome.DUPLICATE, "Number of items with the outcome DUPLICATE.")
    unmatched_count: int = _count(IngestOutcome.UNMATCHED, "Number of items with the outcome UNMATCHED.")
    failed_count: int = _count(IngestOutcome.FAILED, "Number of items with the outcome FAILED.")
    results: list[IngestResult] = column(
        "Result of each item, in the order of the items.", size=Fixed(MOST_AT_ONCE)
    )


@strawberry.type
class IngestMutation:
    """Fields of the mutation root."""

    ingest_mentions: IngestMentionsPayload | None = writes(
        resolve.ingest_mentions,
        IngestMentionsInput,
        scope=WRITE_MENTIONS,
        description=f"Ingests up to {MOST_AT_ONCE:,} posts for the viewer. A post that is sent repeatedly is stored once. "
        "`POST /ingest/mentions` ingests streams of any length.",
    )
