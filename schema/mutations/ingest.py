from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry

from db import models
from resolvers import ingest as resolve
from resolvers.ingest import MOST_AT_ONCE, IngestPayload
from schema.enums import MentionKind, Platform, describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef, MentionRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.node import encoded
from schema.user_error import ReplayedPayload
from services.accounts.api_key import WRITE_MENTIONS
from services.analysis.record import VERSION
from services.ingest.row import IngestErrorCode
from services.ingest.write import ErrorPolicy, IngestOutcome

describe(
    ErrorPolicy,
    "What to do with items that are right when others are not.",
    reject_all="Nothing is taken in.",
    reject_failed_rows="They are taken in, without those that are not right.",
)
describe(
    IngestOutcome,
    "What became of an item.",
    created="It is there now. Of an item without a keyword, at least one mention is new.",
    duplicate="All of it was there before; nothing of that was changed.",
    unmatched="It has no keyword and contains none.",
    failed="Nothing of it was taken in: the errors say why.",
)
describe(
    IngestErrorCode,
    "Why an item was not taken in.",
    bad_line="The line is no JSON object. Only in streams.",
    unknown_field="There is no field of this name. Only in streams.",
    required="A value is missing, null or empty where there has to be one.",
    invalid="The value is none that can be here; the message says why.",
    too_long="A text is longer than possible.",
    not_found="There is no such thing, or none of the viewer's.",
    inactive="The keyword is paused or archived.",
    rejected="Nothing is wrong with this item: it was rejected because others failed.",
)


@strawberry.input(description="A post that mentions a keyword, or is to be searched for keywords.")
class IngestMentionInput:
    platform: Platform = required("Where it was published.")
    external_id: str = required("The platform's own id of it, 1 to 500 characters.")
    url: str = required("Address of the publication: http or https, at most 2 000 characters.")
    keyword_id: strawberry.ID | None = optional(
        "The keyword that it mentions, which has to be active. Without one it becomes a mention of each active "
        "keyword of the viewer that its title or text contains."
    )
    kind: MentionKind | None = optional("What sort of publication it is; POST by default.")
    title: str | None = optional("Title, at most 1 000 characters.")
    content: str | None = optional(
        "Text as published, at most 20 000 characters; the title by default. One of the two is needed."
    )
    author: str | None = optional("Name that the author goes by, at most 200 characters.")
    language: str | None = optional("Language tag such as `en`, at most 35 characters.")
    likes: int | None = optional("Likes, points or votes so far.")
    comments: int | None = optional("Number of comments so far.")
    published_at: datetime | None = optional("When it was published, between the years 1970 and 2999.")
    integration_id: strawberry.ID | None = optional("The integration that found it.")


@strawberry.input(description="Posts to take in.")
class IngestMentionsInput:
    items: list[IngestMentionInput] = required(f"The posts, 1 to {MOST_AT_ONCE}.")
    on_error: ErrorPolicy | None = optional(
        "What to do with items that are right when others are not; REJECT_FAILED_ROWS by default."
    )
    analyze: bool | None = optional(
        f"Whether to analyse what is new with the built-in analyser ({VERSION}), as `analyzeMentions` does, in the "
        "same transaction; false by default."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Something that is wrong with an item.")
class IngestError:
    code: IngestErrorCode = column("What kind of error it is.")
    message: str = column("What is wrong, in English, for a person.")
    path: list[str] = column("Where the value stands, such as `input`, `items`, `3`, `url`.")


@strawberry.type(description="A mention that an item has become, or was before.")
class IngestedMention:
    mention_id: strawberry.ID = encoded(models.Mention, "The mention's id.", name="id")
    created: bool = column("Whether it is new: false where it was there before.")
    mention: MentionRef | None = resolved_by(
        resolve.mention, description="The mention; null where it has been deleted meanwhile."
    )
    keyword: KeywordRef | None = resolved_by(
        resolve.keyword, description="Its keyword; null where it has been deleted meanwhile."
    )


@strawberry.type(description="What became of an item.")
class IngestResult:
    outcome: IngestOutcome = column("What became of it.")
    mentions: list[IngestedMention] = column(
        "Its mentions: one of the keyword that it names, or one of each keyword that it contains."
    )
    errors: list[IngestError] = column("What is wrong with it; empty where nothing is.")


def _count(outcome: IngestOutcome, description: str) -> Any:
    def count(payload: IngestPayload) -> int:
        return payload.count(outcome)

    of: Callable[[Any], Any] = count
    return column(description, of=of)


@strawberry.type(description="What became of posts to be taken in.")
class IngestMentionsPayload(ReplayedPayload):
    created_count: int = _count(IngestOutcome.CREATED, "How many items are CREATED.")
    duplicate_count: int = _count(IngestOutcome.DUPLICATE, "How many items are DUPLICATE.")
    unmatched_count: int = _count(IngestOutcome.UNMATCHED, "How many items are UNMATCHED.")
    failed_count: int = _count(IngestOutcome.FAILED, "How many items are FAILED.")
    results: list[IngestResult] = column("What became of each item, in their order.")


@strawberry.type
class IngestMutation:
    """Fields of the mutation root."""

    ingest_mentions: IngestMentionsPayload | None = writes(
        resolve.ingest_mentions,
        IngestMentionsInput,
        scope=WRITE_MENTIONS,
        description=f"Takes up to {MOST_AT_ONCE} posts in for the viewer, each once however often it is sent. "
        "`POST /ingest/mentions` does the same with streams of any length.",
    )
