"""Each column that can hold words or bytes, and its part in an erasure and in an export.

A test compares the declarations with the columns of the database, so that a new column needs a declaration.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Erasure(StrEnum):
    """The part of a column in the erasure of the author of posts."""

    WITH_ROW = "with_row"
    """The row is about the author, and is deleted."""
    CLEARED = "cleared"
    """The column holds copies of rows. It is cleared in all rows of the users who had the author's posts."""
    WITH_COPY = "with_copy"
    """The row holds copies of rows, and is deleted."""
    IF_FOUND = "if_found"
    """The column is searched for the words of the deleted rows. It is cleared, or its row is deleted."""
    NOT_OF_AUTHORS = "not_of_authors"
    """The column has the words of a user or of the server, or names, codes, hashes and ciphers."""


_ROWS: Final = {
    "mentions": "platform external_id kind url title content author language dismiss_reason search",
    "analysis_results": (
        "status sentiment intent relevance relevance_reason topics summary analyzer analyzer_version error"
    ),
    "leads": (
        "status disqualify_reason score_version score_breakdown currency contact_name contact_handle contact_email "
        "company notes tags origin external_reference search"
    ),
    "lead_events": "type from_status to_status data",
}
_COPIES: Final = {
    "exports": "entity format columns question status position error",
    "export_parts": "data",
}
_CLEARED: Final = {"webhook_deliveries": "payload response_excerpt"}
_FOUND: Final = {"idempotency_keys": "key response", "integration_logs": "error_code message"}
_OTHER: Final = {
    "api_keys": "name secret_hash scopes",
    "backfills": "name",
    "background_tasks": "name holder position failure",
    "browser_tokens": "token_hash scopes",
    "change_feed": "feed_id",
    "changes": "entity kind columns request_id",
    "idempotency_keys": "request_hash",
    "integration_logs": "kind status",
    "integrations": (
        "provider kind name external_account_id status credentials credentials_key_id scopes settings last_error_code "
        "sync_cursor health_version health_problems"
    ),
    "keywords": "keyword keyword_norm match_type required_terms excluded_terms platforms status",
    "known_devices": "digest",
    "passwords": "hash",
    "schema_support": "oldest_revision",
    "sessions": "token_hash previous_hash address user_agent",
    "users": "email name role status time_zone",
    "webhook_deliveries": "message_id event_type entity changed status holder error",
    "webhook_secrets": "sealed key_id",
    "webhooks": (
        "url description event_types questions document scopes signature public_key status disabled_reason position"
    ),
}


def _declared() -> Mapping[tuple[str, str], Erasure]:
    parts = {
        Erasure.WITH_ROW: _ROWS,
        Erasure.WITH_COPY: _COPIES,
        Erasure.CLEARED: _CLEARED,
        Erasure.IF_FOUND: _FOUND,
        Erasure.NOT_OF_AUTHORS: _OTHER,
    }
    return {
        (table, column): part
        for part, tables in parts.items()
        for table, columns in tables.items()
        for column in columns.split()
    }


COLUMNS: Final = _declared()
"""The part of each column in an erasure, by table and column."""

NOT_EXPORTED: Final[Mapping[str, tuple[str, ...]]] = {
    "api_keys": ("secret_hash",),
    "browser_tokens": ("token_hash",),
    "idempotency_keys": ("request_hash",),
    "integrations": ("credentials", "credentials_key_id"),
    "known_devices": ("digest",),
    "leads": ("search",),
    "mentions": ("search",),
    "passwords": ("hash",),
    "sessions": ("token_hash", "previous_hash"),
    "webhook_secrets": ("sealed", "key_id"),
}
"""Secrets, their hashes, and lexemes: the columns that an export of a person leaves out."""

TABLES_NOT_EXPORTED: Final = frozenset({"export_parts"})
"""Files of exports: copies of rows, which can be those of all users if an operator made them."""
