"""The filters of lists, as clients write them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from schema.enums import (
    DismissReason,
    ExportEntity,
    ExportFormat,
    ExportStatus,
    IntegrationKind,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationProvider,
    IntegrationStatus,
    Intent,
    KeywordStatus,
    LeadEventType,
    LeadOrigin,
    LeadStatus,
    MatchType,
    MentionKind,
    Platform,
    Relevance,
    Sentiment,
    UserRole,
)

Item = TypeVar("Item")


def optional(description: str, *, name: str | None = None) -> Any:
    return strawberry.field(name=name, default=strawberry.UNSET, description=description)


@strawberry.input(description="Conditions on a value. All given conditions must hold.")
class Comparison(Generic[Item]):
    eq: Item | None = optional("Equals the given value.")
    in_: list[Item] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[Item] | None = optional("Equals none of these values (at most 250). Also matches null.")
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a value. All given conditions must hold.")
class OrderedComparison(Generic[Item]):
    eq: Item | None = optional("Equals the given value.")
    gt: Item | None = optional("Is greater than this value.")
    gte: Item | None = optional("Is greater than or equal to this value.")
    lt: Item | None = optional("Is less than this value.")
    lte: Item | None = optional("Is less than or equal to this value.")
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a number. All given conditions must hold.")
class IntComparison(OrderedComparison[int]):
    pass


@strawberry.input(description="Conditions on a number. All given conditions must hold.")
class DecimalComparison(OrderedComparison[Decimal]):
    pass


@strawberry.input(description="Conditions on a time, where later is greater. All given conditions must hold.")
class DateTimeComparison(OrderedComparison[datetime]):
    pass


@strawberry.input(description="Conditions on a global ID. All given conditions must hold.")
class IdComparison:
    eq: strawberry.ID | None = optional("Equals the given value.")
    in_: list[strawberry.ID] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[strawberry.ID] | None = optional(
        "Equals none of these values (at most 250). Also matches null."
    )


@strawberry.input(description="Conditions on a string. All given conditions must hold.")
class TextComparison:
    eq: str | None = optional("Equals this string, including case (at most 500 characters).")
    in_: list[str] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[str] | None = optional("Equals none of these values (at most 250). Also matches null.")
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a string that is never null. All given conditions must hold.")
class NameComparison:
    eq: str | None = optional("Equals this string, including case (at most 500 characters).")
    in_: list[str] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[str] | None = optional("Equals none of these values (at most 250). Also matches null.")
    contains: str | None = optional("Contains this string, regardless of case (at most 500 characters).")


ALL_OF = "All of these filters must match (at most 250)."
ANY_OF = "At least one of these filters must match (at most 250). An empty list matches no rows."
NOT = "This filter must not match. Conditions on null count as not met."


@strawberry.input(description="Filter for users. All given conditions must hold.")
class UserFilter:
    and_: list["UserFilter"] | None = optional(ALL_OF, name="and")
    or_: list["UserFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["UserFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    email: NameComparison | None = optional("Filters users by email address.")
    role: Comparison[UserRole] | None = optional("Filters users by role.")
    created_at: DateTimeComparison | None = optional("Filters users by time of creation.")


@strawberry.input(description="Filter for keywords. All given conditions must hold.")
class KeywordFilter:
    and_: list["KeywordFilter"] | None = optional(ALL_OF, name="and")
    or_: list["KeywordFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["KeywordFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    keyword: NameComparison | None = optional("Filters keywords by the words to watch for.")
    status: Comparison[KeywordStatus] | None = optional("Filters keywords by status.")
    match_type: Comparison[MatchType] | None = optional("Filters keywords by match type.")
    mentions_count: IntComparison | None = optional("Filters keywords by number of mentions.")
    leads_count: IntComparison | None = optional("Filters keywords by number of leads.")
    created_at: DateTimeComparison | None = optional("Filters keywords by time of creation.")


@strawberry.input(description="Filter for mentions. All given conditions must hold.")
class MentionFilter:
    and_: list["MentionFilter"] | None = optional(ALL_OF, name="and")
    or_: list["MentionFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["MentionFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    search: str | None = optional(
        "Filters mentions by a full-text search in title and text, for whole words and regardless of case. "
        '`crm "sales team" -jobs` requires a word and a phrase, and excludes a word. `crm or invoicing` requires one '
        "of two words. At most 500 characters."
    )
    keyword_id: IdComparison | None = optional("Filters mentions by the ID of the keyword.")
    integration_id: IdComparison | None = optional(
        "Filters mentions by the ID of the integration that delivered the mention."
    )
    platform: Comparison[Platform] | None = optional("Filters mentions by platform.")
    kind: Comparison[MentionKind] | None = optional("Filters mentions by kind of publication.")
    author: TextComparison | None = optional("Filters mentions by name of the author.")
    language: TextComparison | None = optional("Filters mentions by language tag, such as `en`.")
    likes: IntComparison | None = optional("Filters mentions by number of likes.")
    comments: IntComparison | None = optional("Filters mentions by number of comments.")
    published_at: DateTimeComparison | None = optional("Filters mentions by time of publication.")
    created_at: DateTimeComparison | None = optional("Filters mentions by time of ingestion.")
    read: bool | None = optional("Filters mentions by whether the mention is marked as read.")
    starred: bool | None = optional("Filters mentions by whether the mention is starred.")
    dismissed: bool | None = optional("Filters mentions by whether the mention is dismissed.")
    dismiss_reason: Comparison[DismissReason] | None = optional(
        "Filters mentions by reason for the dismissal."
    )
    engaged: bool | None = optional("Filters mentions by whether the user has engaged with the author.")
    sentiment: Comparison[Sentiment] | None = optional(
        "Filters mentions by sentiment. The sentiment is null without an analysis."
    )
    intent: Comparison[Intent] | None = optional(
        "Filters mentions by intent. The intent is null without an analysis."
    )
    relevance: Comparison[Relevance] | None = optional(
        "Filters mentions by relevance. The relevance is null without an analysis."
    )
    relevance_score: IntComparison | None = optional(
        "Filters mentions by relevance score, from 0 to 100. The score is null without an analysis."
    )
    has_lead: bool | None = optional("Filters mentions by whether the mention has a lead.")
    lead_status: Comparison[LeadStatus] | None = optional(
        "Filters mentions by current status of the lead. The status is null without a lead."
    )


@strawberry.input(description="Filter for leads. All given conditions must hold.")
class LeadFilter:
    and_: list["LeadFilter"] | None = optional(ALL_OF, name="and")
    or_: list["LeadFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["LeadFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    keyword_id: IdComparison | None = optional("Filters leads by the ID of the keyword.")
    platform: Comparison[Platform] | None = optional("Filters leads by platform of the mention.")
    status: Comparison[LeadStatus] | None = optional("Filters leads by current status.")
    origin: Comparison[LeadOrigin] | None = optional("Filters leads by origin of the lead.")
    score: IntComparison | None = optional(
        "Filters leads by score, from 0 to 100. The score is null without a successful analysis."
    )
    value: DecimalComparison | None = optional("Filters leads by expected value, regardless of the currency.")
    currency: TextComparison | None = optional("Filters leads by currency of the value, an ISO 4217 code.")
    company: TextComparison | None = optional("Filters leads by company of the contact person.")
    assignee_id: IdComparison | None = optional("Filters leads by the ID of the assigned user.")
    external_reference: TextComparison | None = optional("Filters leads by ID in a partner's system.")
    created_at: DateTimeComparison | None = optional("Filters leads by time of creation.")
    status_changed_at: DateTimeComparison | None = optional(
        "Filters leads by time of the last status change."
    )
    converted_at: DateTimeComparison | None = optional(
        "Filters leads by the time when the lead first became CONVERTED."
    )


@strawberry.input(description="Filter for events of leads. All given conditions must hold.")
class LeadEventFilter:
    and_: list["LeadEventFilter"] | None = optional(ALL_OF, name="and")
    or_: list["LeadEventFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["LeadEventFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    type: Comparison[LeadEventType] | None = optional("Filters events by type.")
    created_at: DateTimeComparison | None = optional("Filters events by time.")


@strawberry.input(description="Filter for integrations. All given conditions must hold.")
class IntegrationFilter:
    and_: list["IntegrationFilter"] | None = optional(ALL_OF, name="and")
    or_: list["IntegrationFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["IntegrationFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    provider: Comparison[IntegrationProvider] | None = optional("Filters integrations by service.")
    kind: Comparison[IntegrationKind] | None = optional("Filters integrations by purpose.")
    status: Comparison[IntegrationStatus] | None = optional("Filters integrations by status.")
    health_score: IntComparison | None = optional(
        "Filters integrations by health score, from 0 to 100. The score is null if unknown."
    )
    last_synced_at: DateTimeComparison | None = optional(
        "Filters integrations by end of the last SYNC, PUSH or AUTH run."
    )


@strawberry.input(description="Filter for logs of integrations. All given conditions must hold.")
class IntegrationLogFilter:
    and_: list["IntegrationLogFilter"] | None = optional(ALL_OF, name="and")
    or_: list["IntegrationLogFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["IntegrationLogFilter", strawberry.lazy("schema.filters")] | None = optional(
        NOT, name="not"
    )
    integration_id: IdComparison | None = optional("Filters logs by the ID of the integration.")
    kind: Comparison[IntegrationLogKind] | None = optional("Filters logs by kind of run or event.")
    status: Comparison[IntegrationLogStatus] | None = optional("Filters logs by result of the run.")
    created_at: DateTimeComparison | None = optional("Filters logs by time of recording.")


@strawberry.input(description="Filter for exports. All given conditions must hold.")
class ExportFilter:
    and_: list["ExportFilter"] | None = optional(ALL_OF, name="and")
    or_: list["ExportFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["ExportFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    entity: Comparison[ExportEntity] | None = optional("Filters exports by entity.")
    format: Comparison[ExportFormat] | None = optional("Filters exports by file format.")
    status: Comparison[ExportStatus] | None = optional("Filters exports by status.")
    created_at: DateTimeComparison | None = optional("Filters exports by time of creation.")
