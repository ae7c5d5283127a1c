"""Users see their own writes in the same operation, and in the next request to any process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.accounts import api_key
from tests.support.sender import AddSender
from tests.support.serving import served

_USER = """
  keywordsCount mentionsCount leadsCount newLeadsCount qualifiedLeadsCount
  keywords { totalCount } mentions { totalCount } leads { totalCount nodes { status } }
  dashboard { conversionMetrics { totalLeads newLeads { value } topPerformingKeyword { keyword { id } } } }
"""
VIEWER = f"query Viewer {{ viewer {{ {_USER} }} }}"


def figures(*, keywords: int = 0, mentions: int = 0, lead: str | None = None, top: str | None = None) -> Any:
    """Return the expected figures of the viewer. `lead` is the status of the only lead."""
    leads = 0 if lead is None else 1
    return {
        "keywordsCount": keywords,
        "mentionsCount": mentions,
        "leadsCount": leads,
        "newLeadsCount": int(lead == "NEW"),
        "qualifiedLeadsCount": int(lead == "QUALIFIED"),
        "keywords": {"totalCount": keywords},
        "mentions": {"totalCount": mentions},
        "leads": {"totalCount": leads, "nodes": [] if lead is None else [{"status": lead}]},
        "dashboard": {
            "conversionMetrics": {
                "totalLeads": leads,
                "newLeads": {"value": leads},
                "topPerformingKeyword": None if top is None else {"keyword": {"id": top}},
            }
        },
    }


class Servers:
    """Processes on one database, each with its own cache. Writes go to one after the other."""

    def __init__(self, clients: list[httpx.AsyncClient]) -> None:
        self.clients = clients
        self._writes = 0

    async def ask(self, client: httpx.AsyncClient, document: str, **variables: object) -> Any:
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def write(self, name: str, given: Mapping[str, object], selected: str = "") -> Any:
        """Run a mutation, and return its payload with the selected fields."""
        self._writes += 1
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = f"""mutation Write($input: {type_}!) {{
          payload: {name}(input: $input) {{ {selected} userErrors {{ code message }} }}
        }}"""
        client = self.clients[self._writes % len(self.clients)]
        payload = (await self.ask(client, document, input=given))["payload"]
        assert payload["userErrors"] == []
        return payload

    async def all_show(self, expected: Any) -> None:
        """Ask each process twice, for a computed and for a cached figure."""
        for client in self.clients * 2:
            assert (await self.ask(client, VIEWER))["viewer"] == expected


@pytest.fixture(params=[1, 3], ids=["one process", "three processes"])
async def servers(
    request: pytest.FixtureRequest, database_url: str, add_sender: AddSender, tmp_path: Path
) -> AsyncIterator[Servers]:
    ann = await add_sender(scopes=tuple(api_key.ALL_SCOPES))
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(request.param):
            origin, _ = await stack.enter_async_context(served(database_url, tmp_path / str(number)))
            client = httpx.AsyncClient(
                base_url=origin, headers={"authorization": ann.headers["authorization"]}, timeout=60
            )
            clients.append(await stack.enter_async_context(client))
        yield Servers(clients)


async def test_users_see_their_own_writes_at_once_in_every_process(servers: Servers) -> None:
    await servers.all_show(figures())

    user = f"user {{ {_USER} }}"
    payload = await servers.write("createKeyword", {"keyword": "crm"}, f"keyword {{ id {user} }}")
    word = payload["keyword"]["id"]
    assert payload["keyword"]["user"] == figures(keywords=1)
    await servers.all_show(figures(keywords=1))

    post = {
        "keywordId": word,
        "platform": "X",
        "externalId": "1",
        "url": "https://x.example/1",
        "content": "a crm",
    }
    mentions = "results { mentions { mentionId } }"
    payload = await servers.write("ingestMentions", {"items": [post]}, mentions)
    (mention,) = payload["results"][0]["mentions"]
    await servers.all_show(figures(keywords=1, mentions=1))

    lead = f"lead {{ id {user} }}"
    payload = await servers.write("createLead", {"mentionId": mention["mentionId"]}, lead)
    expected = figures(keywords=1, mentions=1, lead="NEW", top=word)
    assert payload["lead"]["user"] == expected
    await servers.all_show(expected)

    change = {"id": payload["lead"]["id"], "status": "QUALIFIED"}
    payload = await servers.write("changeLeadStatus", change, lead)
    expected = figures(keywords=1, mentions=1, lead="QUALIFIED", top=word)
    assert payload["lead"]["user"] == expected
    await servers.all_show(expected)

    await servers.write("deleteKeyword", {"id": word})
    await servers.all_show(figures())
