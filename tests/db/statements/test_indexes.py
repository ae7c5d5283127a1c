"""Each access path uses its index, and each index serves an access path: EXPLAIN on 20,000 mentions."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from db.engine.statement_cache import Statement
from db.language.filter import EVERYTHING, AnyOf, Filter, Not, Operator
from db.language.filter import Test as Condition
from db.language.keyset import (
    BEST_MATCH_FIRST,
    EARLIEST_UPDATE_FIRST,
    HIGHEST_SCORE_FIRST,
    HIGHEST_VALUE_FIRST,
    LATEST_CHANGE_FIRST,
    LATEST_PUBLISHED_FIRST,
    LATEST_UPDATE_FIRST,
    MOST_LEADS_FIRST,
    MOST_MENTIONS_FIRST,
    MOST_RELEVANT_FIRST,
    NEWEST_FIRST,
    BoundsShape,
    Order,
)
from db.language.projection import EVERY_COLUMN
from db.language.shape import Join, Shape
from db.models import ApiKey, Export, Integration, IntegrationLog, Keyword, Lead, LeadEvent, Mention, User
from db.models.base import table_of
from db.statements import (
    buckets,
    counts,
    integration_health,
    integration_runs,
    keyword_ranking,
    lead_score,
    read_rows,
    recent_leads,
    same_contact,
)
from db.statements import export as exports
from resolvers.entities import API_KEY, ENTITIES, EXPORT, KEYWORD, LEAD, MENTION
from resolvers.framework.entity import Entity
from server.commands.demo import _create_data
from tests.support.databases import copied_database
from tests.support.rows import fill_if_empty

AT = datetime.now(UTC) - timedelta(days=45)  # in the middle of the demo's days
FIRST = BoundsShape(backwards=False, after=False, before=False)
NEXT = BoundsShape(backwards=False, after=True, before=False)
LAST = BoundsShape(backwards=True, after=False, before=True)
EDGES = {"after_created_at": AT, "after_id": 9_000, "before_created_at": AT, "before_id": 9_000, "before_": 1}

FILTER = {"tags": ["rare"], "part": "%rarest%", "rare": "rarest", "rare_words": "rarest"}
WHERE = {**FILTER, "where_0": "converted", "where_1": "reddit", "where_2": "neutral", "rank_query": "budget", "starts": [AT], "since": AT, "until": AT + timedelta(days=7)}  # fmt: skip


@pytest.fixture(scope="module")
async def seeded(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pool]:
    async with copied_database(postgres, template) as name:
        pool = await open_pool(postgres.url(name), size=2)
        await fill(pool)
        yield pool
        await pool.close()


async def fill(pool: Pool) -> None:
    await _create_data(pool, scale=1)
    # Add many users, so that the rows of one user are a small part of the table, as in production.
    await pool.execute(
        "INSERT INTO users (email) SELECT format('u%s@example.com', n) FROM generate_series(1, 2000) AS n"
    )
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) SELECT id, 'crm' FROM users WHERE email LIKE 'u%'"
    )
    await pool.execute(
        "INSERT INTO integrations (user_id, provider, kind, status, next_sync_at) "
        "SELECT id, 'rss', 'source', CASE WHEN id % 50 = 0 THEN 'active' ELSE 'paused' END, now() FROM users "
        "WHERE email LIKE 'u%' ORDER BY id"
    )
    await pool.execute("INSERT INTO api_keys (user_id, secret_hash) SELECT id, 'x' FROM users")
    await pool.execute("UPDATE leads SET assignee_user_id = user_id WHERE id % 100 = 0")
    await pool.execute("UPDATE leads SET external_reference = 'crm-' || id WHERE id % 100 = 0")
    await pool.execute(
        "UPDATE mentions SET integration_id = i.id FROM integrations AS i "
        "WHERE i.user_id = mentions.user_id AND i.provider = 'hackernews' AND mentions.id % 20 = 0"
    )
    await pool.execute(
        "UPDATE mentions SET read_at = CASE WHEN id % 50 <> 0 THEN now() END, "
        "starred_at = CASE WHEN id % 100 = 1 THEN now() END, dismissed_at = CASE WHEN id % 100 = 2 THEN now() END, "
        "engaged_at = CASE WHEN id % 100 = 3 THEN now() END, dismiss_reason = NULL"
    )
    await pool.execute("INSERT INTO lead_events (lead_id, type) SELECT id, 'created' FROM leads")
    await pool.execute(
        "INSERT INTO idempotency_keys (user_id, key, request_hash, response, expires_at) "
        "SELECT id, 'a', 'x', '{}', now() - interval '45 days' + id * interval '1 hour' FROM users"
    )
    await pool.execute(
        "INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at) "
        "SELECT user_id, id, 'sync', 'succeeded', now() - n * interval '2 days' "
        "FROM integrations, generate_series(1, 40) AS n"
    )
    await pool.execute(
        "INSERT INTO exports (user_id, everybody, entity, format, columns, question, status, finished_at, expires_at, purged_at) "
        "SELECT u.id, false, 'leads', 'csv', '{id}', '{}', CASE WHEN n = 1 AND u.id % 2 = 0 THEN 'queued' ELSE 'succeeded' END, "
        "CASE WHEN n = 1 AND u.id % 2 = 0 THEN NULL ELSE now() END, CASE WHEN n = 1 AND u.id % 2 = 0 THEN NULL ELSE now() END, "
        "CASE WHEN n > 2 THEN now() - u.id * interval '30 minutes' END FROM users AS u, generate_series(1, 10) AS n"
    )
    await pool.execute(
        "INSERT INTO export_parts (export_id, starts_at, data) "
        "SELECT id, n * 1000, 'x' FROM exports, generate_series(0, 4) AS n WHERE purged_at IS NULL"
    )
    await pool.execute("INSERT INTO passwords (user_id, hash) SELECT id, 'x' FROM users")
    await pool.execute(
        "INSERT INTO sessions (user_id, token_hash, previous_hash, expires_at, ends_at) "
        "SELECT id, sha256(id::text::bytea), CASE WHEN id % 10 = 0 THEN sha256(('p' || id)::bytea) END, "
        "now() - interval '45 days' + id * interval '1 hour', now() FROM users"
    )
    await pool.execute(
        "INSERT INTO known_devices (user_id, digest, seen_at) SELECT id, sha256(n::text::bytea), "
        "now() - id * interval '1 hour' FROM users, generate_series(1, 5) AS n"
    )
    await pool.execute(
        "INSERT INTO browser_tokens (token_hash, user_id, api_key_id, expires_at) "
        "SELECT sha256(id::text::bytea), user_id, id, now() - interval '45 days' + id * interval '1 hour' FROM api_keys"
    )
    await pool.execute(
        "INSERT INTO webhooks (user_id, everybody, url, event_types, position, change_id, status) "
        "SELECT id, false, 'https://example.com', '{lead.created}', '', 0, "
        "CASE WHEN id % 50 = 0 THEN 'active' ELSE 'paused' END FROM users"
    )
    await pool.execute(
        "INSERT INTO webhook_secrets (user_id, webhook_id, sealed, key_id) "
        "SELECT user_id, id, 'x', 'x' FROM webhooks"
    )
    await pool.execute(
        "INSERT INTO webhook_deliveries (user_id, webhook_id, message_id, event_type, entity, entity_id, occurred_at, "
        "status, due_at, finished_at) SELECT user_id, id, 'msg_' || n, 'lead.created', 'Lead', n, now(), "
        "CASE WHEN n = 1 THEN 'pending' ELSE 'delivered' END, CASE WHEN n = 1 AND id % 2 = 0 THEN now() END, "
        "CASE WHEN n > 1 THEN now() - id * interval '30 minutes' END FROM webhooks, generate_series(1, 10) AS n"
    )
    await fill_if_empty(pool, [entity.model for entity in ENTITIES], each=10)
    await pool.execute("VACUUM ANALYZE")


def page_of_each(model: Any, parent: str, shape: BoundsShape, *, everybody: bool = False) -> Statement:
    return read_rows._page_of_each(model, parent, NEWEST_FIRST, shape, EVERYTHING, everybody=everybody)


def page(model: Any, shape: BoundsShape, *, everybody: bool) -> Statement:
    return read_rows._page(model, NEWEST_FIRST, shape, EVERYTHING, everybody=everybody)


def ordered(model: Any, order: Order) -> Statement:
    return read_rows._page(model, order, FIRST, EVERYTHING, everybody=False)


def of_all(model: Any, order: Order) -> Statement:
    return read_rows._page(model, order, FIRST, EVERYTHING, everybody=True)


def list_by(entity: Entity[Any], columns: Sequence[str]) -> Statement:
    """Return the statement that reads the list of a user or of another parent, in a declared order, by an index."""
    parent, *rest = columns
    orders = [order for order, _ in entity.orders if order.columns == tuple(rest)]
    assert orders, f"{entity.typename} declares no order by {rest}. Name the access path in PATHS."
    if parent == "user_id":
        return ordered(entity.model, orders[0])
    return read_rows._page_of_each(entity.model, parent, orders[0], FIRST, EVERYTHING, everybody=False)


# The access path, its statement, and the required index. IX1 to IX10 mark the ten paths of the first design.
PATHS: list[tuple[str, Statement | str, str]] = [
    ("IX1 IX3 newest mentions of keywords", page_of_each(Mention, "keyword_id", FIRST), "ix_mentions_keyword_id"),
    ("IX3 the page after a cursor", page_of_each(Mention, "keyword_id", NEXT), "ix_mentions_keyword_id"),
    ("IX3 the page before a cursor", page_of_each(Mention, "keyword_id", LAST), "ix_mentions_keyword_id"),
    ("IX2 newest mentions of all users", page(Mention, NEXT, everybody=True), "ix_mentions_created_at_id"),
    ("IX2 newest mentions of a user", page(Mention, NEXT, everybody=False), "ix_mentions_user_id"),
    ("IX2 mentions older than a date", "SELECT id FROM mentions WHERE created_at < $1 ORDER BY created_at DESC, id DESC LIMIT 1000", "ix_mentions_created_at_id"),
    ("IX4 leads of mentions", read_rows._by(Lead, "mention_id", everybody=False), "uq_leads_mention_id"),
    ("IX5 newest leads of all users in a status", "SELECT * FROM leads WHERE status = 'converted' ORDER BY created_at DESC, id DESC LIMIT 20", "ix_leads_status"),
    ("IX6 newest leads of all users", page(Lead, NEXT, everybody=True), "ix_leads_created_at_id"),
    ("IX6 newest leads of a user", page(Lead, NEXT, everybody=False), "ix_leads_user_id"),
    ("IX7 newest leads of a user in a status", "SELECT * FROM leads WHERE user_id = 1 AND status = 'converted' ORDER BY created_at DESC, id DESC LIMIT 20", "ix_leads_user_id_status"),
    ("newest leads of keywords", page_of_each(Lead, "keyword_id", FIRST), "ix_leads_keyword_id"),
    ("IX8 integrations of a user", "SELECT * FROM integrations WHERE user_id = 700 ORDER BY id DESC", "uq_integrations_user_id_id"),
    ("a connected account", "SELECT id FROM integrations WHERE user_id = 700 AND provider = 'rss' AND external_account_id = 'x'", "uq_integrations_user_id_provider_external_account_id"),
    ("IX9 active integrations that are due", "SELECT id FROM integrations WHERE status = 'active' AND next_sync_at <= $1 ORDER BY next_sync_at LIMIT 20", "ix_integrations_next_sync_at"),
    ("IX10 newest logs of integrations", page_of_each(IntegrationLog, "integration_id", FIRST), "ix_integration_logs_integration_id"),
    ("keywords of a user", "SELECT * FROM keywords WHERE user_id = 700 ORDER BY id DESC LIMIT 20", "uq_keywords_user_id_id"),
    ("a keyword by its words", "SELECT id FROM keywords WHERE user_id = 700 AND keyword_norm = 'crm' AND match_type = 'phrase' AND status <> 'archived'", "uq_keywords_user_id_keyword_norm_match_type"),
    ("keywords by id", read_rows._by(Keyword, "id", everybody=True), "pk_keywords"),
    ("an existing mention of a post", "SELECT id FROM mentions WHERE keyword_id = 1 AND platform = 'reddit' AND external_id = 'demo-1'", "uq_mentions_keyword_id_platform_external_id"),
    ("mentions of an integration", page_of_each(Mention, "integration_id", FIRST), "ix_mentions_integration_id"),
    ("leads of an assignee", "SELECT id FROM leads WHERE assignee_user_id = 1", "ix_leads_assignee_user_id"),
    ("a lead by a partner's reference", "SELECT id FROM leads WHERE user_id = 1 AND external_reference = 'crm-100'", "uq_leads_user_id_external_reference"),
    ("keywords of a user with the most mentions", ordered(Keyword, MOST_MENTIONS_FIRST), "ix_keywords_user_id_mentions_count"),
    ("keywords of a user with the most leads", ordered(Keyword, MOST_LEADS_FIRST), "ix_keywords_user_id_leads_count"),
    ("leads of a user by their last change", ordered(Lead, LATEST_CHANGE_FIRST), "ix_leads_user_id_status_changed_at"),
    ("leads of keywords by their last change", read_rows._page_of_each(Lead, "keyword_id", LATEST_CHANGE_FIRST, FIRST, EVERYTHING, everybody=False), "ix_leads_keyword_id_status_changed_at"),
    ("leads of all users by their last change", read_rows._page(Lead, LATEST_CHANGE_FIRST, FIRST, EVERYTHING, everybody=True), "ix_leads_status_changed_at_id"),
    ("last changed users", of_all(User, LATEST_UPDATE_FIRST), "ix_users_updated_at_id"),
    *(
        path
        for model, table in ((Keyword, "keywords"), (Mention, "mentions"), (Integration, "integrations"))
        for path in (
            (f"last changed {table} of a user", ordered(model, LATEST_UPDATE_FIRST), f"ix_{table}_user_id_updated_at"),
            (f"last changed {table} of all users", of_all(model, LATEST_UPDATE_FIRST), f"ix_{table}_updated_at_id"),
            (f"changed {table} of a user, to follow", ordered(model, EARLIEST_UPDATE_FIRST), f"ix_{table}_user_id_updated_at"),
        )
    ),
    ("changed leads of a user, to follow", ordered(Lead, EARLIEST_UPDATE_FIRST), "ix_leads_user_id_updated_at"),
    ("last changed exports of a user", ordered(Export, LATEST_UPDATE_FIRST), "ix_exports_user_id_id"),
    ("last changed API keys of a user", ordered(ApiKey, LATEST_UPDATE_FIRST), "ix_api_keys_user_id_id"),
    ("last changed leads of a user", ordered(Lead, LATEST_UPDATE_FIRST), "ix_leads_user_id_updated_at"),
    ("last changed leads of all users", of_all(Lead, LATEST_UPDATE_FIRST), "ix_leads_updated_at_id"),
    ("best leads of a user", ordered(Lead, HIGHEST_SCORE_FIRST), "ix_leads_user_id_score"),
    ("best leads of all users", of_all(Lead, HIGHEST_SCORE_FIRST), "ix_leads_score_id"),
    ("most valuable leads of a user", ordered(Lead, HIGHEST_VALUE_FIRST), "ix_leads_user_id_value"),
    ("most valuable leads of all users", of_all(Lead, HIGHEST_VALUE_FIRST), "ix_leads_value_id"),
    ("last published mentions of a user", ordered(Mention, LATEST_PUBLISHED_FIRST), "ix_mentions_user_id_published_at"),
    ("last published mentions of all users", of_all(Mention, LATEST_PUBLISHED_FIRST), "ix_mentions_published_at_id"),
    ("a user by e-mail address", "SELECT id FROM users WHERE lower(email) = lower('U7@example.com')", "uq_users_email"),
    ("newest events of leads", page_of_each(LeadEvent, "lead_id", FIRST), "ix_lead_events_lead_id"),
    ("expired idempotency keys", "SELECT key FROM idempotency_keys WHERE expires_at < $1 ORDER BY expires_at LIMIT 10", "ix_idempotency_keys_expires_at"),
    ("an idempotency key", "SELECT response FROM idempotency_keys WHERE user_id = 700 AND key = 'a'", "pk_idempotency_keys"),
    ("newest logs of a user", page(IntegrationLog, NEXT, everybody=False), "ix_integration_logs_user_id"),
    ("newest logs of all users", page(IntegrationLog, NEXT, everybody=True), "ix_integration_logs_created_at_id"),
    ("exports of a user", list_by(EXPORT, ["user_id", "id"]), "ix_exports_user_id_id"),
    ("expired files", exports._take_expired_export(), "ix_exports_expires_at"),
    ("exports to delete", "SELECT id FROM exports WHERE purged_at <= $1 LIMIT 1000", "ix_exports_purged_at"),
    ("the piece of a file that contains a byte", "SELECT data FROM export_parts WHERE export_id = 700 AND starts_at <= 2500 ORDER BY starts_at DESC LIMIT 1", "pk_export_parts"),
    ("the password of a user", "SELECT hash FROM passwords WHERE user_id = 700", "pk_passwords"),
    ("a session", "SELECT id FROM sessions WHERE token_hash = sha256('700')", "uq_sessions_token_hash"),
    ("a rotated session", "SELECT id FROM sessions WHERE previous_hash = sha256('p700')", "ix_sessions_previous_hash"),
    ("sessions of a user", "SELECT id FROM sessions WHERE user_id = 700 ORDER BY id DESC", "ix_sessions_user_id_id"),
    ("ended sessions", "SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT 10", "ix_sessions_expires_at"),
    ("a known device", "SELECT 1 FROM known_devices WHERE user_id = 700 AND digest = sha256('1')", "pk_known_devices"),
    ("forgotten devices", "SELECT digest FROM known_devices WHERE seen_at < $1 ORDER BY seen_at LIMIT 10", "ix_known_devices_seen_at"),
    ("a browser token", "SELECT scopes FROM browser_tokens WHERE token_hash = sha256('700')", "pk_browser_tokens"),
    ("browser tokens of a user", "SELECT 1 FROM browser_tokens WHERE user_id = 700", "ix_browser_tokens_user_id"),
    ("browser tokens of a key", "SELECT 1 FROM browser_tokens WHERE api_key_id = 700", "ix_browser_tokens_api_key_id"),
    ("expired browser tokens", "SELECT 1 FROM browser_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT 10", "ix_browser_tokens_expires_at"),
    ("API keys of a user", "SELECT id FROM api_keys WHERE user_id = 700 ORDER BY id", "ix_api_keys_user_id_id"),
    ("API keys of a user, paged", list_by(API_KEY, ["user_id", "id"]), "ix_api_keys_user_id_id"),
    ("webhooks of a user", "SELECT id FROM webhooks WHERE user_id = 700 ORDER BY id DESC LIMIT 20", "uq_webhooks_user_id_id"),
    ("webhooks that get events", "SELECT id FROM webhooks WHERE status = 'active' ORDER BY id", "ix_webhooks_active"),
    ("keys of a webhook", "SELECT id FROM webhook_secrets WHERE webhook_id = 700 ORDER BY id", "ix_webhook_secrets_webhook_id_id"),
    ("the delivery of an event", "SELECT id FROM webhook_deliveries WHERE webhook_id = 700 AND message_id = 'msg_1'", "uq_webhook_deliveries_webhook_id_message_id"),
    ("deliveries of a user", "SELECT id FROM webhook_deliveries WHERE user_id = 700 ORDER BY id DESC LIMIT 20", "ix_webhook_deliveries_user_id_id"),
    ("deliveries of a webhook", "SELECT id FROM webhook_deliveries WHERE webhook_id = 700 ORDER BY id DESC LIMIT 20", "ix_webhook_deliveries_webhook_id_id"),
    ("due deliveries of a webhook", "SELECT id FROM webhook_deliveries WHERE webhook_id = 700 AND status = 'pending' AND due_at <= $1 ORDER BY due_at LIMIT 8", "ix_webhook_deliveries_due"),
    ("pending deliveries about a row", "SELECT id FROM webhook_deliveries WHERE webhook_id = 700 AND entity = 'Lead' AND entity_id = 1 AND status = 'pending' ORDER BY id LIMIT 1", "ix_webhook_deliveries_row"),
    ("finished deliveries to delete", "SELECT id FROM webhook_deliveries WHERE finished_at <= $1 LIMIT 1000", "ix_webhook_deliveries_finished_at"),
    ("a user whose deletion has begun", "SELECT id FROM users WHERE status = 'deleted' ORDER BY id LIMIT 1", "ix_users_deleted"),
]  # fmt: skip


def indexes_of(plan: Any) -> set[str]:
    if isinstance(plan, list):
        return set().union(*map(indexes_of, plan))
    if not isinstance(plan, dict):
        return set()
    assert plan.get("Node Type") != "Seq Scan", plan
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own.union(*map(indexes_of, plan.values()))


async def explain(pool: Pool, statement: Statement | str) -> set[str]:
    if isinstance(statement, str):
        sql = statement
        arguments: list[object] = [AT] if "$1" in statement else []
    else:
        sql = statement.sql
        arguments = statement.arguments(
            {
                "keys": [1, 2, 3],
                "scope_user_id": 1,
                "limit": 21,
                "most": 20,
                "first": 1,
                "last": 99,
                "now": AT,
                "integration_id": 1,
                "after": AT,
                "credentials_set_at": AT,
                "under_way": timedelta(hours=6),
            }
            | EDGES
            | WHERE
            | dict(PERIODS)
        )
    return await indexes_of_statement(pool, sql, arguments)


async def indexes_of_statement(pool: Pool, sql: str, arguments: Sequence[object]) -> set[str]:
    """Return the indexes of the plan. The index of a partition counts as that of its table."""
    plan = await pool.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
    partitions = await pool.fetch(
        "SELECT inhrelid::regclass::text AS name, inhparent::regclass::text AS of FROM pg_inherits "
        "JOIN pg_index ON indexrelid = inhrelid"
    )
    of_table = {row["name"]: row["of"] for row in partitions}
    return {of_table.get(name, name) for name in indexes_of(json.loads(plan))}


@pytest.mark.parametrize(("name", "statement", "index"), PATHS, ids=[name for name, _, _ in PATHS])
async def test_each_access_path_uses_its_index(
    seeded: Pool, name: str, statement: Statement | str, index: str
) -> None:
    assert await explain(seeded, statement) == {index}, name


def is_(field: str, value: str) -> Filter:
    return Condition(field, Operator.EQ, value)


# A filter checks the rows of the list's index, or uses its own index if few rows match.
FILTERS: list[tuple[str, Statement, set[str]]] = [
    ("words, newest first", read_rows._page(Mention, NEWEST_FIRST, FIRST, Condition("search", Operator.MATCHES, "where_0"), everybody=False), {"ix_mentions_user_id_search"}),
    ("words, best match first", read_rows._page(Mention, BEST_MATCH_FIRST, FIRST, Condition("search", Operator.MATCHES, "where_0"), everybody=False), {"ix_mentions_user_id_search"}),
    ("number of mentions with an intent", counts._count(Mention, None, is_("intent", "where_0"), everybody=False), {"ix_analysis_results_user_id_intent_mention_id", "pk_mentions"}),
    ("number of mentions with a sentiment", counts._count(Mention, None, is_("sentiment", "where_0"), everybody=False), {"ix_analysis_results_user_id_sentiment_mention_id", "pk_mentions"}),
    ("number of mentions with a relevance", counts._count(Mention, None, is_("relevance", "where_0"), everybody=False), {"ix_analysis_results_user_id_relevance_mention_id", "pk_mentions"}),
    ("newest with a common sentiment", read_rows._page(Mention, NEWEST_FIRST, FIRST, is_("sentiment", "where_2"), everybody=False), {"ix_mentions_user_id", "ix_analysis_results_user_id_sentiment_mention_id"}),
    ("newest of a platform, by keyword", read_rows._page_of_each(Mention, "keyword_id", NEWEST_FIRST, FIRST, is_("platform", "where_1"), everybody=False), {"ix_mentions_keyword_id"}),
    ("newest without a lead, by keyword", read_rows._page_of_each(Mention, "keyword_id", NEWEST_FIRST, FIRST, Condition("lead", Operator.IS_NULL, True), everybody=False), {"ix_mentions_keyword_id", "uq_leads_mention_id"}),
    *(
        (f"newest {name}", read_rows._page(Mention, NEWEST_FIRST, FIRST, Condition(mark, Operator.IS_NULL, name == "unread"), everybody=False), {f"ix_mentions_user_id_{name}"})
        for name, mark in (("unread", "read_at"), ("starred", "starred_at"), ("dismissed", "dismissed_at"), ("engaged", "engaged_at"))
    ),
    ("leads in a status", read_rows._page(Lead, NEWEST_FIRST, FIRST, is_("status", "where_0"), everybody=False), {"ix_leads_user_id_status"}),
    ("most relevant mentions of a user", ordered(Mention, MOST_RELEVANT_FIRST), {"ix_analysis_results_user_id_relevance_score", "pk_mentions"}),
    ("most relevant mentions of all users", of_all(Mention, MOST_RELEVANT_FIRST), {"ix_analysis_results_relevance_score_mention_id", "pk_mentions"}),
    ("mentions of a user by the post's ID", counts._count(Mention, None, is_("external_id", "where_1"), everybody=False), {"ix_mentions_user_id_external_id"}),
    ("leads with a tag", counts._count(Lead, None, Condition("tags", Operator.HAS_ANY, "tags"), everybody=False), {"ix_leads_user_id_search"}),
    ("leads with two tags", counts._count(Lead, None, Condition("tags", Operator.HAS_ALL, "tags"), everybody=False), {"ix_leads_user_id_search"}),
    ("leads by a part of the company", counts._count(Lead, None, Condition("company", Operator.CONTAINS, "part"), everybody=False), {"ix_leads_user_id_search"}),
    ("leads by a part of the e-mail address", counts._count(Lead, None, Condition("contact_email", Operator.CONTAINS, "part"), everybody=False), {"ix_leads_user_id_search"}),
    ("leads by words of the lead and of its mention", counts._count(Lead, None, Condition("search", Operator.MATCHES, "rare"), everybody=False), {"ix_leads_user_id_search", "ix_mentions_user_id_search", "uq_leads_mention_id", "pk_leads"}),
    ("leads of two platforms", read_rows._page(Lead, NEWEST_FIRST, FIRST, AnyOf((is_("platform", "where_0"), Not(is_("platform", "where_1")))), everybody=False), {"ix_leads_user_id", "pk_mentions"}),
    ("counts by platform of each keyword", counts._group(Mention, "keyword_id", "platform", EVERYTHING, everybody=False), {"ix_mentions_keyword_id"}),
    ("unfinished exports of a user", exports._unfinished_exports(everybody=False), {"ix_exports_user_id_id", "ix_exports_due_at"}),
    ("the next due export", exports._take_export(), {"ix_exports_due_at", "pk_users"}),
    ("days of a user", counts._per_window(Mention, None, EVERYTHING, everybody=False), {"ix_mentions_user_id"}),
]  # fmt: skip


# The sample of ANALYZE decides between two indexes that begin with the keyword and cost the same.
EQUAL = {"counts by platform of each keyword": [{"uq_mentions_keyword_id_platform_external_id"}]}


@pytest.mark.parametrize(("name", "statement", "indexes"), FILTERS, ids=[name for name, _, _ in FILTERS])
async def test_filters_and_counts_use_indexes(
    seeded: Pool, name: str, statement: Statement, indexes: set[str]
) -> None:
    used = await explain(seeded, statement)
    assert used == indexes or used in EQUAL.get(name, ()), name


# Dashboards read roll-ups, and small tables by user.
PERIODS = buckets.part_values(
    (
        (
            AT.replace(minute=0, second=0, microsecond=0),
            AT.replace(minute=0, second=0, microsecond=0) + timedelta(days=30),
        ),
    )
)
FIGURES: list[tuple[str, Statement, set[str]]] = [
    ("sums of users", buckets._slots("user_id", everybody=False), {"pk_user_slot_stats", "pk_user_day_stats"}),
    ("sums of keywords", buckets._slots("keyword_id", everybody=False), {"pk_slot_stats", "pk_day_stats"}),
    ("sums of all users", buckets._slots("user_id", everybody=True), {"pk_user_slot_stats", "pk_user_day_stats"}),
    ("the best keywords", keyword_ranking._keywords_ranking(tuple(keyword_ranking.Ranking), everybody=False), {"uq_keywords_user_id_id", "pk_slot_stats", "pk_day_stats"}),
    ("efficiency of keywords", keyword_ranking._keywords_efficiency(everybody=False), {"ix_keywords_user_id_mentions_count", "ix_keywords_user_id_updated_at"}),
    ("recent leads", recent_leads._leads_recent(everybody=False), {"ix_leads_user_id", "pk_mentions", "pk_keywords"}),
    ("health of integrations", integration_health._integrations_health("user_id", everybody=False), {"ix_integrations_user_id_updated_at", "ix_integration_logs_integration_id", "pk_integration_days"}),
    ("failures of an integration", integration_runs._integration_failures_after(), {"ix_integration_logs_integration_id_ran_at"}),
    ("leads with the same address", same_contact._leads_same_contact(everybody=False, shape=EVERY_COLUMN.shape(Lead)), {"pk_leads", "ix_leads_user_id_contact_email"}),
    ("leads to score", lead_score._leads_to_score(which=lead_score.Which.ALL), {"pk_leads"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "statement", "indexes"), FIGURES, ids=[name for name, _, _ in FIGURES])
async def test_dashboard_figures_use_indexes(
    seeded: Pool, name: str, statement: Statement, indexes: set[str]
) -> None:
    assert await explain(seeded, statement) == indexes, name


async def test_runs_of_a_day_are_found_by_the_index_of_their_integration(seeded: Pool) -> None:
    now = datetime.now(UTC)
    sent = integration_health._integrations_conditions()
    arguments = sent.arguments({"keys": [1, 2, 3], "since": now - timedelta(days=1), "now": now})
    found = await indexes_of_statement(seeded, sent.sql, arguments)
    assert found == {"pk_integrations", "ix_integration_logs_integration_id_ran_at"}
    sent = integration_health._integration_days_count()
    arguments = sent.arguments({"keys": [1], "since": now - timedelta(days=1), "until": now})
    found = await indexes_of_statement(seeded, sent.sql, arguments)
    logs = {"ix_integration_logs_integration_id", "ix_integration_logs_integration_id_ran_at"}
    assert found == {"pk_integration_days", *logs}


async def test_joined_rows_are_looked_up_by_their_key_whatever_the_planner_prefers(seeded: Pool) -> None:
    """A hash join would read the whole table of mentions for one page of leads."""
    user = Join(KEYWORD.relations["user"], Shape(User, ("id", "email")))
    keyword = Join(MENTION.relations["keyword"], Shape(Keyword, ("id", "keyword"), (user,)))
    mention = Join(LEAD.relations["mention"], Shape(Mention, ("id", "content"), (keyword,)))
    shape = Shape(Lead, ("id",), (mention,))
    sent = read_rows._page(Lead, NEWEST_FIRST, FIRST, EVERYTHING, everybody=False, shape=shape)
    arguments = sent.arguments({"scope_user_id": 1, "limit": 101})
    async with seeded.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sent.sql}", *arguments)
    assert nodes_of(json.loads(plan)) >= {"Nested Loop", "Index Scan"}
    assert not nodes_of(json.loads(plan)) & {"Hash Join", "Merge Join", "Seq Scan"}
    assert indexes_of(json.loads(plan)) == {"ix_leads_user_id", "pk_mentions", "pk_keywords", "pk_users"}


def nodes_of(plan: Any) -> set[str]:
    """Return the types of all nodes of the plan."""
    if isinstance(plan, list):
        return set().union(*map(nodes_of, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["Node Type"]} if "Node Type" in plan else set()
    return own.union(*map(nodes_of, plan.values()))


def test_the_ten_paths_of_the_first_design_are_tested() -> None:
    named = {word for name, _, _ in PATHS for word in name.split() if word.startswith("IX")}
    assert named == {f"IX{number}" for number in range(1, 11)}


# Indexes that no listed path uses alone, with their purpose.
OTHER_INDEXES = {
    "pk_users": "rows by id",
    "pk_mentions": "rows by id",
    "pk_leads": "rows by id",
    "pk_lead_events": "rows by id",
    "pk_analysis_results": "analyses of mentions",
    "pk_integrations": "rows by id",
    "pk_integration_logs": "rows by id",
    "pk_api_keys": "authentication",
    "pk_exports": "rows by id",
    "pk_sessions": "sessions by id",
    "pk_webhooks": "rows by id",
    "pk_webhook_secrets": "rows by id",
    "pk_webhook_deliveries": "rows by id",
    "pk_background_tasks": "the tasks of workers",
    "pk_backfills": "how far a backfill has come",
    "pk_schema_support": "the oldest release that may run on the schema",
    "alembic_version_pkc": "Alembic's own",
    "pk_change_feed": "the only row",
    "pk_changes": "changes of all owners from one ID on (tests/db/statements/test_change.py)",
    "ix_changes_user_id_id": "changes of a user (as above)",
    "ix_changes_xid_id": "changes of transactions that a snapshot did not see (as above)",
    "ix_changes_row_ids": "changes of a row (as above)",
    **{f"pk_{entity.model.__tablename__}": "rows by id" for entity in ENTITIES},
}


def named_paths() -> set[str]:
    """Return the indexes of the paths, filters and figures above."""
    lists = (indexes for _, _, indexes in [*FILTERS, *FIGURES])
    return {index for _, _, index in PATHS}.union(*lists)


def paths_of_entities() -> Iterator[tuple[str, Statement]]:
    """Yield the indexes of entities that no path above names, each with the statement of its list."""
    for entity in ENTITIES:
        for index in table_of(entity.model).indexes:
            if index.name is not None and index.name not in named_paths():
                columns = [str(one).removesuffix(" DESC").rpartition(".")[2] for one in index.expressions]
                yield index.name, list_by(entity, columns)


async def test_an_index_that_no_path_names_serves_a_list_of_its_entity(seeded: Pool) -> None:
    """The indexes of a new entity are found here: its declaration names the lists and their orders."""
    for index, statement in paths_of_entities():
        assert await explain(seeded, statement) == {index}, index


async def test_each_index_serves_an_access_path(seeded: Pool) -> None:
    found = {row["name"] for row in await seeded.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index "
        "WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND NOT relispartition)"
    )}  # fmt: skip
    assert found == named_paths() | set(dict(paths_of_entities())) | set(OTHER_INDEXES)


async def test_no_index_is_invalid_or_a_prefix_of_another(seeded: Pool) -> None:
    """An index that is a prefix of another only slows writers down."""
    found = await seeded.fetch(
        """
        SELECT indexrelid::regclass::text AS name, indrelid AS tab, indisvalid AS valid,
            regexp_replace(pg_get_indexdef(indexrelid), '^.* USING btree \\((.*?)\\)( WHERE .*)?$', '\\1') AS columns,
            coalesce(pg_get_expr(indpred, indrelid), '') AS condition
        FROM pg_index
        WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        """
    )
    assert len(found) >= 30
    assert all(row["valid"] for row in found)
    doubles = [
        (shorter["name"], longer["name"])
        for shorter in found
        for longer in found
        if shorter["name"] != longer["name"]
        and shorter["tab"] == longer["tab"]
        and shorter["condition"] == longer["condition"]
        and f"{longer['columns']}, ".startswith(f"{shorter['columns']}, ")
    ]
    assert doubles == []
