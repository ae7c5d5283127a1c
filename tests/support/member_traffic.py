"""The use of the product by a member: every root and relation of the schema, every mutation, and the other ways in."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored_session
from resolvers.framework.export_columns import export_table_of
from resolvers.framework.global_id import encode
from resolvers.webhook import fed_entities
from schema.graph import build
from schema.prepared.limits import Limits
from server.app import create_app
from server.http.auth import Authenticator
from server.http.session_auth import SessionAuthenticator
from server.live.limits import LiveLimits
from server.runtime import tasks
from server.runtime.background import in_background
from server.runtime.settings import load_settings
from server.webhooks.client import Client
from server.webhooks.pump import Pump
from server.webhooks.rendering import ExecutedRendering
from services.accounts.api_keys import ApiKeys
from services.accounts.vault import Vault
from services.browsers.browser_tokens import BrowserTokens
from services.browsers.passwords import hash_of
from services.browsers.sessions import Sessions
from services.export.download_link import LinkSigner
from services.export.jobs import take_turn
from services.webhooks.addresses import Fence
from services.webhooks.dispatch import Dispatcher
from tests.support.listening import ListeningServer, listening
from tests.support.live_client import event_stream
from tests.support.receivers import receiving
from tests.support.world import World

PASSWORD, OTHER_PASSWORD = "correct horse battery", "another horse battery"
APP = "https://app.example.com"
OF_OPERATORS = frozenset({"createUser", "suspendUser", "resumeUser", "deleteUser"})
"""The mutations that only operators may call."""


@dataclass
class Member:
    """A member on a served application. `called` names the mutations that succeeded."""

    world: World
    name: str
    client: httpx.AsyncClient
    server: ListeningServer
    called: set[str] = field(default_factory=set)

    @property
    def pool(self) -> Pool:
        return self.world.pool

    @property
    def user_id(self) -> int:
        return self.world.users[self.name]

    async def ask(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """Return the data of a response without errors."""
        given = {"authorization": f"Bearer {self.world.keys[self.name]}"} if headers is None else headers
        response = await self.client.post(
            "/graphql", json={"query": document, "variables": variables}, headers=given
        )
        answer = response.json()
        assert "errors" not in answer, (document, variables, answer["errors"])
        return answer["data"]

    async def call(
        self, name: str, selected: str = "", headers: dict[str, str] | None = None, /, **given: Any
    ) -> Any:
        """Call a mutation, and return its payload without user errors."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation ($input: {type_}!) {{ {name}(input: $input) {{ {selected} userErrors {{ code message }} }} }}"
        payload = (await self.ask(document, headers, input=given))[name]
        assert payload["userErrors"] == [], (name, given, payload)
        self.called.add(name)
        return payload

    async def id_of(self, typename: str, table: str, condition: str = "true") -> str:
        """Return the global ID of the member's newest row."""
        sql = f"SELECT max(id) FROM {table} WHERE user_id = $1 AND {condition}"
        return encode(typename, await self.pool.fetchval(sql, self.user_id))


@asynccontextmanager
async def served_member(world: World, name: str) -> AsyncIterator[Member]:
    """Serve the application to a member, with sessions, browser tokens, webhooks and live data."""
    pool = world.pool
    authenticator = Authenticator(
        ApiKeys(pool),
        SessionAuthenticator(Sessions(pool), [APP], trust_seconds=0),
        BrowserTokens(pool),
        trust_seconds=0,
    )
    app = create_app(
        pool,
        graph=build(load_settings().executor, limits=Limits(aliases=10_000)),
        authenticator=authenticator,
        vault=Vault([world.vault_key]),
        links=LinkSigner([world.vault_key]),
        origins=[APP],
        live_limits=LiveLimits(check_seconds=0.2, query_seconds=0.05),
        allow_private_webhooks=True,
        guard="off",
    )
    async with listening(app) as server, httpx.AsyncClient(base_url=server.origin, timeout=60) as client:
        yield Member(world, name, client, server)


async def export(member: Member) -> None:
    """Export lists, download a file by key and by link, and cancel an export."""
    made = None
    for list_ in ("keywords", "mentions", "leads", "integrations", "integrationLogs"):
        made = await member.call("createExport", "export { id }", list={list_: {}})
        while await take_turn(member.pool, export_table_of, rows_per_turn=5):
            pass
    assert made is not None
    listed = await member.ask("{ exports { totalCount nodes { id status url downloadUrl } } }")
    assert {one["status"] for one in listed["exports"]["nodes"]} == {"SUCCEEDED"}
    first = listed["exports"]["nodes"][0]
    await member.ask("query ($id: ID!) { export(id: $id) { status } }", id=first["id"])
    headers = {"authorization": f"Bearer {member.world.keys[member.name]}"}
    for url, given in ((first["url"], headers), (first["downloadUrl"], {})):
        response = await member.client.get(url, headers=given)
        assert response.status_code == 200, (url, response.text)
    waiting = await member.call("createExport", "export { id }", list={"leads": {}})
    await member.call("cancelExport", "export { status }", id=waiting["export"]["id"])


async def use_browser(member: Member) -> None:
    """Sign in and out, list and revoke sessions, change the password, and use a browser token and API keys."""
    hash_ = hash_of(PASSWORD)
    await in_transaction(
        member.pool, lambda writer: stored_session.set_password(writer, member.user_id, hash_)
    )
    origin: dict[str, str] = {}  # by the cookie alone
    email = f"{member.name}@example.com"
    for _ in range(3):
        member.client.cookies.clear()
        await member.call("signIn", "viewer { email }", origin, email=email, password=PASSWORD)
        sessions = (await member.ask("{ viewer { email } sessions { sessionId current } }", origin))[
            "sessions"
        ]
    other = next(one["sessionId"] for one in sessions if not one["current"])
    await member.call("revokeSession", "", origin, sessionId=other)
    await member.call("changePassword", "", origin, currentPassword=PASSWORD, newPassword=OTHER_PASSWORD)
    await member.call("signOut", "endedCount", origin)
    member.client.cookies.clear()
    await member.call("signIn", "viewer { email }", origin, email=email, password=OTHER_PASSWORD)
    await member.call("signOut", "endedCount", origin, everywhere=True)
    member.client.cookies.clear()
    token = (await member.call("createBrowserToken", "token", scopes=["read:leads"]))["token"]
    await member.ask("{ leads { totalCount } }", {"authorization": f"Bearer {token}", "origin": APP})
    key = await member.call("createApiKey", "apiKey { id } secret", name="one", scopes=["read:leads"])
    await member.ask("{ viewer { email } }", {"authorization": f"Bearer {key['secret']}"})
    await member.ask("{ apiKeys { totalCount nodes { id name state } } rateLimit { limit } }")
    await member.ask("query ($id: ID!) { apiKey(id: $id) { name } }", id=key["apiKey"]["id"])
    rotated = await member.call("rotateApiKey", "apiKey { id }", id=key["apiKey"]["id"])
    await member.call("revokeApiKey", "apiKey { state }", id=rotated["apiKey"]["id"])


async def use_webhooks(member: Member) -> None:
    """Create a webhook with a filter and a document, get messages, replay them, rotate its secret, and delete it."""
    async with receiving() as receiver:
        given = {
            "url": receiver.url,
            "eventTypes": ["LEAD_UPDATED", "MENTION_CREATED"],
            "filter": {"lead": {"status": {"in": ["NEW", "CONTACTED", "QUALIFIED"]}}},
            "document": "query ($id: ID!) { node(id: $id) { ... on Lead { status mention { content } } } }",
        }
        made = await member.call("createWebhook", "webhook { id }", **given)
        id_ = made["webhook"]["id"]
        await member.call("updateWebhook", "webhook { id }", id=id_, description="mine")
        lead = await member.id_of("Lead", "leads")
        await member.call("updateLead", "", id=lead, notes="told")
        await member.call("testWebhook", "", id=id_, objectId=lead)
        vault, client = Vault([member.world.vault_key]), Client(Fence(allow_private=True), seconds=5)
        async with client:
            rendering = ExecutedRendering(build, member.pool)
            pump = Pump(member.pool, vault, rendering, client, Dispatcher(fed_entities()))
            async with in_background(pump.run()) as running:
                await receiver.until(1)
                await pump.stop()
                await running
        listed = "{ webhooks { totalCount nodes { id deliveries { totalCount nodes { id messageId } } } } }"
        found = await member.ask(listed)
        delivery = found["webhooks"]["nodes"][0]["deliveries"]["nodes"][0]["id"]
        await member.ask("query ($id: ID!) { webhook(id: $id) { status } }", id=id_)
        await member.call("replayWebhookDelivery", "", id=delivery)
        await member.call("replayWebhook", "", id=id_)
        await member.call("rotateWebhookSecret", "secret", id=id_)
        await member.call("deleteWebhook", "deletedWebhookId", id=id_)


async def follow(member: Member) -> None:
    """Follow each subscription and a live query, and resume one."""
    key = member.world.keys[member.name]
    cursor = None
    for text in (
        "subscription ($a: String) { mentionAdded(after: $a) { mentions { externalId } cursor } }",
        "subscription { leadChanged { changes { lead { status } } cursor } }",
    ):
        async with event_stream(member.server.origin, key, text) as stream:
            await asyncio.sleep(0.3)
            await _change(member, text)
            cursor = (await stream.next())[1]
    resumed = "subscription { mentionAdded { mentions { externalId } cursor } }"
    await _change(member, resumed)
    async with event_stream(member.server.origin, key, resumed, after=cursor) as stream:
        await _change(member, resumed)
        await stream.next()
    async with event_stream(member.server.origin, key, "query @live { viewer { leadsCount } }") as stream:
        await stream.next()


async def _change(member: Member, text: str) -> None:
    if "leadChanged" in text:
        await member.call("updateLead", "", id=await member.id_of("Lead", "leads"), notes=text)
        return
    number = await member.pool.fetchval("SELECT count(*) FROM mentions")
    item = {"platform": "WEB", "externalId": f"live {number}", "url": "https://example.com", "content": "crm"}
    await member.call("ingestMentions", "", items=[item])


async def work(member: Member) -> None:
    """Take the turns of the background tasks. The tables of the test have other partitions than `keep-changes` and `keep-logs` make."""
    for name, turn in tasks.TURNS.items():
        position: Any = []
        while position is not None and name not in {"keep-changes", "keep-logs"}:
            position = await turn(member.pool, position)


def mutations(names: Iterator[str]) -> set[str]:
    """Return the mutations of members."""
    return set(names) - OF_OPERATORS
