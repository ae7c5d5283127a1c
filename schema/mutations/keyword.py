from typing import Any

import strawberry

from db import models
from resolvers import keyword as resolve
from schema.enums import MatchType, Platform
from schema.fields import SetWise, column
from schema.lazy_types import KeywordRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.node import encoded
from schema.user_error import Payload, ReplayedPayload
from services.accounts.api_key import WRITE_KEYWORDS
from services.keyword import LONGEST_KEYWORD, LONGEST_TERM, MOST_TERMS
from services.rules.large_deletes import MOST_AT_ONCE

_WORDS = f"The words, 1 to {LONGEST_KEYWORD} characters; white space around them goes."
_MATCH_TYPE = "How a post has to contain the words."
_REQUIRED = f"Terms that a post has to contain as well, at most {MOST_TERMS} of {LONGEST_TERM} characters."
_EXCLUDED = f"Terms that a post must not contain, at most {MOST_TERMS} of {LONGEST_TERM} characters."
_PLATFORMS = "Where to watch; empty for everywhere."
_KEYWORD = "The keyword as it is now; null where nothing was written."


@strawberry.input(description="A keyword to be created. It is active at once.")
class CreateKeywordInput:
    keyword: str = required(_WORDS)
    match_type: MatchType | None = optional(f"{_MATCH_TYPE} PHRASE by default.")
    required_terms: list[str] | None = optional(f"{_REQUIRED} None by default.")
    excluded_terms: list[str] | None = optional(f"{_EXCLUDED} None by default.")
    platforms: list[Platform] | None = optional(f"{_PLATFORMS} Everywhere by default.")
    user_id: strawberry.ID | None = optional(
        "Whose keyword it will be. The viewer's, by default; only operators may name others."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="What to change about a keyword. What is left out stays; nothing can be null.")
class UpdateKeywordInput:
    id: strawberry.ID = required("Id of the keyword.")
    keyword: str | None = optional(_WORDS)
    match_type: MatchType | None = optional(_MATCH_TYPE)
    required_terms: list[str] | None = optional(_REQUIRED)
    excluded_terms: list[str] | None = optional(_EXCLUDED)
    platforms: list[Platform] | None = optional(_PLATFORMS)


@strawberry.input(description="Which keyword to pause.")
class PauseKeywordInput:
    id: strawberry.ID = required("Id of the keyword.")


@strawberry.input(description="Which keyword to resume.")
class ResumeKeywordInput:
    id: strawberry.ID = required("Id of the keyword.")


@strawberry.input(description="Which keyword to archive.")
class ArchiveKeywordInput:
    id: strawberry.ID = required("Id of the keyword.")


@strawberry.input(description="Which keyword to delete.")
class DeleteKeywordInput:
    id: strawberry.ID = required("Id of the keyword.")


@strawberry.type(description="What became of a keyword to be created.")
class CreateKeywordPayload(ReplayedPayload):
    keyword: KeywordRef | None = column("The new keyword; null where none was created.")


@strawberry.type(description="What became of a keyword's change.")
class UpdateKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="What became of a keyword to be paused.")
class PauseKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="What became of a keyword to be resumed.")
class ResumeKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="What became of a keyword to be archived.")
class ArchiveKeywordPayload(Payload):
    keyword: KeywordRef | None = column(_KEYWORD)


@strawberry.type(description="What became of a keyword to be deleted.")
class DeleteKeywordPayload(Payload):
    deleted_keyword_id: strawberry.ID | None = encoded(
        models.Keyword, "The id that the keyword had; null where none was deleted.", name="deleted_id"
    )


def _field(resolver: SetWise, given: type[Any], description: str) -> Any:
    return writes(resolver, given, scope=WRITE_KEYWORDS, description=description)


@strawberry.type
class KeywordMutation:
    """Fields of the mutation root."""

    create_keyword: CreateKeywordPayload | None = _field(
        resolve.create_keyword, CreateKeywordInput, "Watches for a keyword."
    )
    update_keyword: UpdateKeywordPayload | None = _field(
        resolve.update_keyword,
        UpdateKeywordInput,
        "Changes a keyword. What was found by it so far stays found.",
    )
    pause_keyword: PauseKeywordPayload | None = _field(
        resolve.pause_keyword,
        PauseKeywordInput,
        "Stops watching for an active keyword, for the time being. One that is paused stays so.",
    )
    resume_keyword: ResumeKeywordPayload | None = _field(
        resolve.resume_keyword,
        ResumeKeywordInput,
        "Watches again for a keyword that was paused or archived. One that is active stays so.",
    )
    archive_keyword: ArchiveKeywordPayload | None = _field(
        resolve.archive_keyword,
        ArchiveKeywordInput,
        "Stops watching for a keyword for good and keeps what was found.",
    )
    delete_keyword: DeleteKeywordPayload | None = _field(
        resolve.delete_keyword,
        DeleteKeywordInput,
        "Deletes a keyword with its mentions and the leads made of them. One with more than "
        f"{MOST_AT_ONCE} mentions is archived first and loses them so many at a time: a call that breaks off leaves "
        "what is left of it, and another one goes on.",
    )
