"""Exports: files with each row of a list, visible only to the user who created the export."""

import asyncio
import csv
import gzip
import io
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_named_type, is_leaf_type

from db import models
from db.engine.pool import open_pool
from db.models import ExportEntity, Platform
from db.statements import export as exports
from resolvers.framework.export_columns import columns_of, export_table_of, usual_columns
from resolvers.framework.global_id import encode
from resolvers.framework.names import public
from schema import orders as schema_orders
from schema.graph import Graph
from server.commands.import_posts import read_global_id
from services.export.jobs import FileRules, purge, take_turn
from services.importing.columns import ImportOptions, open_posts
from services.importing.run import find_matcher, import_posts
from tests.support.rows import add_key
from tests.support.world import Ask, Asker, World

CREATE = """
mutation($input: CreateExportInput!) {
  createExport(input: $input) { replayed export { ...Whole } userErrors { code message path } }
}
"""
CANCEL = """
mutation($input: CancelExportInput!) {
  cancelExport(input: $input) { export { ...Whole } userErrors { code message path } }
}
"""
SHOW = "query($id: ID!) { export(id: $id) { ...Whole } }"
WHOLE = """
fragment Whole on Export {
  id entity format columns status rowsCount rowsTotal sizeBytes error createdAt startedAt finishedAt expiresAt url
}
"""
LISTS = {entity: public(entity.value) for entity in ExportEntity}
ENTITIES = list(ExportEntity)
FORMULAS = ("=", "+", "-", "@", "\t", "\n", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Exporting:
    """Creates exports, does the work of a worker, and downloads files."""

    ask: Ask
    world: World
    client: httpx.AsyncClient

    async def create(self, list_: str, *, viewer: str = "ann", **more: Any) -> Any:
        """Create an export of the list, and return the payload. `more` has `format`, `key` and fields of the list."""
        beside = {"format": more.pop("format", "JSON_LINES"), "idempotencyKey": more.pop("key", None)}
        given = {"list": {list_: more}, **beside}
        return (await self.ask(CREATE + WHOLE, viewer=viewer, input=given)).data["createExport"]

    async def work(self, *, turns: int = 10_000, rows: int = 7) -> int:
        """Take turns until no work is left, and return the number of turns."""
        for taken in range(turns):
            if not await take_turn(self.world.pool, export_table_of, rows_per_turn=rows):
                return taken
        return turns

    async def show(self, id_: str, viewer: str = "ann") -> Any:
        return (await self.ask(SHOW + WHOLE, viewer=viewer, id=id_)).data["export"]

    async def cancel(self, id_: str, viewer: str = "ann") -> Any:
        return (await self.ask(CANCEL + WHOLE, viewer=viewer, input={"id": id_})).data["cancelExport"]

    async def get(self, id_: str, viewer: str = "ann", **headers: str) -> httpx.Response:
        key = self.world.keys[viewer]
        url = f"/exports/{id_}/download"
        return await self.client.get(url, headers={"authorization": f"Bearer {key}", **headers})

    async def text(self, list_: str, *, viewer: str = "ann", rows: int = 7, **more: Any) -> str:
        """Create an export, run and download the export, and return the unpacked text."""
        payload = await self.create(list_, viewer=viewer, **more)
        assert payload["userErrors"] == []
        await self.work(rows=rows)
        done = await self.show(payload["export"]["id"], viewer)
        assert (done["status"], done["error"]) == ("SUCCEEDED", None)
        answer = await self.client.get(
            done["url"], headers={"authorization": f"Bearer {self.world.keys[viewer]}"}
        )
        assert (answer.status_code, len(answer.content)) == (200, done["sizeBytes"])
        return gzip.decompress(answer.content).decode()

    async def rows(self, list_: str, **more: Any) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (await self.text(list_, **more)).splitlines()]


@pytest.fixture
def exporting(ask: Ask, world: World, client: httpx.AsyncClient) -> Exporting:
    """Exports in the small world."""
    return Exporting(ask, world, client)


@pytest.fixture(scope="module")
async def crowded(asker: Asker, crowd: World) -> Exporting:
    """Exports in the crowded world that all tests share."""
    return Exporting(asker, crowd, asker.client)


def selection(names: Sequence[str]) -> str:
    """Return the selection set of the columns: `keywordId` becomes `keyword { id }`."""
    return " ".join(" { ".join(_path(name)) + " }" * (len(_path(name)) - 1) for name in names)


def _path(name: str) -> list[str]:
    *path, last = name.split(".")
    return [*path, last.removesuffix("Id"), "id"] if _is_reference(last) else [*path, last]


def _is_reference(name: str) -> bool:
    return name.endswith("Id") and name not in {"externalId", "externalAccountId"}


def value_at(node: Any, name: str) -> Any:
    for step in _path(name):
        node = None if node is None else node[step]
    return node


async def all_nodes(crowd: Exporting, viewer: str, list_: str, names: Sequence[str]) -> list[Any]:
    """Return all rows as GraphQL returns them, newest first."""
    if list_ == "integrationLogs":
        inner = f"nodes {{ id createdAt {selection(names)} }}"
        document = f"{{ integrations(first: 40) {{ nodes {{ logs(first: 100) {{ {inner} }} }} }} }}"
        found = (await crowd.ask(document, viewer=viewer)).data["integrations"]["nodes"]
        logs = [log for one in found for log in one["logs"]["nodes"]]
        return sorted(logs, key=lambda log: (log["createdAt"], row_id(log["id"])), reverse=True)
    nodes, after = [], None
    while True:
        document = (
            f"query($after: String) {{ {list_}(first: 100, after: $after) "
            f"{{ nodes {{ {selection(names)} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        )
        page = (await crowd.ask(document, viewer=viewer, after=after)).data[list_]
        nodes += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes


def row_id(id_: str) -> int:
    return int(b64decode(id_).split(b":")[1])


@pytest.mark.parametrize("viewer", ["ann", "ben", "olga"])
@pytest.mark.parametrize("entity", ENTITIES)
async def test_each_exported_column_equals_the_field_of_the_api(
    crowded: Exporting, entity: ExportEntity, viewer: str
) -> None:
    names, list_ = list(columns_of(entity)), LISTS[entity]
    expected = [
        {name: value_at(node, name) for name in names}
        for node in await all_nodes(crowded, viewer, list_, names)
    ]
    assert len(expected) > 5
    assert await crowded.rows(list_, viewer=viewer, columns=names) == expected


@pytest.mark.parametrize("entity", ENTITIES)
def test_each_leaf_field_that_is_a_column_can_be_exported(graph: Graph, entity: ExportEntity) -> None:
    tags = {ExportEntity.INTEGRATION_LOGS: "IntegrationLog"}
    type_: Any = graph.schema.get_type(tags.get(entity, entity.value[:-1].capitalize()))
    fields = {name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))}
    own = {name for name in usual_columns(entity) if not _is_reference(name)}
    computed = {
        ExportEntity.INTEGRATIONS: {"hasCredentials"},
        ExportEntity.KEYWORDS: {"performanceScore", "efficiencyScore"},
        ExportEntity.LEADS: {"nextStatuses"},
    }
    assert fields - own == computed.get(entity, set())
    assert own <= fields


@pytest.mark.parametrize("entity", ENTITIES)
async def test_csv_files_have_the_same_values_as_json_files(crowded: Exporting, entity: ExportEntity) -> None:
    names, list_ = list(columns_of(entity)), LISTS[entity]
    rows = await crowded.rows(list_, columns=names)
    header, *cells = csv.reader(
        io.StringIO(await crowded.text(list_, columns=names, format="CSV"), newline="")
    )
    assert header == names
    assert cells == [[as_cell(row[name]) for name in names] for row in rows]


def as_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return f"'{value}" if value.startswith(FORMULAS) else value
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def test_the_default_columns_of_an_export_are_those_of_the_row_itself(crowded: Exporting) -> None:
    for entity, list_ in LISTS.items():
        (first, *_) = await crowded.rows(list_)
        assert list(first) == usual_columns(entity)
        assert not any("." in name for name in first)


async def test_columns_of_a_file_are_in_the_requested_order(crowded: Exporting) -> None:
    names = ["mention.url", "status", "id", "keyword.keyword"]
    (first, *_) = await crowded.rows("leads", columns=names)
    assert list(first) == names
    assert (await crowded.text("leads", columns=names, format="CSV")).partition("\r\n")[0] == ",".join(names)


ORDERS: Mapping[str, Any] = {
    "keywords": schema_orders.ORDERS[models.Keyword],
    "mentions": schema_orders.ORDERS[models.Mention],
    "leads": schema_orders.ORDERS[models.Lead],
    "integrations": schema_orders.ORDERS[models.Integration],
    "integrationLogs": schema_orders.ORDERS[models.IntegrationLog],
}


@pytest.mark.parametrize("rows", [1, 10, 30, 1000])
@pytest.mark.parametrize(
    ("list_", "order"), [(list_, order.name) for list_, orders in ORDERS.items() for order in orders]
)
async def test_rows_of_a_file_are_in_the_order_of_the_list_for_turns_of_any_size(
    crowded: Exporting, list_: str, order: str, rows: int
) -> None:
    required: dict[str, Any] = {
        "BEST_MATCH": {"search": "crm or sales"},
        "MOST_RELEVANT": {"relevanceScore": {"gte": 0}},
    }
    where: dict[str, Any] = required.get(order, {})
    if rows == 1:  # fewer rows, because each row takes a turn
        where |= {"createdAt": {"gte": "2026-02-02T00:00:00Z"}} if list_ != "integrations" else {}
    exported = [
        row["id"] for row in await crowded.rows(list_, filter=where, orderBy=order, rows=rows, columns=["id"])
    ]
    if list_ == "integrationLogs":
        expected = [node["id"] for node in await all_nodes(crowded, "ann", list_, ["id", "createdAt"]) if not where or node["createdAt"] >= "2026-02-02"]  # fmt: skip
        assert exported == (expected if order == "NEWEST" else expected[::-1])
        return
    filter_, order_ = {"keywords": "Keyword", "mentions": "Mention", "leads": "Lead", "integrations": "Integration"}[list_], order  # fmt: skip
    document = f"query($where: {filter_}Filter) {{ {list_}(first: 100, filter: $where, orderBy: {order_}) {{ nodes {{ id }} }} }}"
    nodes = (await crowded.ask(document, where=where)).data[list_]["nodes"]
    assert exported == [node["id"] for node in nodes]
    assert exported


FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("mentions", {"search": '"crm" or sales -jobs'}),
    ("mentions", {"not": {"sentiment": {"in": ["POSITIVE", "MIXED"]}}}),
    ("mentions", {"or": [{"likes": {"gt": 0}}, {"and": [{"hasLead": True}, {"read": False}]}]}),
    ("mentions", {"or": []}),
    ("mentions", {"author": {"notIn": ["ada", "o'hara"]}, "publishedAt": {"isNull": False}}),
    ("mentions", {"createdAt": {"gte": "2026-01-31T19:00:00.000001Z", "lt": "2026-02-02T23:00:00+02:00"}}),
    ("leads", {"value": {"gte": "9.99", "lte": "10.00"}}),
    ("leads", {"value": {"gt": "9.995"}}),
    ("leads", {"platform": {"eq": "REDDIT"}, "status": {"notIn": ["NEW"]}}),
    ("leads", {"company": {"eq": "Acme"}}),
    ("keywords", {"keyword": {"contains": "CRM"}, "mentionsCount": {"gte": 1}}),
    ("integrations", {"healthScore": {"isNull": True}}),
]


@pytest.mark.parametrize(("list_", "where"), FILTERS)
async def test_a_filter_matches_the_same_rows_in_an_export_as_in_the_list(
    crowded: Exporting, list_: str, where: dict[str, Any]
) -> None:
    name = f"{list_[0].upper()}{list_[1:-1]}Filter"
    document = (
        f"query($where: {name}) {{ {list_}(first: 100, filter: $where) {{ totalCount nodes {{ id }} }} }}"
    )
    page = (await crowded.ask(document, where=where)).data[list_]
    assert page["totalCount"] == len(page["nodes"])
    exported = await crowded.rows(list_, filter=where, columns=["id"])
    assert exported == page["nodes"]


async def test_logs_of_all_or_of_selected_integrations_are_exported(exporting: Exporting) -> None:
    (one, other) = sorted(row["id"] for row in await exporting.world.rows("integrations", "ann"))
    foreign, *_ = (row["id"] for row in await exporting.world.rows("integrations", "ben"))

    async def owners(*wanted: int) -> list[str]:
        where = {"integrationId": {"in": [encode("Integration", id_) for id_ in wanted]}} if wanted else {}
        return [row["integrationId"] for row in await exporting.rows("integrationLogs", filter=where)]

    assert sorted(await owners()) == sorted([encode("Integration", one), encode("Integration", other)] * 3)
    assert await owners(one) == [encode("Integration", one)] * 3
    assert await owners(foreign) == []


async def test_an_export_shows_its_progress(exporting: Exporting) -> None:
    payload = await exporting.create("mentions")
    waiting = payload["export"]
    assert payload["replayed"] is False
    columns = usual_columns(ExportEntity.MENTIONS)
    told = {"entity": "MENTIONS", "format": "JSON_LINES", "columns": columns, "error": None}
    nothing: dict[str, Any] = dict.fromkeys(["rowsTotal", "startedAt", "finishedAt", "expiresAt", "url"])
    assert waiting.items() >= {**told, **nothing, "status": "QUEUED", "rowsCount": 0, "sizeBytes": 0}.items()

    assert await exporting.work(turns=1, rows=5) == 1
    running = await exporting.show(waiting["id"])
    assert (
        running.items() >= {**told, "status": "RUNNING", "rowsCount": 5, "rowsTotal": 12, "url": None}.items()
    )
    assert running["startedAt"] >= running["createdAt"]
    assert running["sizeBytes"] > 0
    assert (await exporting.get(waiting["id"])).status_code == 409

    assert await exporting.work(rows=5) == 2
    done = await exporting.show(waiting["id"])
    assert done.items() >= {**told, "status": "SUCCEEDED", "rowsCount": 12, "rowsTotal": 12}.items()
    assert done["url"] == f"/exports/{waiting['id']}/download"
    kept = datetime.fromisoformat(done["expiresAt"]) - datetime.fromisoformat(done["finishedAt"])
    assert (kept, done["startedAt"]) == (timedelta(days=7), running["startedAt"])


async def test_an_export_without_rows_is_an_empty_file_or_a_csv_header(exporting: Exporting) -> None:
    nothing: dict[str, Any] = {"or": []}
    assert await exporting.text("mentions", filter=nothing) == ""
    assert await exporting.text("mentions", filter=nothing, columns=["id"], format="CSV") == "id\r\n"
    (last, *_) = (await exporting.ask("{ exports { nodes { rowsCount rowsTotal } } }")).data["exports"][
        "nodes"
    ]
    assert last == {"rowsCount": 0, "rowsTotal": 0}


async def test_rows_that_exist_during_the_whole_export_are_written_once(exporting: Exporting) -> None:
    world, list_ = exporting.world, "mentions"
    stays = {row["id"] for row in await world.rows("mentions", "ann")}
    keyword_id: int = await world.pool.fetchval(
        "SELECT min(id) FROM keywords WHERE user_id = $1", world.users["ann"]
    )
    made = await exporting.create(list_, columns=["id"])
    for turn in range(4):
        assert await exporting.work(turns=1, rows=3) == 1
        # Add a row before the written ones and a row after them, and delete a row.
        new = [
            {
                "user_id": world.users["ann"], "keyword_id": keyword_id, "platform": "web", "kind": "post",
                "external_id": f"{turn}-{moment}", "url": "https://example.com", "content": "x", "author": "",
                "created_at": moment,
            }
            for moment in ("2026-03-01T00:00:00Z", "2025-01-01T00:00:00Z")
        ]  # fmt: skip
        await world.add("mentions", [{**row, "updated_at": "2026-01-01T00:00:00Z"} for row in new])
        gone: int = await world.pool.fetchval(
            "DELETE FROM mentions WHERE id = (SELECT max(id) FROM mentions WHERE id = ANY($1)) RETURNING id",
            sorted(stays)[:-3],
        )
        stays.discard(gone)
    await exporting.work(rows=3)
    answer = await exporting.get(made["export"]["id"])
    found = [row_id(json.loads(line)["id"]) for line in gzip.decompress(answer.content).splitlines()]
    assert len(found) == len(set(found))
    assert stays <= set(found)
    assert len(stays) == 8


async def test_unfinished_exports_are_written_in_turns(exporting: Exporting) -> None:
    ids = [
        (await exporting.create("mentions", viewer=name))["export"]["id"] for name in ("ann", "ann", "ben")
    ]
    seen: list[list[int]] = []
    for _ in range(6):
        await exporting.work(turns=1, rows=2)
        rows = await exporting.world.pool.fetch("SELECT rows_count FROM exports ORDER BY id")
        seen.append([row["rows_count"] for row in rows])
    assert seen == [[2, 0, 0], [2, 2, 0], [2, 2, 2], [4, 2, 2], [4, 4, 2], [4, 4, 4]]
    assert len(set(ids)) == 3


async def test_concurrent_workers_write_each_row_once(exporting: Exporting) -> None:
    made = [await exporting.create("mentions", columns=["id"]) for _ in range(4)]
    await asyncio.gather(*(exporting.work(rows=1) for _ in range(8)))
    expected = sorted((row["id"] for row in await exporting.world.rows("mentions", "ann")), reverse=True)
    for payload in made:
        answer = await exporting.get(payload["export"]["id"])
        lines = gzip.decompress(answer.content).splitlines()
        assert sorted((row_id(json.loads(line)["id"]) for line in lines), reverse=True) == expected


# Access


async def test_members_export_their_own_rows_and_operators_the_rows_of_all_users(
    exporting: Exporting,
) -> None:
    for entity, list_ in LISTS.items():
        table = entity.value
        everything = {row["id"] for row in await exporting.world.rows(table)}
        for viewer in ("ann", "ben", "olga"):
            own = {row["id"] for row in await exporting.world.rows(table, viewer)}
            found = [row_id(row["id"]) for row in await exporting.rows(list_, viewer=viewer)]
            assert sorted(found) == sorted(everything if viewer == "olga" else own)


async def test_ids_of_other_users_are_null_in_a_members_export(exporting: Exporting) -> None:
    world = exporting.world
    await world.pool.execute(
        "UPDATE leads SET assignee_user_id = CASE WHEN id % 4 = 0 THEN user_id ELSE $1 END",
        world.users["ben"],
    )
    mine, theirs = encode("User", world.users["ann"]), encode("User", world.users["ben"])
    assert {row["assigneeId"] for row in await exporting.rows("leads")} == {None, mine}
    assert {row["assigneeId"] for row in await exporting.rows("leads", viewer="olga")} == {mine, theirs}


async def test_exports_are_hidden_from_all_other_users(exporting: Exporting) -> None:
    made = (await exporting.create("mentions"))["export"]["id"]
    await exporting.work()
    both = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } export(id: $id) { id } exports { totalCount nodes { id } } }"
    found = (await exporting.ask(both, id=made)).data
    assert found == {
        "node": {"id": made}, "nodes": [{"id": made}], "export": {"id": made},
        "exports": {"totalCount": 1, "nodes": [{"id": made}]},
    }  # fmt: skip
    before = await exporting.world.contents()
    for stranger in ("ben", "olga"):
        nothing = (await exporting.ask(both, viewer=stranger, id=made)).data
        assert nothing == {
            "node": None, "nodes": [None], "export": None, "exports": {"totalCount": 0, "nodes": []}
        }  # fmt: skip
        answer = await exporting.get(made, stranger)
        missing = await exporting.get(encode("Export", 10**9), stranger)
        assert (answer.status_code, missing.status_code) == (404, 404)
        assert answer.json()["errors"][0]["message"] == missing.json()["errors"][0]["message"]
        refused = await exporting.cancel(made, stranger)
        assert (refused["export"], refused["userErrors"][0]["code"]) == (None, "NOT_FOUND")
        assert refused["userErrors"][0]["path"] == ["input", "id"]
    assert await exporting.world.contents() == before


async def test_creating_an_export_requires_authentication(exporting: Exporting) -> None:
    answer = await exporting.ask(CREATE + WHOLE, viewer=None, input={"list": {"mentions": {}}})
    assert answer.code == "UNAUTHENTICATED"
    assert await exporting.world.rows("exports") == []


READS = {"keywords": "keywords", "mentions": "mentions", "leads": "leads", "integrations": "integrations", "integrationLogs": "integrations"}  # fmt: skip


@pytest.mark.parametrize("list_", READS)
async def test_exporting_a_list_requires_the_scope_of_the_list(exporting: Exporting, list_: str) -> None:
    world = exporting.world
    await world.set_scopes("ann", *(f"read:{name}" for name in set(READS.values()) - {READS[list_]}))
    answer = await exporting.ask(CREATE + WHOLE, input={"list": {list_: {}}})
    assert (answer.code, f"`read:{READS[list_]}`" in answer.error["message"]) == ("FORBIDDEN", True)
    assert await world.rows("exports") == []


async def test_exporting_a_related_column_requires_the_scope_of_its_list(exporting: Exporting) -> None:
    await exporting.world.set_scopes("ann", "read:leads", "read:keywords")
    given = {"list": {"leads": {"columns": ["id", "mention.url", "keyword.keyword"]}}}
    answer = await exporting.ask(CREATE + WHOLE, input=given)
    assert (answer.code, "`read:mentions`" in answer.error["message"]) == ("FORBIDDEN", True)
    assert await exporting.rows("leads", columns=["id", "keyword.keyword"])


async def test_downloading_a_file_requires_the_scopes_of_its_columns(exporting: Exporting) -> None:
    world = exporting.world
    made = (await exporting.create("leads", columns=["mention.url"]))["export"]["id"]
    await exporting.work()
    assert (await exporting.get(made)).status_code == 200
    world.keys["ann2"] = await add_key(world.pool, world.users["ann"], ["read:leads"])
    answer = await exporting.get(made, "ann2")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert (await exporting.show(made, "ann2"))["status"] == "SUCCEEDED"


async def test_an_export_fails_if_its_user_may_no_longer_read_the_rows(exporting: Exporting) -> None:
    world = exporting.world
    made = {
        name: (await exporting.create("mentions", viewer=name))["export"]["id"]
        for name in ("ann", "ben", "olga")
    }
    await exporting.work(turns=3, rows=2)
    await world.change("users", world.users["olga"], role="member")
    await world.change("users", world.users["ben"], status="suspended")
    await exporting.work()
    found = await world.pool.fetch("SELECT user_id, status, error, rows_count FROM exports")
    ended = {row["user_id"]: (row["status"], row["error"], row["rows_count"]) for row in found}
    reason = "The user who created the export may no longer read these rows."
    assert ended == {
        world.users["ann"]: ("succeeded", None, 12),
        world.users["ben"]: ("failed", reason, 2),
        world.users["olga"]: ("failed", reason, 2),
    }
    shown = await exporting.show(made["olga"], "olga")
    assert (shown["status"], shown["error"], shown["url"]) == ("FAILED", reason, None)
    assert (await exporting.get(made["olga"], "olga")).status_code == 410


async def test_an_operator_who_becomes_a_member_cannot_download_earlier_exports(
    exporting: Exporting,
) -> None:
    made = (await exporting.create("mentions", viewer="olga"))["export"]["id"]
    await exporting.work()
    await exporting.world.pool.execute("UPDATE users SET role = 'member'")
    world = exporting.world
    world.keys["olga2"] = await add_key(world.pool, world.users["olga"])
    assert (await exporting.get(made, "olga2")).status_code == 404


# Refused and repeated calls

UNKNOWN = "Unknown column 'nonsense'. The columns are id, userId, provider"


@pytest.mark.parametrize(
    ("columns", "code", "path", "message"),
    [
        ([], "REQUIRED", [], "Must name at least one column."),
        (["id", "nonsense"], "INVALID", ["1"], UNKNOWN),
        (["id", "id"], "INVALID", ["1"], "The column id must not be repeated."),
        (["credentials"], "INVALID", ["0"], "Unknown column 'credentials'."),
        (["lastSearchedAt"], "INVALID", ["0"], "Unknown column 'lastSearchedAt'."),
        (["x" * 5000], "INVALID", ["0"], f"Unknown column '{'x' * 100}'."),
        (["\0"], "INVALID", ["0"], "Unknown column '\\x00'."),
        (["id; DROP TABLE users"], "INVALID", ["0"], "Unknown column 'id; DROP TABLE users'."),
    ],
)
async def test_invalid_columns_are_refused(
    exporting: Exporting, columns: list[str], code: str, path: list[str], message: str
) -> None:
    payload = await exporting.create("integrations", columns=columns)
    (error,) = payload["userErrors"]
    assert (payload["export"], error["code"]) == (None, code)
    assert error["path"] == ["input", "list", "integrations", "columns", *path]
    assert error["message"].startswith(message)
    assert await exporting.world.rows("exports") == []


async def test_fields_of_each_list_name_its_columns(exporting: Exporting) -> None:
    for entity in ENTITIES:
        enum = {"leads": "LeadExportField", "integration_logs": "IntegrationLogExportField"}.get(
            entity, f"{entity.capitalize()[:-1]}ExportField"
        )
        document = f'{{ __type(name: "{enum}") {{ enumValues {{ name }} }} }}'
        names = [one["name"] for one in (await exporting.ask(document)).data["__type"]["enumValues"]]
        payload = await exporting.create(LISTS[entity], fields=names)
        shown = await exporting.show(payload["export"]["id"])
        columns = columns_of(entity)
        # The ID of a related row is a column of the row itself.
        assert shown["columns"] == [
            name for name in columns if f"{name.removesuffix('.id')}Id" not in columns
        ]
        assert len(names) == len(shown["columns"])
    given = {"list": {"leads": {"fields": ["MENTION_URL", "ID", "ASSIGNEE_ID"]}}}
    made = (await exporting.ask(CREATE + WHOLE, input=given)).data["createExport"]["export"]
    assert made["columns"] == ["mention.url", "id", "assigneeId"]


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"fields": []}, ["fields"], "Must name at least one column."),
        ({"fields": ["ID", "URL", "ID"]}, ["fields", "2"], "The column id must not be repeated."),
        (
            {"fields": ["ID"], "columns": ["id"]},
            ["columns"],
            "Must not be given together with `fields`. Use `fields` alone.",
        ),
    ],
)
async def test_invalid_fields_are_refused(
    exporting: Exporting, given: dict[str, Any], path: list[str], message: str
) -> None:
    (error,) = (await exporting.create("mentions", **given))["userErrors"]
    assert (error["path"], error["message"]) == (["input", "list", "mentions", *path], message)
    assert await exporting.world.rows("exports") == []


async def test_an_unknown_field_is_refused_with_the_known_ones(exporting: Exporting) -> None:
    answer = await exporting.ask(
        CREATE + WHOLE, input={"list": {"integrations": {"fields": ["SECRET", "ID"]}}}
    )
    assert "'SECRET' does not exist in 'IntegrationExportField' enum. " in answer.error["message"]
    assert "The values are ID, USER_ID, PROVIDER, KIND, NAME," in answer.error["message"]


async def test_a_csv_file_begins_with_a_byte_order_mark_if_asked(exporting: Exporting) -> None:
    for mark in (True, False, None):
        given = {"list": {"keywords": {"fields": ["KEYWORD"]}}, "format": "CSV", "byteOrderMark": mark}
        document = CREATE + WHOLE.replace("columns", "columns byteOrderMark")
        made = (await exporting.ask(document, input=given)).data["createExport"]["export"]
        assert made["byteOrderMark"] is bool(mark)
        await exporting.work(rows=1)
        written = gzip.decompress((await exporting.get(made["id"])).content)
        assert written.startswith(b"\xef\xbb\xbfkeyword\r\n" if mark else b"keyword\r\n")
        assert written.count(b"\xef\xbb\xbf") == bool(mark)
    given = {"list": {"keywords": {}}, "byteOrderMark": True}
    (error,) = (await exporting.ask(CREATE + WHOLE, input=given)).data["createExport"]["userErrors"]
    message = "`byteOrderMark` is allowed only with format CSV."
    assert error == {"code": "INVALID", "message": message, "path": ["input", "byteOrderMark"]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"list": {}}, "ExportListInput"),
        ({"list": {"mentions": {}, "leads": {}}}, "ExportListInput"),
        ({"list": {"mentions": None}}, "mentions"),
        ({"list": {"users": {}}}, "users"),
        ({"format": "CSV"}, "list"),
        ({"list": {"mentions": {}}, "format": "XML"}, "XML"),
        ({"list": {"mentions": {"orderBy": "LATEST_CHANGE"}}}, "LATEST_CHANGE"),
        ({"list": {"mentions": {"orderBy": "BEST_MATCH"}}}, "requires `input.list.mentions.filter.search`."),
        ({"list": {"mentions": {"filter": {"keywordId": {"eq": "x"}}}}}, "`input.list.mentions.filter.keywordId.eq`"),
        ({"list": {"integrationLogs": {"filter": {"integrationId": {"in": ["x"]}}}}}, "`input.list.integrationLogs.filter.integrationId.in[0]`"),
        ({"list": {"mentions": {"filter": {"search": "\0"}}}}, "`input.list.mentions.filter.search`"),
        ({"list": {"leads": {"filter": {"not": {"not": {"not": {"not": {"not": {}}}}}}}}}, "deeper than 5"),
        ({"list": {"leads": {"filter": {"createdAt": {"gt": "2026-01-01"}}}}}, "RFC 3339"),
    ],
)  # fmt: skip
async def test_invalid_input_is_refused_with_its_path(
    exporting: Exporting, given: dict[str, Any], said: str
) -> None:
    answer = await exporting.ask(CREATE + WHOLE, input=given)
    assert answer.code == "BAD_USER_INPUT"
    assert said in answer.error["message"]
    assert await exporting.world.rows("exports") == []


@pytest.mark.parametrize("id_", ["", "x", encode("Lead", 1), encode("Export", 0)[:-2]])
async def test_ids_that_are_not_ids_of_an_export_are_refused(exporting: Exporting, id_: str) -> None:
    for document, variables in ((SHOW, {"id": id_}), (CANCEL, {"input": {"id": id_}})):
        assert (await exporting.ask(document + WHOLE, **variables)).code == "BAD_USER_INPUT"
    assert (await exporting.get(id_ or "%00")).status_code == 404


async def test_a_user_has_at_most_ten_unfinished_exports(exporting: Exporting) -> None:
    made = [(await exporting.create("keywords", columns=["id"]))["export"]["id"] for _ in range(10)]
    payload = await exporting.create("keywords")
    message = "Must have at most 10 unfinished exports. Wait for one of them, or cancel it."
    assert payload["userErrors"] == [{"code": "TOO_MANY", "message": message, "path": ["input"]}]
    assert (await exporting.create("keywords", viewer="ben"))["userErrors"] == []
    await exporting.cancel(made[3])
    assert (await exporting.create("keywords"))["userErrors"] == []
    assert (await exporting.create("keywords"))["userErrors"][0]["code"] == "TOO_MANY"
    await exporting.work()
    assert (await exporting.create("keywords"))["userErrors"] == []


async def test_concurrent_calls_create_at_most_ten_exports(exporting: Exporting) -> None:
    payloads = await asyncio.gather(*(exporting.create("keywords") for _ in range(25)))
    assert sum(payload["userErrors"] == [] for payload in payloads) == 10
    assert len(await exporting.world.rows("exports")) == 10


async def test_calls_with_the_same_idempotency_key_create_one_export(exporting: Exporting) -> None:
    first = await exporting.create("mentions", key="k1", filter={"likes": {"gt": 3}}, orderBy="OLDEST")
    await exporting.work()
    again = await exporting.create("mentions", key="k1", orderBy="OLDEST", filter={"likes": {"gt": 3}})
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["export"]["id"] == first["export"]["id"]
    assert again["export"]["status"] == "SUCCEEDED"
    for other in (
        {"filter": {"likes": {"gt": 4}}},
        {"orderBy": "NEWEST"},
        {"columns": ["id"]},
        {"format": "CSV"},
    ):
        given: dict[str, Any] = {"filter": {"likes": {"gt": 3}}, "orderBy": "OLDEST", **other}
        (error,) = (await exporting.create("mentions", key="k1", **given))["userErrors"]
        assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    theirs = await exporting.create("mentions", key="k1", viewer="olga")
    assert (theirs["replayed"], theirs["userErrors"]) == (False, [])
    assert (await exporting.create("mentions", key="k1", viewer="olga"))["export"]["id"] == theirs["export"][
        "id"
    ]
    assert len(await exporting.world.rows("exports")) == 2


# Cancelling, expiry and deletion


async def test_queued_and_running_exports_can_be_cancelled(exporting: Exporting) -> None:
    waiting, running = [(await exporting.create("mentions"))["export"]["id"] for _ in range(2)]
    await exporting.work(turns=2, rows=5)
    for id_ in (waiting, running):
        payload = await exporting.cancel(id_)
        assert (payload["userErrors"], payload["export"]["status"]) == ([], "CANCELLED")
        assert payload["export"]["finishedAt"] is not None
        assert await exporting.cancel(id_) == payload
        answer = await exporting.get(id_)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (410, "EXPIRED")
    assert await exporting.work() == 0
    assert len(await exporting.world.rows("export_parts")) == 2
    while await purge(exporting.world.pool):
        pass
    assert await exporting.world.rows("export_parts") == []
    assert (await exporting.show(running))["status"] == "CANCELLED"


async def test_a_finished_export_cannot_be_cancelled(exporting: Exporting) -> None:
    made = (await exporting.create("mentions"))["export"]["id"]
    await exporting.work()
    payload = await exporting.cancel(made)
    error = {
        "code": "INVALID_TRANSITION",
        "message": "The export has already ended.",
        "path": ["input", "id"],
    }
    assert payload["userErrors"] == [error]
    assert (payload["export"]["id"], payload["export"]["status"]) == (made, "SUCCEEDED")
    assert (await exporting.get(made)).status_code == 200


async def test_files_are_deleted_on_expiry_and_their_exports_later(exporting: Exporting) -> None:
    pool = exporting.world.pool
    old, new = [(await exporting.create("mentions"))["export"]["id"] for _ in range(2)]
    await exporting.work(rows=1)
    await pool.execute(
        "UPDATE exports SET expires_at = now() - interval '6 hours' WHERE id = $1", row_id(old)
    )
    shown = await exporting.show(old)
    assert (shown["status"], shown["url"]) == ("SUCCEEDED", None)
    answer = await exporting.get(old)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (410, "EXPIRED")
    assert await purge(pool)
    assert {row["export_id"] for row in await exporting.world.rows("export_parts")} == {row_id(new)}
    assert not await purge(pool)
    assert (await exporting.show(old))["status"] == "SUCCEEDED"
    await pool.execute("UPDATE exports SET purged_at = now() - interval '30 days' WHERE id = $1", row_id(old))
    assert await purge(pool)
    assert await exporting.show(old) is None
    assert (await exporting.show(new))["url"] is not None
    assert (await exporting.get(new)).status_code == 200


async def test_a_file_stays_for_six_hours_for_downloads_that_began_before_its_expiry(
    exporting: Exporting,
) -> None:
    pool = exporting.world.pool
    made = row_id((await exporting.create("mentions"))["export"]["id"])
    await exporting.work()
    user_id = await pool.fetchval("SELECT user_id FROM exports WHERE id = $1", made)
    file = await exports.part_from(pool, user_id, made, 0)
    await pool.execute("UPDATE exports SET expires_at = now() - interval '5 hours 59 minutes'")
    assert not await purge(pool)
    assert await exports.part_from(pool, user_id, made, 1) == file[1:]
    await pool.execute("UPDATE exports SET expires_at = now() - interval '6 hours'")
    assert await purge(pool)
    assert await exports.part_from(pool, user_id, made, 1) == b""


async def test_files_are_kept_for_the_given_days(exporting: Exporting) -> None:
    await exporting.create("mentions")
    rules = FileRules(kept_for=timedelta(days=3))
    while await take_turn(exporting.world.pool, export_table_of, rules=rules):
        pass
    kept = await exporting.world.pool.fetchval("SELECT expires_at - finished_at FROM exports")
    assert kept == timedelta(days=3)


async def test_an_export_whose_file_would_become_too_large_fails_with_the_limit(exporting: Exporting) -> None:
    pool, rules = exporting.world.pool, FileRules(most_mb=1)
    made = (await exporting.create("mentions"))["export"]["id"]
    assert await take_turn(pool, export_table_of, rows_per_turn=1, rules=rules) == "done"
    assert (await exporting.show(made))["status"] == "RUNNING"
    await pool.execute("UPDATE exports SET size_bytes = 999990")
    assert await take_turn(pool, export_table_of, rows_per_turn=1, rules=rules) == "done"
    shown = await exporting.show(made)
    said = "The file would exceed 1 MB, the limit of this server. Narrow the filter, or select fewer fields."
    assert (shown["status"], shown["error"], shown["url"]) == ("FAILED", said, None)
    assert await take_turn(pool, export_table_of, rules=rules) is None
    assert await purge(pool)
    assert await exporting.world.rows("export_parts") == []


async def test_a_large_file_is_deleted_in_batches(exporting: Exporting) -> None:
    pool = exporting.world.pool
    made = row_id((await exporting.create("mentions"))["export"]["id"])
    await exporting.work()
    await pool.execute(
        "INSERT INTO export_parts (export_id, starts_at, data) SELECT $1, 10000 + n, 'x' FROM generate_series(1, 450) AS n",
        made,
    )
    await pool.execute("UPDATE exports SET expires_at = now() - interval '6 hours'")
    left = []
    while await purge(pool):
        left.append(await pool.fetchval("SELECT count(*) FROM export_parts"))
    assert left == [252, 52, 0]


async def test_exports_are_deleted_with_their_user(exporting: Exporting) -> None:
    for name in ("ann", "ben"):
        await exporting.create("mentions", viewer=name)
    await exporting.work()
    await exporting.world.pool.execute("DELETE FROM users WHERE id = $1", exporting.world.users["ann"])
    assert {row["user_id"] for row in await exporting.world.rows("exports")} == {exporting.world.users["ben"]}
    assert len(await exporting.world.rows("export_parts")) == 2
    with pytest.raises(Exception, match="parents of a row of exports"):
        await exporting.world.pool.execute("UPDATE exports SET user_id = $1", exporting.world.users["olga"])


# Failures


async def test_an_export_fails_after_five_internal_errors(
    exporting: Exporting, caplog: pytest.LogCaptureFixture
) -> None:
    pool = exporting.world.pool
    broken, whole = [(await exporting.create("mentions"))["export"]["id"] for _ in range(2)]
    await pool.execute("UPDATE exports SET question = '{}' WHERE id = $1", row_id(broken))
    waits = []
    for _ in range(5):
        assert await exporting.work(turns=1) == 1
        wait = await pool.fetchval("SELECT due_at - now() FROM exports WHERE id = $1", row_id(broken))
        waits.append(round(wait.total_seconds()))
        assert await exporting.work() == (2 if len(waits) == 1 else 0)  # other exports continue
        await pool.execute("UPDATE exports SET due_at = now() WHERE id = $1", row_id(broken))
    assert waits == [1, 2, 4, 8, 16]
    shown = await exporting.show(broken)
    said = f"An internal error occurred. It was logged as export {row_id(broken)}."
    assert (shown["status"], shown["error"], shown["url"]) == ("FAILED", said, None)
    assert "KeyError" in caplog.text
    assert (await exporting.show(whole))["status"] == "SUCCEEDED"
    assert await exporting.work() == 0


async def test_an_export_that_exceeds_the_time_limit_is_retried_without_a_total(
    exporting: Exporting, database_url: str
) -> None:
    made = (await exporting.create("mentions"))["export"]["id"]
    hasty = await open_pool(database_url, size=1, statement_timeout_seconds=0.3)
    try:
        async with exporting.world.pool.acquire() as other, other.transaction():
            await other.execute("LOCK TABLE mentions IN ACCESS EXCLUSIVE MODE")
            assert await take_turn(hasty, export_table_of)
            assert not await take_turn(hasty, export_table_of)  # the export is not due yet
        await exporting.world.pool.execute("UPDATE exports SET due_at = now()")
        assert await take_turn(hasty, export_table_of)
    finally:
        await hasty.close()
    shown = await exporting.show(made)
    assert (shown["status"], shown["rowsCount"], shown["rowsTotal"]) == ("SUCCEEDED", 12, None)


async def test_an_export_that_always_exceeds_the_time_limit_fails_with_a_message(
    exporting: Exporting, database_url: str
) -> None:
    made = (await exporting.create("mentions"))["export"]["id"]
    hasty = await open_pool(database_url, size=1, statement_timeout_seconds=0.2)
    try:
        async with exporting.world.pool.acquire() as other, other.transaction():
            await other.execute("LOCK TABLE mentions IN ACCESS EXCLUSIVE MODE")
            for _ in range(5):
                assert await take_turn(hasty, export_table_of)
                await exporting.world.pool.execute("UPDATE exports SET due_at = now()")
    finally:
        await hasty.close()
    said = "The query exceeded the time limit. Narrow the filter, or use the order NEWEST or OLDEST."
    assert (await exporting.show(made))["error"] == said


# Statements


async def test_operations_on_exports_take_a_fixed_number_of_statements(exporting: Exporting) -> None:
    create = await exporting.ask(CREATE + WHOLE, input={"list": {"mentions": {}}})
    assert create.statements == ["hold_user", "unfinished_exports", "exports insert", "tell_workers"]
    id_ = create.data["createExport"]["export"]["id"]
    assert (await exporting.ask(SHOW + WHOLE, id=id_)).statements == ["exports by id"]
    listed = await exporting.ask("{ exports { totalCount nodes { id url } } }")
    assert listed.statements == ["exports page"]
    filtered = await exporting.ask(
        '{ exports(filter: {status: {eq: QUEUED}, entity: {eq: MENTIONS}, createdAt: {gt: "2026-01-01T00:00:00Z"}}, orderBy: OLDEST) { nodes { id } } }'
    )
    assert (filtered.statements, len(filtered.data["exports"]["nodes"])) == (["exports page"], 1)
    cancel = await exporting.ask(CANCEL + WHOLE, input={"id": id_})
    assert cancel.statements == ["cancel_export", "hold_user"]
    again = await exporting.ask(CANCEL + WHOLE, input={"id": id_})
    assert again.statements == ["cancel_export", "hold_user", "exports read id"]


def test_an_export_reads_only_the_exported_columns() -> None:
    names = ["id", "mention.url"]
    sheet = export_table_of(ExportEntity.LEADS, names)
    shape = sheet.projection.shape(models.Lead, "created_at", "id")
    assert shape.columns == ("id", "created_at")
    (join,) = shape.joins
    assert join.shape.columns == ("id", "url")


@pytest.mark.parametrize(("format_", "name"), [("CSV", "mentions.csv"), ("JSON_LINES", "mentions.jsonl")])
async def test_an_export_of_mentions_imported_again_creates_nothing(
    exporting: Exporting, tmp_path: Path, format_: str, name: str
) -> None:
    world = exporting.world
    paused = await world.add_keyword("ann", "crm", status="paused")
    await world.add_mention(paused, platform="x", external_id="-5", content="=api", title=None)
    file = tmp_path / name
    file.write_text(await exporting.text("mentions", format=format_))
    for user in ("ann", "ben"):
        await world.add_keyword(user, "api")  # found in the text of a mention that has another keyword

    async def imported(email: str) -> tuple[int, int, int, int]:
        matcher = await find_matcher(world.pool, email)
        assert matcher is not None
        with open_posts(file, Platform.HACKERNEWS, ImportOptions(read_id=read_global_id)) as posts:
            summary = await import_posts(world.pool, matcher, posts)
        return summary.read, summary.duplicates, summary.created, summary.rejected

    stored = await world.contents()
    all_mentions = len(await world.rows("mentions", "ann"))
    assert await imported("ann@example.com") == (all_mentions, all_mentions, 0, 0)
    assert await world.contents() == stored
    assert await imported("ben@example.com") == (all_mentions, 0, 1, 0)
    assert await imported("ben@example.com") == (all_mentions, 1, 0, 0)
    (found,) = [row for row in await world.rows("mentions", "ben") if row["platform"] == "x"]
    assert (found["external_id"], found["content"]) == ("-5", "=api")
