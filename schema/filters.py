"""The filters of lists as clients write them."""

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


@strawberry.input(description="How a value compares. Of several comparisons all have to be true.")
class Comparison(Generic[Item]):
    eq: Item | None = optional("It is this.")
    in_: list[Item] | None = optional("It is one of these, at most 250.", name="in")
    not_in: list[Item] | None = optional("It is none of these, at most 250; true where it is missing.")
    is_null: bool | None = optional("Whether it is missing.")


@strawberry.input(description="How a value compares. Of several comparisons all have to be true.")
class OrderedComparison(Generic[Item]):
    eq: Item | None = optional("It is this.")
    gt: Item | None = optional("It is greater.")
    gte: Item | None = optional("It is this or greater.")
    lt: Item | None = optional("It is less.")
    lte: Item | None = optional("It is this or less.")
    is_null: bool | None = optional("Whether it is missing.")


@strawberry.input(description="How a number compares. Of several comparisons all have to be true.")
class IntComparison(OrderedComparison[int]):
    pass


@strawberry.input(description="How a number compares. Of several comparisons all have to be true.")
class DecimalComparison(OrderedComparison[Decimal]):
    pass


@strawberry.input(description="How a moment compares. Of several comparisons all have to be true.")
class DateTimeComparison(OrderedComparison[datetime]):
    pass


@strawberry.input(description="How an id compares. Of several comparisons all have to be true.")
class IdComparison:
    eq: strawberry.ID | None = optional("It is this.")
    in_: list[strawberry.ID] | None = optional("It is one of these, at most 250.", name="in")
    not_in: list[strawberry.ID] | None = optional(
        "It is none of these, at most 250; true where it is missing."
    )


@strawberry.input(description="How a text compares. Of several comparisons all have to be true.")
class TextComparison:
    eq: str | None = optional("It is this, to the letter.")
    in_: list[str] | None = optional("It is one of these, at most 250.", name="in")
    not_in: list[str] | None = optional("It is none of these, at most 250; true where it is missing.")
    is_null: bool | None = optional("Whether it is missing.")


@strawberry.input(description="How a short text compares. Of several comparisons all have to be true.")
class NameComparison:
    eq: str | None = optional("It is this, to the letter.")
    in_: list[str] | None = optional("It is one of these, at most 250.", name="in")
    not_in: list[str] | None = optional("It is none of these, at most 250; true where it is missing.")
    contains: str | None = optional("It contains this, whatever the case.")


ALL_OF = "Filters that all have to let a row through."
ANY_OF = "Filters of which one has to let a row through; an empty list lets none."
NOT = "A filter that must not let a row through."


@strawberry.input(description="Which users. Of several conditions all have to be true.")
class UserFilter:
    and_: list["UserFilter"] | None = optional(ALL_OF, name="and")
    or_: list["UserFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["UserFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    email: NameComparison | None = optional("E-mail address.")
    role: Comparison[UserRole] | None = optional("What the user may see.")
    created_at: DateTimeComparison | None = optional("When the user was created.")


@strawberry.input(description="Which keywords. Of several conditions all have to be true.")
class KeywordFilter:
    and_: list["KeywordFilter"] | None = optional(ALL_OF, name="and")
    or_: list["KeywordFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["KeywordFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    keyword: NameComparison | None = optional("The words.")
    status: Comparison[KeywordStatus] | None = optional("Whether posts are matched against it.")
    match_type: Comparison[MatchType] | None = optional("How a post has to contain the words.")
    mentions_count: IntComparison | None = optional("Number of mentions.")
    leads_count: IntComparison | None = optional("Number of leads.")
    created_at: DateTimeComparison | None = optional("When the keyword was created.")


@strawberry.input(description="Which mentions. Of several conditions all have to be true.")
class MentionFilter:
    and_: list["MentionFilter"] | None = optional(ALL_OF, name="and")
    or_: list["MentionFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["MentionFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    search: str | None = optional(
        'Words that title or text contain: `crm "sales team" -jobs` for both without the third, `crm or invoicing` '
        "for one of them. Words are whole, in any case."
    )
    keyword_id: IdComparison | None = optional("The keyword that it contains.")
    integration_id: IdComparison | None = optional("The integration that brought it in.")
    platform: Comparison[Platform] | None = optional("Where it was published.")
    kind: Comparison[MentionKind] | None = optional("What sort of publication it is.")
    author: TextComparison | None = optional("Name that the author goes by.")
    language: TextComparison | None = optional("ISO 639 code of the language.")
    likes: IntComparison | None = optional("Likes when it was taken in.")
    comments: IntComparison | None = optional("Comments when it was taken in.")
    published_at: DateTimeComparison | None = optional("When it was published.")
    created_at: DateTimeComparison | None = optional("When it was taken in.")
    read: bool | None = optional("Whether its user has read it.")
    starred: bool | None = optional("Whether it is starred.")
    dismissed: bool | None = optional("Whether it is dismissed.")
    dismiss_reason: Comparison[DismissReason] | None = optional("Why it was dismissed.")
    engaged: bool | None = optional("Whether its user has engaged with the author.")
    sentiment: Comparison[Sentiment] | None = optional("Mood that the analysis found.")
    intent: Comparison[Intent] | None = optional("Intent that the analysis found.")
    relevance: Comparison[Relevance] | None = optional("Relevance that the analysis found.")
    relevance_score: IntComparison | None = optional("Relevance that the analysis found, 0 to 100.")
    has_lead: bool | None = optional("Whether it became a lead.")
    lead_status: Comparison[LeadStatus] | None = optional("Where its lead stands.")


@strawberry.input(description="Which leads. Of several conditions all have to be true.")
class LeadFilter:
    and_: list["LeadFilter"] | None = optional(ALL_OF, name="and")
    or_: list["LeadFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["LeadFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    keyword_id: IdComparison | None = optional("The keyword of its mention.")
    platform: Comparison[Platform] | None = optional("Where its mention was published.")
    status: Comparison[LeadStatus] | None = optional("Where it stands now.")
    origin: Comparison[LeadOrigin] | None = optional("What made it.")
    score: IntComparison | None = optional("How promising it is, 0 to 100.")
    value: DecimalComparison | None = optional("Expected worth, whatever the currency.")
    currency: TextComparison | None = optional("ISO 4217 code of the currency of its value.")
    company: TextComparison | None = optional("Company of the person to talk to.")
    assignee_id: IdComparison | None = optional("Who works on it.")
    external_reference: TextComparison | None = optional("Its id in a partner's system.")
    created_at: DateTimeComparison | None = optional("When it was made.")
    status_changed_at: DateTimeComparison | None = optional("When its status last changed.")
    converted_at: DateTimeComparison | None = optional("When it was first CONVERTED.")


@strawberry.input(description="Which events of a lead. Of several conditions all have to be true.")
class LeadEventFilter:
    and_: list["LeadEventFilter"] | None = optional(ALL_OF, name="and")
    or_: list["LeadEventFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["LeadEventFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    type: Comparison[LeadEventType] | None = optional("What happened.")
    created_at: DateTimeComparison | None = optional("When it happened.")


@strawberry.input(description="Which integrations. Of several conditions all have to be true.")
class IntegrationFilter:
    and_: list["IntegrationFilter"] | None = optional(ALL_OF, name="and")
    or_: list["IntegrationFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["IntegrationFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    provider: Comparison[IntegrationProvider] | None = optional("The service that it connects to.")
    kind: Comparison[IntegrationKind] | None = optional("What it is for.")
    status: Comparison[IntegrationStatus] | None = optional("Its state.")
    health_score: IntComparison | None = optional("Its health, 0 to 100.")
    last_synced_at: DateTimeComparison | None = optional("When it last looked for mentions.")


@strawberry.input(description="Which logs of an integration. Of several conditions all have to be true.")
class IntegrationLogFilter:
    and_: list["IntegrationLogFilter"] | None = optional(ALL_OF, name="and")
    or_: list["IntegrationLogFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["IntegrationLogFilter", strawberry.lazy("schema.filters")] | None = optional(
        NOT, name="not"
    )
    integration_id: IdComparison | None = optional("The integration that did it.")
    kind: Comparison[IntegrationLogKind] | None = optional("What it did.")
    status: Comparison[IntegrationLogStatus] | None = optional("How it ended.")
    created_at: DateTimeComparison | None = optional("When it was recorded.")


@strawberry.input(description="Which exports. Of several conditions all have to be true.")
class ExportFilter:
    and_: list["ExportFilter"] | None = optional(ALL_OF, name="and")
    or_: list["ExportFilter"] | None = optional(ANY_OF, name="or")
    not_: Annotated["ExportFilter", strawberry.lazy("schema.filters")] | None = optional(NOT, name="not")
    entity: Comparison[ExportEntity] | None = optional("What they list.")
    format: Comparison[ExportFormat] | None = optional("How their files are written.")
    status: Comparison[ExportStatus] | None = optional("How far they are.")
    created_at: DateTimeComparison | None = optional("When they were asked for.")
