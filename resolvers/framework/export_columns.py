"""What can be exported: for each list its columns, by the names that they have in the API and with the values
that they have there.

A column of a row that the list's rows refer to is named like the way to it, such as `mention.url`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from operator import attrgetter
from typing import Any

from db.language.projection import Projection, Selected
from db.language.records import joined_rows
from db.language.shape import ToOne
from db.models import (
    AnalysisResult,
    Base,
    ExportEntity,
    Integration,
    IntegrationLog,
    Keyword,
    Lead,
    Mention,
    User,
)
from resolvers.framework.filter_input import public
from resolvers.framework.global_id import TYPENAMES, encoder
from services.export.jobs import ExportTable

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: a column of the row, or of the row that it refers to, and how its value is written."""

    name: str
    column: str
    read: Read | None = None
    relation: ToOne | None = None

    def through(self, way: str, relation: ToOne) -> "Column":
        return Column(f"{way}.{self.name}", self.column, self.read, relation)

    def values(self, holders: Iterable[Any]) -> Iterator[Any]:
        """One value for each row that has the column; None where there is no row, or no value."""
        get, read = attrgetter(self.column), self.read
        for holder in holders:
            value = None if holder is None else get(holder)
            yield value if read is None or value is None else read(value)


def _plain(*names: str) -> Iterator[Column]:
    return (Column(public(name), name) for name in names)


def _enums(*names: str) -> Iterator[Column]:
    return (Column(public(name), name, str.upper) for name in names)


def _numbers(*names: str) -> Iterator[Column]:
    return (Column(public(name), name, float) for name in names)


def _id(model: type[Base], name: str = "id") -> Column:
    return Column(public(name), name, encoder(TYPENAMES[model]))


def _minutes(interval: timedelta) -> int:
    return interval // timedelta(minutes=1)


def _upper(words: Sequence[str]) -> list[str]:
    return [word.upper() for word in words]


_OWN: Mapping[type[Base], Sequence[Column]] = {
    Keyword: (
        _id(Keyword), _id(User, "user_id"), *_plain("keyword"), *_enums("match_type"),
        *_plain("required_terms", "excluded_terms"), Column("platforms", "platforms", _upper), *_enums("status"),
        *_plain(
            "mentions_count", "leads_count", "new_leads_count", "contacted_leads_count", "qualified_leads_count",
            "converted_leads_count", "disqualified_leads_count", "created_at", "updated_at", "archived_at",
        ),
    ),
    Mention: (
        _id(Mention), _id(User, "user_id"), _id(Keyword, "keyword_id"), _id(Integration, "integration_id"),
        *_enums("platform"), *_plain("external_id"), *_enums("kind"),
        *_plain(
            "url", "title", "content", "author", "language", "likes", "comments", "published_at", "created_at",
            "read_at", "starred_at", "dismissed_at",
        ),
        *_enums("dismiss_reason"), *_plain("engaged_at"),
    ),
    AnalysisResult: (
        *_enums("status", "sentiment"), *_numbers("sentiment_score"), *_enums("intent"), *_numbers("intent_score"),
        *_enums("relevance"),
        *_plain(
            "relevance_score", "relevance_reason", "topics", "summary", "analyzer", "analyzer_version", "error",
            "analyzed_at",
        ),
    ),
    Lead: (
        _id(Lead), _id(User, "user_id"), _id(Mention, "mention_id"), _id(Keyword, "keyword_id"),
        # Of an assignee whom the viewer may not see, the id is not told either.
        Column("assigneeId", "id", encoder(TYPENAMES[User]), ToOne(User, "assignee_user_id", "id", shared=True)),
        *_enums("status"),
        *_plain(
            "disqualify_reason", "contacted_at", "qualified_at", "converted_at", "disqualified_at",
            "status_changed_at", "score", "score_version", "value", "currency", "contact_name", "contact_handle", "contact_email",
            "company", "notes", "tags",
        ),
        *_enums("origin"), *_plain("external_reference", "version", "created_at", "updated_at"),
    ),
    Integration: (
        _id(Integration), _id(User, "user_id"), *_enums("provider", "kind"), *_plain("name", "external_account_id"),
        *_enums("status"), Column("lastSyncedAt", "last_searched_at"),
        *_plain("last_success_at", "last_error_at", "last_error_code", "consecutive_failures"),
        Column("syncIntervalMinutes", "sync_interval", _minutes),
        *_plain(
            "sync_cursor", "next_sync_at", "health_score", "settings", "scopes", "credentials_expires_at",
            "created_at", "updated_at",
        ),
    ),
    IntegrationLog: (
        _id(IntegrationLog), _id(Integration, "integration_id"), *_enums("kind", "status"),
        *_plain(
            "started_at", "finished_at", "duration_ms", "items_found", "items_created", "items_duplicate",
            "items_failed", "http_status", "error_code", "message", "created_at",
        ),
    ),
}  # fmt: skip

_WAYS: Mapping[type[Base], Mapping[str, ToOne]] = {
    Mention: {
        "keyword": ToOne(Keyword, "keyword_id", "id", shared=True),
        "integration": ToOne(Integration, "integration_id", "id", shared=True),
        "lead": ToOne(Lead, "id", "mention_id", shared=False),
        "analysis": ToOne(AnalysisResult, "id", "mention_id", shared=False),
    },
    Lead: {
        "mention": ToOne(Mention, "mention_id", "id", shared=False),
        "keyword": ToOne(Keyword, "keyword_id", "id", shared=True),
    },
    IntegrationLog: {"integration": ToOne(Integration, "integration_id", "id", shared=True)},
}

MODELS: Mapping[ExportEntity, type[Base]] = {
    ExportEntity.KEYWORDS: Keyword,
    ExportEntity.MENTIONS: Mention,
    ExportEntity.LEADS: Lead,
    ExportEntity.INTEGRATIONS: Integration,
    ExportEntity.INTEGRATION_LOGS: IntegrationLog,
}


@cache
def columns_of(entity: ExportEntity) -> Mapping[str, Column]:
    """All columns that a list can be exported with, by name; those of the list's own rows first."""
    model = MODELS[entity]
    own = list(_OWN[model])
    others = [
        column.through(way, relation)
        for way, relation in _WAYS.get(model, {}).items()
        for column in _OWN[relation.model]
        if column.relation is None
    ]
    return {column.name: column for column in own + others}


def usual_columns(entity: ExportEntity) -> list[str]:
    """Those that a file has where nobody says otherwise."""
    return [column.name for column in _OWN[MODELS[entity]]]


def models_of(entity: ExportEntity, names: Sequence[str]) -> set[type[Base]]:
    """The models whose rows the columns show."""
    relations = [columns_of(entity)[name].relation for name in names]
    return {MODELS[entity], *(relation.model for relation in relations if relation is not None)}


def export_table_of(entity: ExportEntity, names: Sequence[str]) -> ExportTable:
    """How the columns are read. Raises `KeyError` for a name that is none."""
    model, known = MODELS[entity], columns_of(entity)
    chosen = [known[name] for name in names]
    taken = {model: _taken(chosen, None)}
    relations = {column.relation for column in chosen if column.relation is not None}
    for relation in relations:
        taken[relation.model] = _taken(chosen, relation)
    taken[model] = Selected(taken[model].columns, frozenset(relations))

    def values(rows: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        holders: dict[ToOne | None, Sequence[Any]] = {None: rows}
        for relation in relations:
            holders[relation] = joined_rows(rows, relation) or [None] * len(rows)
        return zip(*(column.values(holders[column.relation]) for column in chosen), strict=True)

    return ExportTable(model, Projection(taken), values)


def _taken(chosen: Sequence[Column], relation: ToOne | None) -> Selected:
    return Selected(frozenset(column.column for column in chosen if column.relation == relation))
