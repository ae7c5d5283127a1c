from functools import partial
from typing import Any

import strawberry

from db import models
from db.models import MatchType, Platform
from resolvers import keyword as resolve
from schema.fields import column, resolved_by
from schema.keyword import AUTO_LEAD_SCORE
from schema.lazy_types import KeywordRef, UserRef
from schema.mutations.field import id_input, idempotency_key, nullable, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload
from services.accounts.api_key import WRITE_KEYWORDS
from services.keyword import LONGEST_KEYWORD, LONGEST_TERM, MOST_TERMS
from services.rules.large_deletes import MOST_AT_ONCE

_ID = "Global ID of the keyword."
_WORDS = f"Words to watch for, 1 to {LONGEST_KEYWORD} characters. Surrounding white space is removed."
_MATCH_TYPE = "Rule by which a post must contain the words."
_REQUIRED = (
    f"Terms that a post must all contain in addition to the words: at most {MOST_TERMS} terms of at most "
    f"{LONGEST_TERM} characters."
)
_EXCLUDED = (
    f"Terms that must not occur in a post: at most {MOST_TERMS} terms of at most {LONGEST_TERM} characters."
)
_PLATFORMS = "Platforms to watch. Empty for all platforms."
_KEYWORD = "The keyword after the mutation. Null if nothing was written."
_PAUSED = "The keyword after the mutation. After INVALID_TRANSITION, the current keyword. Null after any other error."


@strawberry.input(description="Input for creating a keyword. The new keyword is ACTIVE.")
class CreateKeywordInput:
    keyword: str = required(_WORDS)
    match_type: MatchType | None = optional(f"{_MATCH_TYPE} Defaults to PHRASE.")
    required_terms: list[str] | None = optional(f"{_REQUIRED} Defaults to an empty list.")
    excluded_terms: list[str] | None = optional(f"{_EXCLUDED} Defaults to an empty list.")
    platforms: list[Platform] | None = optional(f"{_PLATFORMS} Defaults to an empty list.")
    auto_lead_score: int | None = optional(f"{AUTO_LEAD_SCORE} Off by default.")
    user_id: strawberry.ID | None = optional(
        "Global ID of the user who will own the keyword. Defaults to the viewer. Only operators may name another user."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(
    description="Input for changing a keyword. Omitted fields stay unchanged. Null is allowed only for `autoLeadScore`."
)
class UpdateKeywordInput:
    id: strawberry.ID = required(_ID)
    keyword: str | None = nullable(_WORDS)
    match_type: MatchType | None = nullable(_MATCH_TYPE)
    required_terms: list[str] | None = nullable(_REQUIRED)
    excluded_terms: list[str] | None = nullable(_EXCLUDED)
    platforms: list[Platform] | None = nullable(_PLATFORMS)
    auto_lead_score: int | None = nullable(f"{AUTO_LEAD_SCORE} Null turns the rule off.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of creating a keyword.")
class CreateKeywordPayload(Payload):
    keyword: KeywordRef | None = column("The new keyword. Null if nothing was written.")


@strawberry.type(description="Result of changing a keyword.")
class UpdateKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="Result of pausing a keyword.")
class PauseKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_PAUSED)


@strawberry.type(description="Result of resuming a keyword.")
class ResumeKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="Result of archiving a keyword.")
class ArchiveKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="Result of deleting a keyword.")
class DeleteKeywordPayload(Payload):
    deleted_keyword_id: strawberry.ID | None = encoded(
        models.Keyword, "Global ID of the deleted keyword. Null if nothing was deleted.", name="deleted_id"
    )
    user: UserRef | None = resolved_by(
        resolve.user_of_payload,
        description="User who owned the keyword, with the counters after the mutation. Null if nothing was deleted.",
    )


_field: Any = partial(writes, scope=WRITE_KEYWORDS)


@strawberry.type
class KeywordMutation:
    """Fields of the mutation root."""

    create_keyword: CreateKeywordPayload | None = _field(
        resolve.create_keyword,
        CreateKeywordInput,
        "Creates a keyword. New posts are matched against the keyword from then on.",
    )
    update_keyword: UpdateKeywordPayload | None = _field(
        resolve.update_keyword,
        UpdateKeywordInput,
        "Changes a keyword. Existing mentions of the keyword are kept.",
    )
    pause_keyword: PauseKeywordPayload | None = _field(
        resolve.pause_keyword,
        id_input("PauseKeywordInput", "Input for pausing a keyword.", _ID),
        "Pauses an active keyword. A paused keyword stays paused. An archived keyword cannot be paused.",
    )
    resume_keyword: ResumeKeywordPayload | None = _field(
        resolve.resume_keyword,
        id_input("ResumeKeywordInput", "Input for resuming a keyword.", _ID),
        "Resumes a paused or archived keyword. An active keyword stays active.",
    )
    archive_keyword: ArchiveKeywordPayload | None = _field(
        resolve.archive_keyword,
        id_input("ArchiveKeywordInput", "Input for archiving a keyword.", _ID),
        "Archives a keyword and keeps its mentions and leads.",
    )
    delete_keyword: DeleteKeywordPayload | None = _field(
        resolve.delete_keyword,
        id_input("DeleteKeywordInput", "Input for deleting a keyword.", _ID),
        "Deletes a keyword with its mentions and their leads. A keyword with more than "
        f"{MOST_AT_ONCE:,} mentions is archived first and then emptied in batches. If the call is interrupted, the keyword "
        "stays with the remaining mentions, and another call continues. The deleted mentions and leads no longer count in "
        "any figure, past windows included. Archive the keyword to keep them counted.",
    )
