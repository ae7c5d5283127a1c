"""The receiver of the guide, run as a program, and the check of stored documents."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from resolvers.framework.global_id import encode
from server.webhooks.rendering import ExecutedRendering
from services.webhooks.documents import wrong_documents
from tests.server.webhooks.conftest import GRAPH, Hooks
from tests.server.webhooks.test_dispatch import add
from tests.server.webhooks.test_pump import settled
from tests.support import rows
from tests.support.ports import free_port

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "examples" / "python" / "receive_webhooks.py"


def test_the_guide_quotes_the_program() -> None:
    guide = (ROOT / "docs" / "guides" / "webhooks.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert blocks
    assert all(block in PROGRAM.read_text() for block in blocks)


async def test_the_program_handles_each_message_once(hooks: Hooks, tmp_path: Path) -> None:
    user, port = await rows.add_user(hooks.pool), free_port()
    made = await add(hooks, user, f"http://127.0.0.1:{port}/leadgraph", "keyword.created")
    assert made.shown is not None
    environment = {**os.environ, "WEBHOOK_SECRET": made.shown, "WEBHOOK_INBOX": str(tmp_path / "inbox.db")}
    program = subprocess.Popen(
        [sys.executable, PROGRAM, str(port)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert await asyncio.to_thread(program.stdout.readline) == "Listening\n"
        await hooks.deliver(
            made.webhook, ("msg_1", 1, "2026-11-30T12:00:00Z"), ("msg_2", 2, "2026-11-30T12:00:00Z")
        )
        async with hooks.pump():
            await settled(hooks)
            await hooks.pool.execute(
                "UPDATE webhook_deliveries SET status = 'pending', finished_at = NULL, due_at = now()"
            )
            await settled(hooks)
            await hooks.pool.execute(
                "UPDATE webhook_secrets SET sealed = $1, key_id = $2",
                *other_key(hooks, made.webhook.id, user),
            )
            await hooks.deliver(made.webhook, ("msg_3", 3, "2026-11-30T12:00:00Z"))
            async with asyncio.timeout(10):
                sql = "SELECT response_status FROM webhook_deliveries WHERE message_id = 'msg_3'"
                while (status := await hooks.pool.fetchval(sql)) is None:
                    await asyncio.sleep(0.02)
    finally:
        program.kill()
        output, _ = program.communicate()
    assert sorted(output.splitlines()) == [f"lead.updated {encode('Lead', number)}" for number in (1, 2)]
    assert status == 400


def other_key(hooks: Hooks, webhook_id: int, user_id: int) -> tuple[bytes, str]:
    """Return another sealed key for the webhook."""
    from services.webhooks import keys  # noqa: PLC0415 - this function alone needs them
    from services.webhooks.signatures import SignatureVersion, new_key  # noqa: PLC0415 - as above

    sealed = hooks.vault.seal(new_key(SignatureVersion.V1), keys.owner_of(user_id, webhook_id))
    return sealed.token, sealed.key_id


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("query($id: ID!) { node(id: $id) { id } }", None),
        (
            "query($id: ID!) { node(id: $id) { ... on Lead { removedField } } }",
            "Cannot query field 'removedField'",
        ),
        (
            "query($id: ID!) { node(id: $id) { ... on Lead { mention { id } } } }",
            "This API key lacks the scope",
        ),
    ],
)
async def test_stored_documents_are_checked_against_the_schema(
    hooks: Hooks, document: str, problem: str | None
) -> None:
    user = await rows.add_user(hooks.pool)
    await add(hooks, user, "https://example.com", "lead.created", document=document, scopes=["read:leads"])
    found = await wrong_documents(hooks.pool, ExecutedRendering(lambda: GRAPH, hooks.pool))
    assert [each.problem.startswith(problem or "none") for each in found] == ([True] if problem else [])
