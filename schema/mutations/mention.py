import strawberry

from resolvers import mention as resolve
from schema.enums import DismissReason
from schema.fields import column, resolved_by
from schema.lazy_types import MentionRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.user_error import Payload, ReplayedPayload
from services.accounts.api_key import WRITE_MENTIONS
from services.mention import MOST_AT_ONCE

_READ = "True marks it as read, false as unread."
_STARRED = "True stars it, false takes the star away."
_DISMISSED = "True dismisses it, which also marks it as read; false takes that back, and its reason with it."
_REASON = "Why it is dismissed, only together with `dismissed: true`. Null says that nobody knows."
_ENGAGED = (
    "True says that its user has engaged with the author, which also marks it as read; false takes that back."
)


@strawberry.input(description="What to make of a mention. What is left out stays; a mark keeps its moment.")
class TriageMentionInput:
    id: strawberry.ID = required("Id of the mention.")
    read: bool | None = optional(_READ)
    starred: bool | None = optional(_STARRED)
    dismissed: bool | None = optional(_DISMISSED)
    dismiss_reason: DismissReason | None = optional(_REASON)
    engaged: bool | None = optional(_ENGAGED)


@strawberry.input(
    description="What to make of many mentions. What is left out stays; a mark keeps its moment."
)
class TriageMentionsInput:
    ids: list[strawberry.ID] = required(
        f"Ids of the mentions, 1 to {MOST_AT_ONCE}. All of them have to be there."
    )
    read: bool | None = optional(_READ)
    starred: bool | None = optional(_STARRED)
    dismissed: bool | None = optional(_DISMISSED)
    dismiss_reason: DismissReason | None = optional(_REASON)
    engaged: bool | None = optional(_ENGAGED)
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="What became of a mention's triage.")
class TriageMentionPayload(Payload):
    mention: MentionRef | None = resolved_by(
        resolve.of_payload, description="The mention as it is now; null where nothing was written."
    )


@strawberry.type(description="What became of the triage of many mentions.")
class TriageMentionsPayload(ReplayedPayload):
    mentions: list[MentionRef] = resolved_by(
        resolve.all_of_payload,
        description="The mentions as they are now, in the order of the ids; empty where nothing was written.",
    )
    changed_count: int = column("How many of them were not so before.")


@strawberry.type
class MentionMutation:
    """Fields of the mutation root."""

    triage_mention: TriageMentionPayload | None = writes(
        resolve.triage_mention,
        TriageMentionInput,
        scope=WRITE_MENTIONS,
        description="Marks a mention as read, starred, dismissed or engaged with.",
    )
    triage_mentions: TriageMentionsPayload | None = writes(
        resolve.triage_mentions,
        TriageMentionsInput,
        scope=WRITE_MENTIONS,
        description=f"The same for up to {MOST_AT_ONCE} mentions at once: for all of them or for none.",
    )
