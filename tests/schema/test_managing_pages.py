"""The documents of the pages that manage keywords, integrations, exports and settings, executed by the API."""

import json
import re
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from server.page.documents import FOLDER
from tests.support.world import Ask, World

PAGES = ("keywords", "integrations", "exports", "settings")
DOCUMENTS = {
    match[1]: text
    for page in PAGES
    for text in json.loads((FOLDER / f"{page}.json").read_text("utf-8")).values()
    if (match := re.match(r"query (\w+)", text))
}
LIST = {"first": 100}
VARIABLES: dict[str, dict[str, Any]] = {
    "KeywordsList": {**LIST, "filter": {"keyword": {"contains": "ann"}}, "orderBy": "MOST_LEADS"},
    "IntegrationsList": LIST,
    "IntegrationsDetail": LIST,
    "IntegrationsWebhooks": LIST,
    "IntegrationsWebhook": LIST,
    "IntegrationsObjects": {},
    "ExportsList": LIST,
    "SettingsProfile": {},
    "SettingsSessions": {},
    "SettingsKeys": LIST,
}


async def add_rows(world: World, number: int) -> None:
    """Add so many rows of each kind."""
    user_id = world.users["ann"]
    await world.add_keywords("ann", keywords=number, mentions=2)
    await world.add_integrations("ann", integrations=number, logs=number)
    for sql in (
        (
            "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
            "SELECT $1, false, 'leads', 'csv', '{id}', '{}' FROM generate_series(1, $2)"
        ),
        (
            "INSERT INTO api_keys (user_id, name, scopes, secret_hash) "
            "SELECT $1, 'key ' || n, '{read:leads}', sha256(gen_random_uuid()::text::bytea) FROM generate_series(1, $2) AS n"
        ),
        (
            "INSERT INTO sessions (user_id, token_hash, expires_at, ends_at) "
            "SELECT $1, sha256(gen_random_uuid()::text::bytea), now() + interval '1 day', now() + interval '1 day' "
            "FROM generate_series(1, $2)"
        ),
        (
            "INSERT INTO webhooks (user_id, everybody, url, event_types, scopes, position, change_id) "
            "SELECT $1, false, 'https://example.com/' || n, '{lead.created}', '{read:leads}', '', 0 "
            "FROM generate_series(1, $2) AS n"
        ),
        (
            "INSERT INTO webhook_deliveries (user_id, webhook_id, message_id, event_type, entity, entity_id, occurred_at) "
            "SELECT $1, (SELECT min(id) FROM webhooks WHERE user_id = $1), 'msg ' || gen_random_uuid(), 'lead.created', "
            "'Lead', n, now() FROM generate_series(1, $2) AS n"
        ),
    ):
        await world.pool.execute(sql, user_id, number)


def test_each_query_of_these_pages_has_variables_here() -> None:
    assert sorted(DOCUMENTS) == sorted(VARIABLES)


@pytest.mark.parametrize("name", sorted(VARIABLES))
async def test_ten_times_the_rows_take_the_same_statements(world: World, ask: Ask, name: str) -> None:
    await add_rows(world, 2)
    variables = dict(VARIABLES[name])
    if name in {"IntegrationsDetail", "IntegrationsWebhook"}:
        kind = name.removeprefix("Integrations").replace("Detail", "Integration")
        table = f"{kind.lower()}s"
        variables["id"] = encode(kind, await world.pool.fetchval(f"SELECT min(id) FROM {table}"))
    few = await ask(DOCUMENTS[name], **variables)
    await add_rows(world, 18)
    await world.pool.execute(
        "UPDATE users SET data_version = data_version + 1"
    )  # cached figures are outdated
    many = await ask(DOCUMENTS[name], **variables)
    assert many.statements == few.statements
    assert len(json.dumps(many.data)) >= len(json.dumps(few.data))
    assert len(few.statements) <= 5
