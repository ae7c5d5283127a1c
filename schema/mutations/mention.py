import strawberry

from db.models import DismissReason
from resolvers import mention as resolve
from schema.fields import column, resolved_by
from schema.lazy_types import MentionRef
from schema.list_size import Fixed
from schema.mutations.field import idempotency_key, nullable, required, writes
from schema.user_error import Payload
from services.accounts.api_key import WRITE_MENTIONS
from services.mention import MOST_AT_ONCE

_READ = "True marks the mention as read, false as unread. Null is not allowed."
_STARRED = "True stars the mention, false removes the star. Null is not allowed."
_DISMISSED = (
    "True dismisses the mention and also marks the mention as read, unless `read` is given. False reverses the "
    "dismissal and removes the reason. Null is not allowed."
)
_REASON = "Reason for the dismissal. Allowed only with `dismissed: true`. Null removes the reason."
_ENGAGED = (
    "True records that the user has engaged with the author and also marks the mention as read, unless `read` is "
    "given. False removes the record. Null is not allowed."
)


@strawberry.input(
    description="Input for the triage of a mention. Omitted fields stay unchanged. Existing marks keep their time."
)
class TriageMentionInput:
    id: strawberry.ID = required("Global ID of the mention.")
    read: bool | None = nullable(_READ)
    starred: bool | None = nullable(_STARRED)
    dismissed: bool | None = nullable(_DISMISSED)
    dismiss_reason: DismissReason | None = nullable(_REASON)
    engaged: bool | None = nullable(_ENGAGED)
    idempotency_key: str | None = idempotency_key()


@strawberry.input(
    description="Input for the triage of many mentions. Omitted fields stay unchanged. Existing marks keep their time."
)
class TriageMentionsInput:
    ids: list[strawberry.ID] = required(
        f"Global IDs of 1 to {MOST_AT_ONCE:,} mentions. All mentions must exist."
    )
    read: bool | None = nullable(_READ)
    starred: bool | None = nullable(_STARRED)
    dismissed: bool | None = nullable(_DISMISSED)
    dismiss_reason: DismissReason | None = nullable(_REASON)
    engaged: bool | None = nullable(_ENGAGED)
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of the triage of a mention.")
class TriageMentionPayload(Payload):
    mention: MentionRef | None = resolved_by(
        resolve.of_payload, description="The mention after the mutation. Null if the mutation failed."
    )


@strawberry.type(description="Result of the triage of many mentions.")
class TriageMentionsPayload(Payload):
    mentions: list[MentionRef] = resolved_by(
        resolve.all_of_payload,
        description="The mentions after the mutation, in the order of the IDs. Empty if the mutation failed.",
        size=Fixed(MOST_AT_ONCE),
    )
    changed_count: int = column("Number of mentions that the mutation changed.")


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
        description=f"Marks up to {MOST_AT_ONCE:,} mentions as read, starred, dismissed or engaged with. Changes all of the "
        "mentions or none.",
    )
