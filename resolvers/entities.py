"""The entities of the API: one declaration for each model that has a type in the GraphQL schema.

Global ids, permissions, filters, orders, lists, relations and exports are derived from these declarations. A new
entity is added here, and to `ENTITIES` at the end (docs/guides/new-entity.md).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from db.language import keyset
from db.language.shape import ToOne
from db.models import (
    AnalysisResult,
    ApiKey,
    Base,
    DismissReason,
    Export,
    ExportEntity,
    ExportFormat,
    ExportStatus,
    Integration,
    IntegrationKind,
    IntegrationLog,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationProvider,
    IntegrationStatus,
    Intent,
    Keyword,
    KeywordStatus,
    Lead,
    LeadEvent,
    LeadEventType,
    LeadOrigin,
    LeadStatus,
    MatchType,
    Mention,
    MentionKind,
    Platform,
    Relevance,
    Sentiment,
    User,
    UserRole,
    Webhook,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookEventType,
    WebhookStatus,
)
from resolvers.framework.entity import (
    Address,
    Amount,
    DeclarationError,
    Entity,
    ExportColumn,
    IdOf,
    Name,
    Number,
    OneOf,
    Presence,
    Tags,
    Text,
    Timestamp,
    Words,
    enums,
    id_column,
    numbers,
    plain,
)
from services.accounts import api_key

_FOLLOWED = (
    "A new or changed row comes last, even while others write, so a program that reads on from its last cursor misses no "
    "row. Requires a list with the rows of one user. Operators use such a list below `user`."
)
"""The promise of `EARLIEST_UPDATE` (docs/decisions/0051-orders-that-can-be-polled.md)."""

USER = Entity(
    model=User,
    typename="User",
    plural="users",
    permission=None,
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders users by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders users by time of creation, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders users by time of the last update, latest first."),
    ),
    filters={
        "email": Name("Filters users by email address."),
        "role": OneOf("Filters users by role.", enum=UserRole),
        "created_at": Timestamp("Filters users by time of creation."),
        "updated_at": Timestamp("Filters users by time of the last update."),
    },
)

KEYWORD = Entity(
    model=Keyword,
    typename="Keyword",
    plural="keywords",
    permission=api_key.READ_KEYWORDS,
    relations={"user": ToOne(User, "user_id", "id", shared=True)},
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders keywords by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders keywords by time of creation, oldest first."),
        (keyset.MOST_MENTIONS_FIRST, "Orders keywords by number of mentions, highest first."),
        (keyset.MOST_LEADS_FIRST, "Orders keywords by number of leads, highest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders keywords by time of the last update, latest first."),
        (
            keyset.EARLIEST_UPDATE_FIRST,
            f"Orders keywords by time of the last update, earliest first. {_FOLLOWED}",
        ),
    ),
    filters={
        "keyword": Name("Filters keywords by the words to watch for."),
        "status": OneOf("Filters keywords by status.", enum=KeywordStatus),
        "match_type": OneOf("Filters keywords by match type.", enum=MatchType),
        "mentions_count": Number("Filters keywords by number of mentions."),
        "leads_count": Number("Filters keywords by number of leads."),
        "created_at": Timestamp("Filters keywords by time of creation."),
        "updated_at": Timestamp("Filters keywords by time of the last update."),
    },
    exported_as=ExportEntity.KEYWORDS,
    export=(
        id_column(Keyword),
        id_column(User, "user_id"),
        *plain("keyword"),
        *enums("match_type"),
        *plain("required_terms", "excluded_terms"),
        ExportColumn("platforms", "platforms", lambda names: [name.upper() for name in names]),
        *enums("status"),
        *plain("mentions_count", "leads_count", "new_leads_count", "contacted_leads_count"),
        *plain("qualified_leads_count", "converted_leads_count", "disqualified_leads_count"),
        *plain("created_at", "updated_at", "archived_at", "auto_lead_score"),
    ),
)

MENTION = Entity(
    model=Mention,
    typename="Mention",
    plural="mentions",
    permission=api_key.READ_MENTIONS,
    relations={
        "user": ToOne(User, "user_id", "id", shared=True),
        "keyword": ToOne(Keyword, "keyword_id", "id", shared=True),
        "integration": ToOne(Integration, "integration_id", "id", shared=True),
        "lead": ToOne(Lead, "id", "mention_id", shared=False),
        "analysis": ToOne(AnalysisResult, "id", "mention_id", shared=False),
    },
    orders=(
        (keyset.NEWEST_FIRST, "Orders mentions by time of ingestion, newest first."),
        (keyset.OLDEST_FIRST, "Orders mentions by time of ingestion, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders mentions by time of the last update, latest first."),
        (
            keyset.EARLIEST_UPDATE_FIRST,
            f"Orders mentions by time of the last update, earliest first. {_FOLLOWED}",
        ),
        (
            keyset.BEST_MATCH_FIRST,
            "Orders mentions by relevance to the filter's `search`, best match first. Requires `search`.",
        ),
        (
            keyset.LATEST_PUBLISHED_FIRST,
            "Orders mentions by time of publication, latest first. Mentions without that time come last.",
        ),
        (
            keyset.MOST_RELEVANT_FIRST,
            "Orders mentions by relevance score, highest first. Requires a condition such as `relevanceScore: {gte: 0}`.",
        ),
    ),
    filters={
        "search": Words(
            "Filters mentions by a full-text search in title and text, for whole words and regardless of case. "
            '`crm "sales team" -jobs` requires a word and a phrase, and excludes a word. `crm or invoicing` requires '
            "one of two words. `C++` and `node.js` require their signs. At most 500 characters."
        ),
        "keyword_id": IdOf("Filters mentions by the ID of the keyword.", model=Keyword),
        "integration_id": IdOf(
            "Filters mentions by the ID of the integration that delivered the mention.", model=Integration
        ),
        "platform": OneOf("Filters mentions by platform.", enum=Platform),
        "external_id": Text("Filters mentions by ID of the publication on the platform."),
        "kind": OneOf("Filters mentions by kind of publication.", enum=MentionKind),
        "author": Text("Filters mentions by name of the author."),
        "language": Text("Filters mentions by language tag, such as `en`."),
        "likes": Number("Filters mentions by number of likes."),
        "comments": Number("Filters mentions by number of comments."),
        "published_at": Timestamp("Filters mentions by time of publication."),
        "created_at": Timestamp("Filters mentions by time of ingestion."),
        "updated_at": Timestamp("Filters mentions by time of the last update."),
        "read": Presence("Filters mentions by whether the mention is marked as read.", "read_at"),
        "starred": Presence("Filters mentions by whether the mention is starred.", "starred_at"),
        "dismissed": Presence("Filters mentions by whether the mention is dismissed.", "dismissed_at"),
        "dismiss_reason": OneOf("Filters mentions by reason for the dismissal.", enum=DismissReason),
        "engaged": Presence(
            "Filters mentions by whether the user has engaged with the author.", "engaged_at"
        ),
        "sentiment": OneOf(
            "Filters mentions by sentiment. The sentiment is null without an analysis.", enum=Sentiment
        ),
        "intent": OneOf("Filters mentions by intent. The intent is null without an analysis.", enum=Intent),
        "relevance": OneOf(
            "Filters mentions by relevance. The relevance is null without an analysis.", enum=Relevance
        ),
        "relevance_score": Number(
            "Filters mentions by relevance score, from 0 to 100. The score is null without an analysis."
        ),
        "has_lead": Presence("Filters mentions by whether the mention has a lead.", "lead"),
        "lead_status": OneOf(
            "Filters mentions by current status of the lead. The status is null without a lead.",
            enum=LeadStatus,
        ),
    },
    exported_as=ExportEntity.MENTIONS,
    export=(
        id_column(Mention),
        id_column(User, "user_id"),
        id_column(Keyword, "keyword_id"),
        id_column(Integration, "integration_id"),
        *enums("platform"),
        *plain("external_id"),
        *enums("kind"),
        *plain("url", "title", "content", "author", "language", "likes", "comments", "published_at"),
        *plain("created_at", "read_at", "starred_at", "dismissed_at"),
        *enums("dismiss_reason"),
        *plain("engaged_at", "updated_at"),
    ),
    export_also=("keyword", "integration", "lead", "analysis"),
)

ANALYSIS = Entity(
    model=AnalysisResult,
    typename="Analysis",
    plural="analyses",
    permission=api_key.READ_MENTIONS,
    has_id=False,
    export=(
        *enums("status", "sentiment"),
        *numbers("sentiment_score"),
        *enums("intent"),
        *numbers("intent_score"),
        *enums("relevance"),
        *plain("relevance_score", "relevance_reason", "topics", "summary", "analyzer", "analyzer_version"),
        *plain("error", "analyzed_at"),
    ),
)

_ASSIGNEE = ToOne(User, "assignee_user_id", "id", shared=True)

LEAD = Entity(
    model=Lead,
    typename="Lead",
    plural="leads",
    permission=api_key.READ_LEADS,
    relations={
        "user": ToOne(User, "user_id", "id", shared=True),
        "mention": ToOne(Mention, "mention_id", "id", shared=False),
        "keyword": ToOne(Keyword, "keyword_id", "id", shared=True),
        "assignee": _ASSIGNEE,
    },
    orders=(
        (keyset.NEWEST_FIRST, "Orders leads by time of creation, newest first."),
        (keyset.OLDEST_FIRST, "Orders leads by time of creation, oldest first."),
        (keyset.LATEST_CHANGE_FIRST, "Orders leads by time of the last status change, latest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders leads by time of the last update, latest first."),
        (
            keyset.EARLIEST_UPDATE_FIRST,
            f"Orders leads by time of the last update, earliest first. {_FOLLOWED}",
        ),
        (
            keyset.HIGHEST_SCORE_FIRST,
            "Orders leads by score, highest first. Leads without a score come last.",
        ),
        (
            keyset.HIGHEST_VALUE_FIRST,
            "Orders leads by expected value, highest first, regardless of the currency. Leads without a value come last.",
        ),
    ),
    filters={
        "search": Words(
            "Filters leads by a full-text search, as in mentions. The contact person, company and notes of the lead must "
            "match the search, or the title and text of the mention must match. At most 500 characters. Requires the scope "
            f"`{api_key.READ_MENTIONS}`, too.",
            reads=Mention,
        ),
        "keyword_id": IdOf("Filters leads by the ID of the keyword.", model=Keyword),
        "platform": OneOf("Filters leads by platform of the mention.", enum=Platform),
        "intent": OneOf(
            "Filters leads by intent of the mention. The intent is null without an analysis. Requires the scope "
            f"`{api_key.READ_MENTIONS}`, too.",
            enum=Intent,
            reads=AnalysisResult,
        ),
        "status": OneOf("Filters leads by current status.", enum=LeadStatus),
        "origin": OneOf("Filters leads by origin of the lead.", enum=LeadOrigin),
        "score": Number(
            "Filters leads by score, from 0 to 100. The score is null without a successful analysis."
        ),
        "value": Amount("Filters leads by expected value, regardless of the currency."),
        "currency": Text("Filters leads by currency of the value, an ISO 4217 code."),
        "contact_email": Address("Filters leads by email address of the contact person."),
        "company": Text("Filters leads by company of the contact person."),
        "tags": Tags("Filters leads by tags."),
        "assignee_id": IdOf(
            "Filters leads by the ID of the assigned user. The ID is null for unassigned leads.",
            "assignee_user_id",
            model=User,
        ),
        "external_reference": Text("Filters leads by ID in a partner's system."),
        "created_at": Timestamp("Filters leads by time of creation."),
        "updated_at": Timestamp("Filters leads by time of the last update."),
        "status_changed_at": Timestamp("Filters leads by time of the last status change."),
        "qualified_at": Timestamp("Filters leads by the time when the lead first became QUALIFIED."),
        "converted_at": Timestamp("Filters leads by the time when the lead first became CONVERTED."),
    },
    exported_as=ExportEntity.LEADS,
    export=(
        id_column(Lead),
        id_column(User, "user_id"),
        id_column(Mention, "mention_id"),
        id_column(Keyword, "keyword_id"),
        # Read through the relation: the id of an assignee whom the viewer may not see is hidden, too.
        ExportColumn("assigneeId", "id", id_of=User, relation=_ASSIGNEE),
        *enums("status"),
        *plain("disqualify_reason", "contacted_at", "qualified_at", "converted_at", "disqualified_at"),
        *plain("status_changed_at", "score", "score_version", "value", "currency", "contact_name"),
        *plain("contact_handle", "contact_email", "company", "notes", "tags"),
        *enums("origin"),
        *plain("external_reference", "version", "created_at", "updated_at"),
    ),
    export_also=("mention", "keyword"),
)

LEAD_EVENT = Entity(
    model=LeadEvent,
    typename="LeadEvent",
    plural="events of leads",
    permission=api_key.READ_LEADS,
    relations={
        "lead": ToOne(Lead, "lead_id", "id", shared=True),
        "actor": ToOne(User, "actor_user_id", "id", shared=True),
    },
    orders=(
        (keyset.NEWEST_FIRST, "Orders events by time of occurrence, newest first."),
        (keyset.OLDEST_FIRST, "Orders events by time of occurrence, oldest first."),
    ),
    filters={
        "type": OneOf("Filters events by type.", enum=LeadEventType),
        "created_at": Timestamp("Filters events by time."),
    },
)

INTEGRATION = Entity(
    model=Integration,
    typename="Integration",
    plural="integrations",
    permission=api_key.READ_INTEGRATIONS,
    relations={"user": ToOne(User, "user_id", "id", shared=True)},
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders integrations by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders integrations by time of creation, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders integrations by time of the last update, latest first."),
        (
            keyset.EARLIEST_UPDATE_FIRST,
            f"Orders integrations by time of the last update, earliest first. {_FOLLOWED}",
        ),
    ),
    filters={
        "provider": OneOf("Filters integrations by service.", enum=IntegrationProvider),
        "kind": OneOf("Filters integrations by purpose.", enum=IntegrationKind),
        "status": OneOf("Filters integrations by status.", enum=IntegrationStatus),
        "health_score": Number(
            "Filters integrations by health score, from 0 to 100. The score is null if unknown."
        ),
        "last_synced_at": Timestamp(
            "Filters integrations by end of the last SYNC, PUSH or AUTH run.", "last_searched_at"
        ),
        "created_at": Timestamp("Filters integrations by time of creation."),
        "updated_at": Timestamp("Filters integrations by time of the last update."),
    },
    exported_as=ExportEntity.INTEGRATIONS,
    export=(
        id_column(Integration),
        id_column(User, "user_id"),
        *enums("provider", "kind"),
        *plain("name", "external_account_id"),
        *enums("status"),
        ExportColumn("lastSyncedAt", "last_searched_at"),
        *plain("last_success_at", "last_error_at", "last_error_code", "consecutive_failures"),
        ExportColumn("syncIntervalMinutes", "sync_interval", lambda span: span // timedelta(minutes=1)),
        *plain("sync_cursor", "next_sync_at", "health_score", "settings", "scopes", "credentials_expires_at"),
        *plain("created_at", "updated_at"),
    ),
)

INTEGRATION_LOG = Entity(
    model=IntegrationLog,
    typename="IntegrationLog",
    plural="logs of integrations",
    permission=api_key.READ_INTEGRATIONS,
    relations={"integration": ToOne(Integration, "integration_id", "id", shared=True)},
    orders=(
        (keyset.NEWEST_FIRST, "Orders logs by time of recording, newest first."),
        (keyset.OLDEST_FIRST, "Orders logs by time of recording, oldest first."),
    ),
    filters={
        "integration_id": IdOf("Filters logs by the ID of the integration.", model=Integration),
        "kind": OneOf("Filters logs by kind of run or event.", enum=IntegrationLogKind),
        "status": OneOf("Filters logs by result of the run.", enum=IntegrationLogStatus),
        "created_at": Timestamp("Filters logs by time of recording."),
    },
    exported_as=ExportEntity.INTEGRATION_LOGS,
    export=(
        id_column(IntegrationLog),
        id_column(Integration, "integration_id"),
        *enums("kind", "status"),
        *plain("started_at", "finished_at", "duration_ms", "items_found", "items_created"),
        *plain("items_duplicate", "items_failed", "http_status", "error_code", "message", "created_at"),
    ),
    export_also=("integration",),
)

EXPORT = Entity(
    model=Export,
    typename="Export",
    plural="exports",
    permission=None,
    personal=True,
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders exports by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders exports by time of creation, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders exports by time of the last update, latest first."),
    ),
    filters={
        "entity": OneOf("Filters exports by entity.", enum=ExportEntity),
        "format": OneOf("Filters exports by file format.", enum=ExportFormat),
        "status": OneOf("Filters exports by status.", enum=ExportStatus),
        "created_at": Timestamp("Filters exports by time of creation."),
        "updated_at": Timestamp("Filters exports by time of the last update."),
    },
)

API_KEY = Entity(
    model=ApiKey,
    typename="ApiKey",
    plural="API keys",
    permission=api_key.READ_KEYS,
    personal=True,
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders API keys by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders API keys by time of creation, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders API keys by time of the last update, latest first."),
    ),
    filters={
        "name": Name("Filters API keys by name."),
        "revoked": Presence("Filters API keys by whether the key is revoked.", "revoked_at"),
        "expires_at": Timestamp("Filters API keys by time of expiry."),
        "last_used_at": Timestamp("Filters API keys by time of the last request."),
        "created_at": Timestamp("Filters API keys by time of creation."),
        "updated_at": Timestamp("Filters API keys by time of the last update."),
    },
)

WEBHOOK = Entity(
    model=Webhook,
    typename="Webhook",
    plural="webhooks",
    permission=api_key.READ_WEBHOOKS,
    personal=True,
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders webhooks by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders webhooks by time of creation, oldest first."),
        (keyset.LATEST_UPDATE_FIRST, "Orders webhooks by time of the last update, latest first."),
    ),
    filters={
        "url": Name("Filters webhooks by URL."),
        "status": OneOf("Filters webhooks by status.", enum=WebhookStatus),
        "created_at": Timestamp("Filters webhooks by time of creation."),
        "updated_at": Timestamp("Filters webhooks by time of the last update."),
    },
)

WEBHOOK_DELIVERY = Entity(
    model=WebhookDelivery,
    typename="WebhookDelivery",
    plural="deliveries of webhooks",
    permission=api_key.READ_WEBHOOKS,
    personal=True,
    relations={"webhook": ToOne(Webhook, "webhook_id", "id", shared=True)},
    orders=(
        (keyset.LATEST_ID_FIRST, "Orders deliveries by time of creation, newest first."),
        (keyset.EARLIEST_ID_FIRST, "Orders deliveries by time of creation, oldest first."),
    ),
    filters={
        "message_id": Name("Filters deliveries by ID of the message, which receivers get as `webhook-id`."),
        "event_type": OneOf("Filters deliveries by type of the event.", enum=WebhookEventType),
        "status": OneOf("Filters deliveries by status.", enum=WebhookDeliveryStatus),
        "response_status": Number("Filters deliveries by HTTP status of the last response."),
        "attempts": Number("Filters deliveries by number of attempts."),
        "created_at": Timestamp("Filters deliveries by time of creation."),
    },
)

ENTITIES: Sequence[Entity[Any]] = (
    USER,
    KEYWORD,
    MENTION,
    ANALYSIS,
    LEAD,
    LEAD_EVENT,
    INTEGRATION,
    INTEGRATION_LOG,
    EXPORT,
    API_KEY,
    WEBHOOK,
    WEBHOOK_DELIVERY,
)

OF_MODEL: Mapping[type[Base], Entity[Any]] = {entity.model: entity for entity in ENTITIES}
OF_TYPENAME: Mapping[str, Entity[Any]] = {entity.typename: entity for entity in ENTITIES}
OF_EXPORT: Mapping[ExportEntity, Entity[Any]] = {
    entity.exported_as: entity for entity in ENTITIES if entity.exported_as is not None
}


def entity_of(model: type[Base]) -> Entity[Any]:
    """Return the declaration of a model. Raise `DeclarationError` if the declaration is missing."""
    try:
        return OF_MODEL[model]
    except KeyError:
        raise DeclarationError(f"{model.__name__} is not declared in resolvers/entities.py.") from None
