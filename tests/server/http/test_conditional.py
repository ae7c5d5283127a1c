"""Entity tags of answers: 304 for an unchanged answer, and no tag where that cannot be known."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.requests import Request

from db.engine.pool import Pool
from db.statements.write_mark import TRACKED
from resolvers.framework.global_id import encode
from server.app import create_app
from server.http.auth import Authenticator
from server.http.conditional import release
from server.runtime.observation import Observation
from services.accounts.api_keys import ApiKeys
from tests.support.fence import require_written_users
from tests.support.world import Clock, World

VIEWER = "{ viewer { mentionsCount keywordsCount } }"
LISTS = """{
    viewer { name timeZone leadsCount leads(first: 2) { nodes { id status } } }
    keywords(first: 5, orderBy: OLDEST) {
        totalCount nodes { id keyword status mentions(first: 2) { nodes { id content lead { id status expectedValue { amount } } } } }
    }
    integrations(first: 2) { nodes { id status logs(first: 1) { nodes { id message } } } }
    leads(first: 2) { nodes { id events(first: 2) { nodes { id } } } }
}"""
DASHBOARD = """{ dashboard(range: TODAY) {
    window { start end partial } previousWindowToDate { end } conversionMetrics { totalLeads newLeads { value previous } }
} }"""
MUTATION = "mutation { __typename }"


class Served:
    """An application of a world, its clock, and its observed requests."""

    def __init__(
        self, world: World, client: httpx.AsyncClient, clock: Clock, seen: list[Observation]
    ) -> None:
        self.world, self.client, self.clock, self.seen = world, client, clock, seen

    async def ask(
        self, document: str, *, method: str = "QUERY", viewer: str | None = "ann", **headers: str
    ) -> httpx.Response:
        own = {} if viewer is None else {"authorization": f"Bearer {self.world.keys[viewer]}"}
        content = {"query": document}
        if method in {"GET", "HEAD"}:
            return await self.client.request(method, "/graphql", params=content, headers=own | headers)
        own["content-type"] = "application/json"
        body = json.dumps(content)
        return await self.client.request(method, "/graphql", content=body, headers=own | headers)

    async def tag(self, document: str, **options: Any) -> str:
        answer = await self.ask(document, **options)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.headers["etag"]

    async def is_known(self, document: str, tag: str, **options: Any) -> bool:
        """Return whether the server answers 304 to a client with the tag."""
        answer = await self.ask(document, **{"if-none-match": tag}, **options)
        assert answer.status_code in {200, 304}, answer.text
        return answer.status_code == 304


@pytest.fixture
async def served(pool: Pool) -> AsyncIterator[Served]:
    world = World(pool)
    for name in ("ann", "ben"):
        await world.add_user(name)
        await world.add_keywords(name)
        await world.add_integrations(name)
    await world.add_user("olga", role="operator")
    clock, seen = Clock(datetime(2026, 6, 1, 12, 7, tzinfo=UTC)), list[Observation]()
    authenticator = Authenticator(ApiKeys(pool))
    app = create_app(pool, authenticator=authenticator, clock=clock, observers=[seen.append])
    for name in world.keys:  # the first use of a key writes the row of the user
        await _noted(authenticator, world.keys[name])
    await require_written_users(pool)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Served(world, client, clock, seen)
    await authenticator.close()


async def _noted(authenticator: Authenticator, key: str) -> None:
    headers = [(b"authorization", f"Bearer {key}".encode())]
    await authenticator.viewer(Request({"type": "http", "headers": headers}))
    await authenticator.close()


@pytest.mark.parametrize("document", [VIEWER, LISTS, DASHBOARD])
@pytest.mark.parametrize("method", ["GET", "QUERY", "POST"])
async def test_an_unchanged_answer_is_304_from_one_statement(
    served: Served, document: str, method: str
) -> None:
    first = await served.ask(document, method=method, **{"if-none-match": '"none"'})
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = await served.ask(
        document, method=method, **{"if-none-match": f'"other", {tag}', "x-request-id": "r"}
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert served.seen[-1].activity.statements == ["user_state"]
    assert dict(again.headers) == {
        "etag": tag,
        "cache-control": "private, no-cache",
        "vary": "accept, accept-encoding, authorization, cookie",
        "x-content-type-options": "nosniff",
        "x-request-id": "r",
    }
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == again.headers["vary"]


async def test_methods_share_the_tag(served: Served) -> None:
    tag = await served.tag(LISTS)
    for method in ("GET", "HEAD", "POST", "QUERY"):
        assert await served.is_known(LISTS, tag, method=method)


async def test_a_post_gets_a_tag_only_on_request(served: Served) -> None:
    answer = await served.ask(VIEWER, method="POST")
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert served.seen[-1].activity.statements == ["users by id"]
    assert "etag" in (await served.ask(VIEWER, method="POST", **{"if-none-match": '"none"'})).headers


@pytest.mark.parametrize("known", ["*", "", '"none"', "W/x"])
async def test_other_conditions_get_the_whole_answer(served: Served, known: str) -> None:
    assert (await served.ask(VIEWER, **{"if-none-match": known})).status_code == 200


async def test_a_tag_names_one_request_of_one_viewer(served: Served) -> None:
    tag = await served.tag(VIEWER)
    assert not await served.is_known(f"{VIEWER} ", tag)
    assert not await served.is_known(VIEWER, tag, viewer="ben")
    assert not await served.is_known(VIEWER, tag, accept="application/graphql-response+json")
    assert await served.is_known(VIEWER, tag)
    await served.world.set_scopes("ann", "read:keywords")
    assert await served.is_known(VIEWER, tag), "a key is trusted for some seconds"


async def test_variables_and_operation_names_are_part_of_the_tag(served: Served) -> None:
    document = "query A($n: Int) { keywords(first: $n) { nodes { id } } } query B { viewer { name } }"
    tags = set()
    for name, variables in (("A", {}), ("A", {"n": 1}), ("A", {"n": 2}), ("A", {"n": None}), ("B", {})):
        body = {"query": document, "operationName": name, "variables": variables}
        headers = {"authorization": f"Bearer {served.world.keys['ann']}", "content-type": "application/json"}
        answer = await served.client.request("QUERY", "/graphql", content=json.dumps(body), headers=headers)
        tags.add(answer.headers["etag"])
    assert len(tags) == 5


async def test_each_write_of_the_viewers_data_makes_the_tag_outdated_and_no_other(served: Served) -> None:
    world = served.world
    keyword, active, *_ = [row["id"] for row in await world.rows("keywords", "ann")]
    (integration, *_) = [row["id"] for row in await world.rows("integrations", "ann")]
    (mention, *_) = [row["id"] for row in await world.rows("mentions", "ann")]
    mutations = {
        "pause": f'pauseKeyword(input: {{ id: "{encode("Keyword", keyword)}" }})',
        "triage": f'triageMention(input: {{ id: "{encode("Mention", mention)}", starred: true }})',
        "lead": f'createLead(input: {{ mentionId: "{encode("Mention", mention)}" }})',
        "run": f"""recordIntegrationRun(input: {{
            integrationId: "{encode("Integration", integration)}", status: SUCCEEDED, message: "new"
        }})""",
        "post": f"""ingestMentions(input: {{ items: [{{
            keywordId: "{encode("Keyword", active)}", platform: WEB, externalId: "new", url: "https://example.com", content: "x"
        }}] }})""",
        "settings": 'updateViewer(input: { name: "New" })',
    }
    for name, mutation in mutations.items():
        tag = await served.tag(LISTS)
        done = await served.ask(f"mutation {{ {mutation} {{ userErrors {{ message }} }} }}", method="POST")
        (payload,) = done.json()["data"].values()
        assert payload["userErrors"] == [], name
        assert not await served.is_known(LISTS, tag), name
    tag = await served.tag(LISTS)
    await world.pool.execute(
        "UPDATE users SET data_version = data_version + 1 WHERE id = $1", world.users["ben"]
    )
    assert await served.is_known(LISTS, tag)


async def test_an_answer_with_a_window_lasts_until_the_next_quarter_of_an_hour(served: Served) -> None:
    start = served.clock()
    timeless, tag = await served.tag(VIEWER), await served.tag(DASHBOARD)
    for minutes, is_known in ((0, True), (7.9, True), (8, False), (-7, True), (-7.1, False)):
        served.clock.at = start + timedelta(minutes=minutes)
        assert await served.is_known(DASHBOARD, tag) is is_known, minutes
        assert await served.is_known(VIEWER, timeless)


UNTAGGED: Mapping[str, str] = {
    "a time of computation": "{ dashboard { asOf } }",
    "exports": "{ exports(first: 1) { nodes { id } } }",
    "an id of any type": '{ node(id: "RXhwb3J0OjE=") { id } }',
    "the database's own checks": "{ doctor { findings { __typename } } }",
    "introspection": "{ __schema { queryType { name } } }",
    "an error": '{ keyword(id: "x") { id } }',
    "odd ends of a window": """{ dashboard(from: "2026-05-01T00:00:01Z", to: "2026-06-02T00:00:00Z") { range } }""",
    "odd ends of a series": """{
        mentionStats { overTime(by: DAY, from: "2026-05-01T00:00:01Z", to: "2026-06-02T00:00:00Z") { count } }
    }""",
}


@pytest.mark.parametrize("document", UNTAGGED.values(), ids=UNTAGGED.keys())
async def test_an_answer_that_can_change_unnoticed_has_no_tag(served: Served, document: str) -> None:
    answer = await served.ask(document, **{"if-none-match": '"none"'})
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_operators_mutations_and_requests_without_a_key_have_no_tag(served: Served) -> None:
    for answer in (
        await served.ask(VIEWER, viewer="olga"),
        await served.ask(MUTATION, method="POST", **{"if-none-match": '"none"'}),
        await served.ask("{ __typename }", viewer=None),
    ):
        assert answer.status_code == 200
        assert "etag" not in answer.headers


async def test_figures_of_an_older_state_have_no_tag(served: Served) -> None:
    await served.tag(DASHBOARD)
    (keyword, *_) = [row["id"] for row in await served.world.rows("keywords", "ann")]
    await served.world.add_mention(keyword)  # like ingest, which lets cached figures grow old
    stale = await served.ask(DASHBOARD)
    assert "etag" not in stale.headers
    fresh = DASHBOARD.replace("range: TODAY", "range: TODAY, maxAge: 0")
    assert await served.is_known(fresh, await served.tag(fresh))


def test_a_release_is_identified_by_its_program() -> None:
    assert len(release()) == 64
    assert TRACKED


async def test_the_tests_fence_refuses_a_write_that_leaves_the_users_row(served: Served) -> None:
    with pytest.raises(asyncpg.RaiseError, match="a transaction wrote mentions and not the row of its user"):
        await served.world.pool.execute("UPDATE mentions SET read_at = clock_timestamp()")
