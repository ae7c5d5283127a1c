"""`leadgraph leads` and `leadgraph integrations`."""

import pytest

from db.engine.pool import Pool
from db.integrity.counters import LOCK_USERS
from server.runtime.errors import CommandError
from tests.support.command import Command


@pytest.fixture
async def data(pool: Pool) -> Pool:
    """A user with five analysed leads and two integrations."""
    await pool.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
    await pool.execute("INSERT INTO keywords (user_id, keyword) SELECT id, 'words' FROM users")
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT user_id, id, 'x', n, 'u', 'text' FROM keywords, generate_series(1, 5) AS n"
    )
    await pool.execute(
        "INSERT INTO analysis_results (mention_id, status, sentiment, relevance) "
        "SELECT id, 'succeeded', 'neutral', 'high' FROM mentions"
    )
    await pool.execute("INSERT INTO leads (mention_id) SELECT id FROM mentions ORDER BY id")
    await pool.execute(
        "INSERT INTO integrations (user_id, provider, kind, external_account_id, status) "
        "SELECT id, 'rss', 'source', n, 'disconnected' FROM users, generate_series(1, 2) AS n"
    )
    return pool


async def test_rescore_scores_leads_batch_by_batch(data: Pool, command: Command) -> None:
    result = await command("leads", "rescore", "--batch", "2")
    assert result.stdout.splitlines() == [
        "leads up to ID 2: 2",
        "leads up to ID 4: 2",
        "leads up to ID 5: 1",
        "5 leads done.",
    ]
    assert await data.fetchval("SELECT count(*) FROM leads WHERE score_version = '1'") == 5
    assert (await command("leads", "rescore")).stdout == "0 leads done.\n"
    again = await command("leads", "rescore", "--all", "--from-id", "3", "--to-id", "4")
    assert again.stdout.splitlines() == ["leads up to ID 4: 2", "2 leads done."]


async def test_refresh_health_computes_the_health_of_all_integrations(data: Pool, command: Command) -> None:
    result = await command("integrations", "refresh-health")
    assert result.stdout.splitlines() == ["integrations up to ID 2: 2", "2 integrations done."]
    assert await data.fetchval("SELECT count(*) FROM integrations WHERE health_version = '1'") == 2


async def test_refresh_health_leaves_the_data_version_unchanged(data: Pool, command: Command) -> None:
    version = "SELECT data_version FROM users"
    before = await data.fetchval(version)
    await command("integrations", "refresh-health")
    assert await data.fetchval(version) == before


async def test_rescore_refuses_ids_in_the_wrong_order(command: Command) -> None:
    result = await command("leads", "rescore", "--from-id", "3", "--to-id", "2")
    assert isinstance(result.exception, CommandError)
    assert str(result.exception) == "--from-id must not be larger than --to-id: 3 > 2."


async def test_a_batch_that_waits_too_long_is_reported_in_one_sentence(
    data: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_STATEMENT_TIMEOUT_SECONDS", "1")
    async with data.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(LOCK_USERS, [1])
        result = await command("leads", "rescore")
        await transaction.rollback()
    assert isinstance(result.exception, CommandError)
    assert "Pass a smaller --batch" in str(result.exception)
